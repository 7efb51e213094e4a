"""Values from the environment: read by kind, held within bounds, and refused without being repeated."""

import ipaddress
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

HIGHEST = 1_000_000_000
HIGHEST_PORT = 65_535
# What a number may be at least; where none stands here, it is 0.
LOWEST = {
    "PORT": 1,
    "REQUEST_SECONDS": 0.1,
    "DATABASE_THREADS": 1,
    "DATABASE_QUEUE": 1,
    "DATABASE_STATEMENT_TIMEOUT": 1,
    "COMPUTING_PROCESSES": 1,
    "PROVIDER_DEADLINE_SECONDS": 0.1,
    "SYNC_INTERVAL_MINUTES": 1,
    "WORKER_CONCURRENCY": 1,
    "METRICS_SAMPLE_SECONDS": 0.1,
}
HIGHEST_OF = {"PORT": HIGHEST_PORT, "SMTP_PORT": HIGHEST_PORT, "DELETION_GRACE_DAYS": 30}
SCHEMES = {"database": ("postgresql", "postgres"), "cache": ("redis", "rediss", "unix")}
EXAMPLES = {
    "database": "postgresql://dashtam:PASSWORD@127.0.0.1:5432/dashtam",
    "cache": "redis://:PASSWORD@127.0.0.1:6379/0",
}


class Environment(environ.Env):
    """The environment, whose numbers are numbers."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        """The value by its kind. Raises ImproperlyConfigured for a number that is none, or out of bounds."""
        kind = self.scheme[var][0]
        if kind not in (int, float):
            return super().get_value(var, *args, **options)
        lowest, highest = LOWEST.get(var, 0), HIGHEST_OF.get(var, HIGHEST)
        try:
            value = super().get_value(var, *args, **options)
        except ValueError:
            word = "a whole number" if kind is int else "a number"
            raise ImproperlyConfigured(f"{var} must be {word}.") from None
        if not lowest <= value <= highest:
            bounds = f"from {lowest} to {highest}" if var in HIGHEST_OF else f"at least {lowest}"
            raise ImproperlyConfigured(f"{var} must be {bounds}.")
        return value


def require_server(name: str, url: str, kind: str) -> None:
    """Raises ImproperlyConfigured for what is no URL of a database or a cache; an empty one is none yet."""
    split = _split(url)
    if url and (split is None or split.fragment or split.scheme not in SCHEMES[kind]):
        raise ImproperlyConfigured(
            f"{name} is no address such as {EXAMPLES[kind]}. In a password, write what is neither a letter nor a digit"
            " percent-encoded: # is %23, / is %2F."
        )


def require_public_url(url: str) -> None:
    """Raises ImproperlyConfigured for what no link can begin with."""
    split = _split(url)
    if split is None or split.scheme not in ("http", "https") or not split.hostname:
        raise ImproperlyConfigured(
            "PUBLIC_URL is no address like https://dashtam.example.org: set it to the one at which people reach you."
        )


def networks(name: str, values: list[str]) -> list[str]:
    """The same networks. Raises ImproperlyConfigured for one that is none."""
    for place, value in enumerate(values, 1):
        try:
            ipaddress.ip_network(value.strip(), strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: entry {place} is neither an address nor a network such as 10.8.0.0/16."
            ) from None
    return values


def _split(url: str) -> SplitResult | None:
    """The parts, or None where the URL has none that can be told, such as a port that is no number."""
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError:
        return None
    return split
