"""Faults of renewing access: many at once, killed with the answer on its way, the database in conflict with itself."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg

from tests.faults.kinds.institutions import ASKED
from tests.faults.kinds.processes import LATER
from tests.faults.reader import is_problem
from tests.faults.rows import ANEW, fault, hold
from tests.faults.world import World

REFRESHERS, CALLERS = 8, 4
STALE = b"UPDATE providers_providertoken SET access_expires_at = now()"


@fault(
    "refreshes-at-once",
    f"{REFRESHERS} processes with {CALLERS} callers each want one stale token at the same moment: one call, all get it",
)
def refreshes_at_once(world: World) -> Iterator[None]:
    stack, sign = world.stack, world.stack.home / "sign"
    names = [f"refresher-{number}" for number in range(REFRESHERS)]
    for name in names:
        command = ("tests.faults.refresher", str(sign), world.connection, str(CALLERS))
        stack.processes.start(name, "-m", *command)
    told = {name: Path(stack.home / "logs" / f"{name}.log") for name in names}
    stack.wait_for(lambda: all("ready" in file.read_text() for file in told.values()), "the refreshers")
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"], autocommit=True) as database:
        database.execute(STALE)
    calls = world.token_calls()
    sign.touch()
    for name in names:
        stack.processes.running.pop(name).wait(60)
    sign.unlink()
    got = [word for file in told.values() for word in file.read_text().split("ready", 1)[1].split()]
    world.expect(
        len(got) == REFRESHERS * CALLERS and len(set(got)) == 1, f"{len(got)} callers got {set(got)}"
    )
    world.expect(world.token_calls() - calls == 1, f"{world.token_calls() - calls} calls for a token")
    yield


@fault(
    "worker-killed-answered",
    "the worker killed after the institution has rotated the token, while its answer arrives: one mail asks, no loop",
    well_within=ANEW,
)
def worker_killed_answered(world: World) -> Iterator[None]:
    world.expire_access()
    world.fault("token", "dribble")  # which works first, then answers slowly
    calls, mails = world.token_calls(), world.count(ASKED)
    world.ask_for_a_sync()
    world.stack.wait_for(lambda: world.token_calls() > calls, "the refresh")
    hold(1)
    world.kill("worker")
    world.stack.manage("shell", "-c", LATER)
    world.restart_worker()
    for _ in range(3):
        world.ended(world.ask_for_a_sync(), within=60)
    world.expect(world.state() == ("reauth_required", "outcome_unknown"), f"it is {world.state()}")
    world.expect(world.token_calls() - calls == 2, f"{world.token_calls() - calls} calls for a token, not 2")
    world.expect(world.count(ASKED) - mails == 1, f"{world.count(ASKED) - mails} mails ask for a consent")
    world.stack.connect(world.email, world.token)
    yield


# A change of a person's name ends in a conflict while there are some left, or waits for two locks one after the other.
CONFLICTS = """
CREATE SEQUENCE fault_conflicts;
CREATE FUNCTION fault_conflict() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.name = 'Deadlock' THEN
    PERFORM nextval('fault_conflicts');
    PERFORM pg_advisory_xact_lock(71);
    PERFORM pg_advisory_xact_lock(72);
  ELSIF nextval('fault_conflicts') <= NEW.name::int THEN
    RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fault_conflict BEFORE UPDATE OF name ON accounts_user FOR EACH ROW
  WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION fault_conflict();
"""
SETTLED = """
DROP TRIGGER fault_conflict ON accounts_user;
DROP FUNCTION fault_conflict;
DROP SEQUENCE fault_conflicts;
"""
ATTEMPTS = 3
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@fault(
    "postgres-conflicts",
    f"PostgreSQL reports conflicts and a deadlock: a change is tried {ATTEMPTS} times, then asked to come again",
)
def postgres_conflicts(world: World) -> Iterator[None]:
    with psycopg.connect(world.stack.environment["MIGRATION_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(CONFLICTS)
        try:
            with world.stack.api(world.token) as api:
                _expect_tried(world, owner, api)
                _expect_deadlock_survived(world, owner, api)
        finally:
            owner.execute(SETTLED)
    yield


def _expect_tried(world: World, owner: "psycopg.Connection[tuple[object, ...]]", api: httpx.Client) -> None:
    for conflicts, status in ((ATTEMPTS - 1, 200), (ATTEMPTS, 503)):
        owner.execute("ALTER SEQUENCE fault_conflicts RESTART")
        answer = api.patch("auth/me", json={"name": str(conflicts)})
        world.expect(
            answer.status_code == status, f"after {conflicts} conflicts the answer was {answer.status_code}"
        )
        world.expect(
            status == 200 or is_problem(answer), "a conflict that lasts is no problem with Retry-After"
        )
        tried = owner.execute("SELECT last_value FROM fault_conflicts").fetchone()
        world.expect(tried == (ATTEMPTS,), f"{conflicts} conflicts were tried {tried} times")


def _expect_deadlock_survived(
    world: World, owner: "psycopg.Connection[tuple[object, ...]]", api: httpx.Client
) -> None:
    """We take the locks in the other order, and wait later, so that PostgreSQL ends the transaction of the request."""
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(api.patch("auth/me", json={"name": "Deadlock"}).status_code)
    )
    owner.execute("ALTER SEQUENCE fault_conflicts RESTART")
    with contextlib.suppress(psycopg.errors.DeadlockDetected), owner.transaction():
        owner.execute("SELECT pg_advisory_xact_lock(72)")
        asking.start()
        world.stack.wait_for(lambda: (owner.execute(WAITING).fetchone() or (0,))[0], "the request to wait")
        owner.execute("SELECT pg_advisory_xact_lock(71)")
    asking.join(30)
    tried = owner.execute("SELECT last_value FROM fault_conflicts").fetchone()
    world.expect(answers == [200], f"a deadlock was answered {answers}")
    world.expect(tried == (2,), f"a deadlock was tried {tried} times")
