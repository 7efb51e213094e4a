"""The busiest hour of an installation, simulated: how long work waits in each lane, and how many processes that takes.

Schedules come from the facts of the connectors, service times from measurements (docs/performance.md), habits of people
are assumptions. A seed makes it the same each time. `make hour` prints the table of docs/scale.md.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

HOUR, TICK = 3600, 60  # seconds; the schedule looks once a minute
PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
MOST = 20_000  # jobs of a lane that are simulated; of more, as long a part of the hour as has so many

# Assumed: of each hundred connections so many are at, and a sync calls so often.
CONNECTIONS = 2  # of each person
SHARE = {"plaid": 45, "enable-banking": 35, "simplefin": 10, "snaptrade": 6, "ibkr": 4}
CALLS = {"plaid": 3, "enable-banking": 7, "simplefin": 1, "snaptrade": 5, "ibkr": 2}
ANSWER = (0.1, 1.0)  # seconds that an institution takes for a call
# Assumed of people, in the hour in which most are here.
HERE, PAGES, SIGNING_IN, BY_HAND, FILES = 0.08, 8, 0.05, 0.1, 0.01  # of all; of those who are here
MAILS = 1 / 24 / 30  # for each person: one a month
# Measured: seconds of a core.
SYNC_CPU, PAGE_CPU, HASH_CPU = 0.06, (0.01, 0.045), 0.3
FILE_SECONDS, MAIL_SECONDS = (0.5, 6.0), (0.1, 1.0)
BUSY = 0.6  # of a core, so that waits stay short
SYNCS, HAND, MAIL, FILE = 20, 8, 8, 2  # places of a worker's lanes


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done, by whom it takes a lock, and for how long."""

    at: float
    seconds: float
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A lane with as many places as it takes, and how long its jobs then wait. `at_once`: of one institution."""

    lane: str
    rate: float
    places: int
    at_once: int
    processes: int
    median: float
    p99: float


def simulated(jobs: Sequence[Job], places: int, at_once: int) -> list[float]:
    """Waits of all jobs in the order in which they begin: the first in line whose institution has a lock left."""
    waiting: dict[str, deque[Job]] = {}
    running: dict[str, int] = {}
    ends: list[tuple[float, str]] = []
    waits: list[float] = []
    coming = iter(jobs)
    job = next(coming, None)
    while job or ends:
        if job and (not ends or job.at <= ends[0][0]):
            now = job.at
            waiting.setdefault(job.institution, deque()).append(job)
            job = next(coming, None)
        else:
            now, ended = heapq.heappop(ends)
            running[ended] -= 1
        while len(ends) < places:
            free = [line for name, line in waiting.items() if line and running.get(name, 0) < at_once]
            if not free:
                break
            first = min(free, key=lambda line: line[0].at).popleft()
            running[first.institution] = running.get(first.institution, 0) + 1
            heapq.heappush(ends, (now + first.seconds, first.institution))
            waits.append(now - first.at)
    return waits


def scheduled(people: int, chosen: random.Random) -> list[Job]:
    """The syncs of the hour that come due by the connectors' own cadence, queued when the schedule looks next."""
    jobs = []
    for provider, share in SHARE.items():
        due = people * CONNECTIONS * share / 100 * HOUR / every(provider).total_seconds()
        for _ in range(round(due)):
            at = math.ceil(chosen.uniform(0, HOUR) / TICK) * TICK
            jobs.append(Job(at, called(provider, chosen), provider))
    return sorted(jobs, key=lambda job: job.at)


def every(provider: str) -> timedelta:
    """The time between two syncs, as the schedule has it; within the institution's quotas, or it is an error."""
    from django.conf import settings

    from providers.connections.models.call_count import reserve
    from providers.connectors import CONNECTORS

    facts = CONNECTORS[provider].facts
    found = max(timedelta(minutes=settings.SYNC_INTERVAL_MINUTES), facts.cadence or timedelta(0))
    for quota in facts.quotas:
        calls = 1 if quota.of == "account" else CALLS[provider]
        if calls * max(1, quota.per / found) > quota.calls - reserve(quota):
            raise ValueError(f"{provider}: more calls than its quota leaves to the schedule")
    return found


