"""Faults of the institution: away, silent, slow, and with more than anybody can hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from dashtam.installation.demo.vendors import answers_of
from providers.simulator.process import SandboxBank
from tests.faults.rows import ANEW, GONE, fault, hold
from tests.faults.world import World

ENOUGH = 3  # a GET is tried three times
FAILURES = 5  # in a row, after which an institution is left alone
REST_SECONDS = 20
DEADLINE = 10.0  # for a whole exchange with all its retries, and a run that ends by it
ASKED = "SELECT count(*) FROM notifications_email WHERE kind = 'connection_needs_attention'"


@fault("provider-refused", "the institution refuses connections in the middle of a sync, and comes back")
def provider_refused(world: World) -> Iterator[None]:
    world.stack.bank.stop()
    try:
        world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
        yield
    finally:
        world.bank_returns()


@fault("provider-hangs", "the institution takes calls and never answers")
def provider_hangs(world: World) -> Iterator[None]:
    world.fault("accounts", "hang", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
    yield


@fault("provider-dribbles", "the institution answers a byte at a time")
def provider_dribbles(world: World) -> Iterator[None]:
    world.fault("transactions", "dribble", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=ENOUGH * DEADLINE)
    yield


@fault("provider-garbage", "the institution answers with bytes that mean nothing")
def provider_garbage(world: World) -> Iterator[None]:
    world.fault("transactions", "garbage", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault("provider-huge", "the institution answers with 64 MB")
def provider_huge(world: World) -> Iterator[None]:
    world.fault("transactions", "huge", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault("provider-gzip-bomb", "the institution answers with 64 KB that would unpack to 64 MB")
def provider_gzip_bomb(world: World) -> Iterator[None]:
    world.fault("transactions", "gzip_bomb", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault(
    "provider-reply-lost",
    "the institution rotated the token and its answer was lost: one mail asks for one new consent",
)
def provider_reply_lost(world: World) -> Iterator[None]:
    world.expire_access()
    world.fault("token", "drop_after")
    calls, mails = world.token_calls(), world.count(ASKED)
    world.ended(world.ask_for_a_sync(), within=DEADLINE)
    world.ended(world.ask_for_a_sync(), within=DEADLINE)  # tries the old token once more: there is no other
    world.expect(world.state() == ("reauth_required", "outcome_unknown"), f"it is {world.state()}")
    hold()
    world.expect(world.token_calls() - calls <= ENOUGH, "the old token is tried over and over")
    world.expect(world.count(ASKED) - mails == 1, f"{world.count(ASKED) - mails} mails ask for a consent")
    world.stack.connect(world.email, world.token)
    yield


@fault(
    "provider-rests",
    f"the institution fails in {FAILURES} syncs in a row: then it is left alone for a while, and another one is not",
    answers=GONE,
    well_within=ANEW,
)
def provider_rests(world: World) -> Iterator[None]:
    with _another_institution(world) as (token, connection):
        world.fault("accounts", "status_500", FAILURES * ENOUGH + 1)
        for _ in range(FAILURES):
            world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
        calls = world.calls("accounts")
        world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
        world.expect(world.calls("accounts") == calls, "it was called while it was to rest")
        with world.stack.api(token) as api:
            asked = api.post(f"connections/{connection}/syncs")
            world.stack.synced(token)
            run = api.get(f"connections/{connection}/syncs").json()["results"][0]
        world.expect(asked.is_success, f"another institution's sync was answered {asked.status_code}")
        world.expect(run["state"] == "succeeded", f"another institution's sync ended {run['state']}")
        world.stack.bank.control("calm", {})
    yield


@contextmanager
def _another_institution(world: World) -> Iterator[tuple[str, str]]:
    """A person with a connection to an institution of their own: their access token, and the connection's id."""
    stack = world.stack
    with SandboxBank.start(redirect_uri=f"{stack.origin}/nowhere") as bank:
        where = {"SIMPLEFIN_URL": f"{bank.url}/simplefin"}
        world.restart_web(**where)
        world.restart_worker(**where, PROVIDER_REST_SECONDS=str(REST_SECONDS))
        _, token = stack.sign_up("Dee")
        ((_, (answers,)),) = answers_of(["simplefin"], bank.url)
        with stack.api(token) as api:
            api.post("connections", json={"provider": "simplefin", "credentials": answers})
            connection = str(stack.synced(token)["id"])
            yield token, connection
            api.delete(f"connections/{connection}")
    world.restart_web()
    world.restart_worker()
