"""Faults of what an institution answers: errors, requests to wait, malformed data, answers that break off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import redis

from tests.faults.kinds.institutions import ASKED, DEADLINE, ENOUGH
from tests.faults.rows import ANEW, fault, hold
from tests.faults.world import World

FLAKY = ("status_500", "status_502", "status_503", "drop", "truncated")
WAIT_SECONDS = 6
ABSURD = "9" * 40
LONGEST_PAUSE = 3600
EVERY = 1_000  # calls, until the bank is told to be calm
HARMLESS = ("drop", "empty", "garbage")  # answers to a refresh that the institution has not carried out
ROWS = "SELECT count(*) FROM providers_transaction"
NAMED = "SELECT count(*) FROM providers_syncrun WHERE provider_request_id <> ''"
# What of an answer is replaced by what. The first row of each page, or the page itself.
AMOUNT, ADDED = r'"amount":\s*"[^"]*"', r'"added":\s*\[(\{[^{}]*\})'
MALFORMED = {
    "NaN": (AMOUNT, '"amount": NaN'),
    "a number that is too large": (AMOUNT, '"amount": "1' + "0" * 400 + '"'),
    "a number with an exponent": (AMOUNT, '"amount": 1e400'),
    "a list for a name": (r'"description":\s*"[^"]*"', '"description": []'),
    "a page number below zero": (r'"has_more":\s*false', '"has_more": -1'),
    "no cursor": (r'"next_cursor":\s*"[^"]*"', '"a_cursor": "none"'),
}


@fault(
    "provider-flaky",
    "the institution answers with 500, 502, 503, nothing or half, twice each, then well: reads go through in one sync",
)
def provider_flaky(world: World) -> Iterator[None]:
    for mode in FLAKY:
        calls = world.calls("accounts")
        world.fault("accounts", mode, ENOUGH - 1)
        ended = world.ended(world.ask_for_a_sync(), within=DEADLINE)
        world.expect(ended.get("state") == "succeeded", f"after {mode} the sync ended {ended.get('state')}")
        world.expect(world.calls("accounts") - calls == ENOUGH, f"{mode} was not repeated {ENOUGH - 1} times")
    world.fault("accounts", "html")
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    world.expire_access()
    world.fault("token", "status_503")
    calls = world.token_calls()
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
    world.expect(world.token_calls() - calls == 1, "a refresh was sent twice")
    yield


@fault(
    "provider-nameless", "the institution's name is not known to the DNS, and then is again", well_within=ANEW
)
def provider_nameless(world: World) -> Iterator[None]:
    world.restart_worker(SANDBOX_URL="http://bank.invalid")
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=2 * DEADLINE)
    world.restart_worker()
    yield


@fault(
    "provider-limits",
    "the institution answers 429 with seconds, a date, and nonsense: it is left alone for so long, and an hour at most",
    well_within=ANEW,
)
def provider_limits(world: World) -> Iterator[None]:
    for said in ("seconds", "date"):
        then = datetime.now(UTC) + timedelta(seconds=WAIT_SECONDS)
        words = str(WAIT_SECONDS) if said == "seconds" else format_datetime(then, usegmt=True)
        world.fault("accounts", "status_429", retry_after=words)
        world.expect_failed(world.ask_for_a_sync(), "rate_limited", within=DEADLINE)
        calls = world.calls("accounts")
        run = world.ended(world.ask_for_a_sync(), within=DEADLINE)
        if datetime.now(UTC) < then:  # a slow machine may have waited long enough
            world.expect(run.get("state") == "failed", f"within the {said} a sync ended {run.get('state')}")
            world.expect(world.calls("accounts") == calls, f"it was called within the {said} it asked for")
        hold(WAIT_SECONDS)
        run = world.ended(world.ask_for_a_sync(), within=DEADLINE)
        world.expect(run.get("state") == "succeeded", f"after the {said} a sync ended {run.get('state')}")
    world.fault("accounts", "status_429", retry_after=ABSURD)
    world.expect_failed(world.ask_for_a_sync(), "rate_limited", within=DEADLINE)
    _forget_pauses(world)
    yield


def _forget_pauses(world: World) -> None:
    """See how long the pause is, and end it, in the cache and in the worker that remembers it too."""
    with redis.Redis(port=world.valkey.port) as client:
        pauses = {key: client.ttl(key) for key in client.scan_iter("*:pause:*")}
        world.expect(bool(pauses), "no pause was kept for the other processes")
        world.expect(
            all(0 < left <= LONGEST_PAUSE for left in pauses.values()), f"pauses of {pauses.values()} s"
        )
        client.delete(*pauses)
    world.restart_worker()


@fault(
    "provider-malformed",
    "the institution sends what no contract allows: a page is refused whole, nothing of it stays, the next sync heals",
)
def provider_malformed(world: World) -> Iterator[None]:
    bank, rows = world.stack.bank, world.count(ROWS)
    bank.control("advance", {"days": 3})  # so that there is something to read
    for what, (pattern, by) in MALFORMED.items():
        world.fault("transactions", "edited", EVERY, pattern=pattern, by=by)
        world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
        bank.control("calm", {})
        world.expect(world.count(ROWS) == rows, f"with {what}, {world.count(ROWS) - rows} rows stayed")
    named = world.count(NAMED)
    world.fault("accounts", "edited", pattern=r'"kind":\s*"[^"]*"', by='"kind": 7')
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    world.expect(world.count(NAMED) == named + 1, "the error does not name the institution's request")
    _twice_and_with_nul(world)
    yield


def _twice_and_with_nul(world: World) -> None:
    """The same row twice, and a NUL, which PostgreSQL stores nowhere: the books tell afterwards if all is there."""
    world.fault("transactions", "edited", 2, pattern=ADDED, by=r'"added": [\1, \1')
    world.fault("transactions", "edited", 2, pattern=r'"description":\s*"', by=r'"description": "\\u0000')
    world.ended(world.ask_for_a_sync(), within=DEADLINE)
    world.stack.bank.control("calm", {})


@fault(
    "provider-token-cut",
    "the answer to a refresh is missing, empty, nonsense, then half: the old token is tried, and one mail asks",
)
def provider_token_cut(world: World) -> Iterator[None]:
    calls, mails = world.token_calls(), world.count(ASKED)
    for mode in HARMLESS:
        world.expire_access()
        world.fault("token", mode)
        world.expect_failed(
            world.ask_for_a_sync(), "provider_unavailable", "provider_unreadable", within=DEADLINE
        )
        run = world.ended(world.ask_for_a_sync(), within=DEADLINE)
        world.expect(
            run.get("state") == "succeeded", f"after {mode} the old token ended {run.get('error_code')}"
        )
    world.expect(
        world.token_calls() - calls == 2 * len(HARMLESS), f"{world.token_calls() - calls} calls for tokens"
    )
    world.expect(world.count(ASKED) == mails, "a mail asks for a consent that has not ended")
    world.expire_access()
    world.fault("token", "truncated")
    calls = world.token_calls()
    for _ in range(ENOUGH):
        world.ended(world.ask_for_a_sync(), within=DEADLINE)
    world.expect(world.state() == ("reauth_required", "outcome_unknown"), f"it is {world.state()}")
    world.expect(world.token_calls() - calls == 2, f"{world.token_calls() - calls} calls, not two")
    world.expect(world.count(ASKED) - mails == 1, f"{world.count(ASKED) - mails} mails ask for a consent")
    world.stack.connect(world.email, world.token)
    yield