def called(provider: str, chosen: random.Random) -> float:
    """Seconds that a sync takes."""
    return SYNC_CPU + sum(chosen.uniform(*ANSWER) for _ in range(CALLS[provider]))


def asked(rate: float, chosen: random.Random, seconds: Callable[[], tuple[float, str]]) -> list[Job]:
    """Jobs that people cause: each comes when it comes."""
    jobs: list[Job] = []
    at = chosen.expovariate(rate)
    while at < HOUR and len(jobs) < MOST:
        jobs.append(Job(at, *seconds()))
        at += chosen.expovariate(rate)
    return jobs


def lanes(people: int) -> Iterator[Found]:
    """Each lane of that many people."""
    chosen = random.Random(people)  # noqa: S311 the same numbers each time
    due = scheduled(people, chosen)
    yield sized("syncs", due, SYNCS, at_once=7, goal=TICK, most=math.ceil(BUSY / SYNC_CPU))
    providers, weights = list(SHARE), list(SHARE.values())

    def by_hand() -> tuple[float, str]:
        (provider,) = chosen.choices(providers, weights)
        return called(provider, chosen), provider

    def one(seconds: tuple[float, float]) -> Callable[[], tuple[float, str]]:
        return lambda: (chosen.uniform(*seconds), "")

    here = people * HERE / HOUR
    yield sized("syncs by hand", asked(here * BY_HAND, chosen, by_hand), HAND, at_once=3, goal=5)
    yield sized("mail", asked(people * MAILS / HOUR, chosen, one(MAIL_SECONDS)), MAIL, goal=5)
    yield sized("files", asked(here * FILES, chosen, one(FILE_SECONDS)), FILE, goal=30)
    yield sized("pages", asked(here * PAGES, chosen, one(PAGE_CPU)), 1, goal=0.25, busy=BUSY)
    hashes = asked(here * SIGNING_IN, chosen, one((HASH_CPU, HASH_CPU)))
    yield sized("sign-ins", hashes, 1, goal=1, busy=BUSY)


def sized(
    lane: str,
    jobs: Sequence[Job],
    of_each: int,
    *,
    goal: float,
    at_once: int = 0,
    busy: float = 0.9,
    most: float = math.inf,
) -> Found:
    """The fewest processes with which 99 of 100 jobs begin within the goal; `most` jobs a second for each of them."""
    span = max(jobs[-1].at, 1) if len(jobs) == MOST else HOUR
    rate, load = len(jobs) / span, sum(job.seconds for job in jobs) / span
    by_institution: dict[str, float] = {}
    for job in jobs:
        by_institution[job.institution] = by_institution.get(job.institution, 0) + job.seconds / span
    processes = max(1, math.ceil(load / of_each / busy), math.ceil(rate / most))
    locks = max(at_once, math.ceil(max(by_institution.values(), default=0) / busy))
    while True:
        waits = sorted(simulated(jobs, processes * of_each, locks if at_once else len(jobs)))
        p99 = waits[len(waits) * 99 // 100] if waits else 0.0
        if p99 <= goal:
            return Found(
                lane,
                rate,
                processes * of_each,
                locks if at_once else 0,
                processes,
                waits[len(waits) // 2] if waits else 0.0,
                p99,
            )
        locks += math.ceil(locks / 10)
        if not at_once or processes * of_each < locks:
            processes += math.ceil(processes / 10)


def table(people: int) -> Iterator[str]:
    """The lanes of that many people, a line each."""
    for found in lanes(people):
        figures = (f"{found.rate:.3f}", found.processes, found.places, found.at_once or "")
        waits = f"{found.median:.2f} | {found.p99:.2f}"
        yield f"| {people:,} | {found.lane} | {' | '.join(map(str, figures))} | {waits} |"


def main() -> None:
    """Print all of it."""
    print(
        "| people | lane | a second | processes | places | of one institution | wait, median s | 99 of 100 s |"
    )
    print("|--:|---|--:|--:|--:|--:|--:|--:|")
    for people in PEOPLE:
        print("\n".join(table(people)), flush=True)


if __name__ == "__main__":
    import django

    django.setup()
    main()
