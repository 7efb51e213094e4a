"""Further institutions of the demo: the simulator speaks for each, and its customer has what is needed to connect."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx

CUSTOMER = {"customer": "ana", "decision": "approve"}


@dataclass(frozen=True, slots=True)
class Vendor:
    """One institution: the setting that leads to the simulator, and the customer's credentials there."""

    setting: str
    path: str
    credentials: Callable[[str], Mapping[str, str]]


def _copied(url: str, *names: str) -> dict[str, str]:
    """The values that the simulator shows its customer, under these names."""
    page = httpx.post(url, data=CUSTOMER, timeout=30, trust_env=False)
    values = re.findall(r"<dd><code>([^<]+)</code></dd>", page.text)
    return dict(zip(names, map(html.unescape, values), strict=True))


VENDORS = {
    "simplefin": Vendor("SIMPLEFIN_URL", "/simplefin", lambda url: _copied(f"{url}/create", "token")),
    "ibkr": Vendor("IBKR_URL", "/ibkr", lambda url: _copied(f"{url}/portal", "token", "query")),
}


def settings_of(names: list[str], bank_url: str) -> dict[str, str]:
    """The environment that leads Dashtam to the simulator for each of these."""
    return {VENDORS[name].setting: f"{bank_url}{VENDORS[name].path}" for name in names}


def credentials_of(names: list[str], bank_url: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each of these with the customer's credentials, made when it is its turn."""
    for name in names:
        yield name, VENDORS[name].credentials(f"{bank_url}{VENDORS[name].path}")
