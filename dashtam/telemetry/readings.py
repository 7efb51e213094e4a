"""Readings of this process's metrics: the numbers of a sample are differences between two of them."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dashtam.telemetry import metrics
from dashtam.telemetry.metric_files import Value, own_values
from dashtam.telemetry.sums import BOUNDS, Number, Numbers

PROBES = {"/healthz", "/healthz/installation", "/readyz", "/metrics"}
SIGN_IN_ROUTES = {"/api/v1/auth/tokens", "/sign-in"}
# A file that is sent here is read for a moment, whose length is a setting (IMPORT_MOMENT_SECONDS), before the answer.
FILE_ROUTES = {"/api/v1/imports", "/imports/new"}
ANSWERED = {"2xx", "3xx"}


def _is_quick(of: Mapping[str, str]) -> bool:
    """True for requests that are to be answered at once: no probes, and no files."""
    file = of["route"] in FILE_ROUTES and of["method"] == "POST"
    return of["route"] not in PROBES and not file


@dataclass(frozen=True, slots=True)
class Sum:
    """A number of a sample: these series of `/metrics`, added up; as a `spread`, bucket by bucket."""

    name: str
    series: str
    chosen: Callable[[Mapping[str, str]], bool] = lambda _: True
    spread: bool = False


SUMS = (
    Sum("requests", "request_seconds_bucket", _is_quick, spread=True),
    Sum(
        "other_requests",
        "request_seconds_bucket",
        lambda of: _is_quick(of) and of["route"] not in SIGN_IN_ROUTES,
        spread=True,
    ),
    Sum("sign_ins", "sign_in_seconds_bucket", lambda of: of["outcome"] == "accepted", spread=True),
    Sum("sign_in_failed", "sign_in_seconds_bucket", lambda of: of["outcome"] == "failed"),
    Sum("hash_refused", "hash_refused_total"),
    Sum("hash_busy", "hash_seconds_sum"),
    Sum("cpu_hashing", "cpu_seconds_total", lambda of: of["part"] == "hashing"),
    Sum("cpu_rest", "cpu_seconds_total", lambda of: of["part"] == "rest"),
    Sum("loop_lag", "loop_lag_seconds_bucket", spread=True),
    Sum("database_wait", "database_wait_seconds_bucket", spread=True),
    Sum("provider_ok", "provider_call_seconds_bucket", lambda of: of["outcome"] in ANSWERED),
    Sum("provider_failed", "provider_call_seconds_bucket", lambda of: of["outcome"] not in ANSWERED),
)


@dataclass(slots=True)
class _Part:
    """One number of this process, the sums it belongs to, its bucket, and its value at the last reading."""

    value: Value
    sums: list[Sum]
    bucket: int
    known: float = 0.0


class Readings:
    """Reads the metrics of this process again and again; made once, at the beginning of what is to be summed up."""

    def __init__(self) -> None:
        self.seen = 0
        self.parts: list[_Part] = []
        self.take()

    def take(self) -> Numbers:
        """How much each sum has grown since the last time; a sum that has not grown is left out."""
        self.parts.extend(self._new_parts())
        counts: dict[str, Number] = {}
        spreads: dict[str, list[int]] = {}
        for part in self.parts:
            now = part.value.get()
            if now == part.known:
                continue
            for each in part.sums:
                if each.spread:
                    spread = spreads.setdefault(each.name, [0] * (len(BOUNDS) + 1))
                    spread[part.bucket] += int(now - part.known)
                else:
                    counts[each.name] = counts.get(each.name, 0) + now - part.known
            part.known = now
        return {**counts, **spreads, "signing_in_peak": metrics.SIGNING_IN.take_peak()}

    def _new_parts(self) -> Iterator[_Part]:
        values = own_values(self.seen)
        self.seen += len(values)
        for value in values:
            name, labels = value.series
            sums = [each for each in SUMS if name == f"dashtam_{each.series}" and each.chosen(labels)]
            if sums:
                yield _Part(value, sums, bisect_left(BOUNDS, float(labels.get("le", "inf"))))
