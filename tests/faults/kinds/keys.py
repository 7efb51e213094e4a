"""Faults of keys: rotated under traffic with the command killed half-way, and wrong ones."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg

from dashtam.crypto import keys
from dashtam.installation.demo.processes import ROOT
from tests.faults.rows import ANEW, GONE, fault
from tests.faults.world import World
from tests.stack import WORKER, free_port

HELD = b"SELECT 1 FROM providers_providertoken FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
RINGS = ("ENCRYPTION_KEYS", "JWT_KEYS")
STARTS_WITHIN = 60.0
COMMAND = "rotate_encryption_keys"


@fault(
    "keys-rotated",
    "keys rotated while tokens are refreshed, the command killed half-way and run again: all opens, all stay in",
    answers=GONE,
    well_within=ANEW,
)
def keys_rotated(world: World) -> Iterator[None]:
    stack = world.stack
    new = {name: keys.generated()[name] for name in RINGS}
    old = {name: stack.environment.get(name, os.environ[name]) for name in RINGS}
    _restart_with(world, {name: f"{new[name]},{old[name]}" for name in RINGS})
    _kill_half_way(world)
    world.expire_access()
    run = world.ask_for_a_sync()
    told = stack.manage(COMMAND).stdout
    ended = world.ended(run, within=30)
    world.expect(ended.get("state") == "succeeded", f"meanwhile the sync ended {ended.get('state')}")
    world.expect("Everything is sealed with the first key." in told, told[-300:])
    # Access tokens of before are still about, so the old key that signed them stays a while.
    _restart_with(world, {"ENCRYPTION_KEYS": new["ENCRYPTION_KEYS"]})
    world.expire_access()
    world.expect_daily_life()
    yield


def _restart_with(world: World, rings: dict[str, str]) -> None:
    """Web and worker, with these keys from now on."""
    world.stack.environment |= rings
    world.stack.end("worker")
    world.restart_web()
    world.stack.start_worker()


def _kill_half_way(world: World) -> None:
    """The command waits for a row that we hold, is killed there, and leaves some envelopes old and some new."""
    stack = world.stack
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as owner:
        owner.execute(HELD)
        rotating = subprocess.Popen(
            [sys.executable, "manage.py", COMMAND],
            cwd=ROOT,
            env={**os.environ, **stack.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.wait_for(
            lambda: world.count(WAITING) or rotating.poll() is not None, "the command to be half-way"
        )
        rotating.send_signal(signal.SIGKILL)
        world.expect(rotating.wait(10) == -signal.SIGKILL, "the command had ended before it was killed")
        owner.rollback()


@fault(
    "keys-wrong",
    "web and worker started with keys that are not this installation's: neither starts, and says why",
)
def keys_wrong(world: World) -> Iterator[None]:
    stack, logs = world.stack, world.stack.home / "logs"
    ring = stack.environment.get("ENCRYPTION_KEYS", os.environ["ENCRYPTION_KEYS"])
    known, other = ring.partition(":")[0], keys.generated()
    wrong = {
        "wrong-web": ("ENCRYPTION_KEYS", f"{known}:{other['ENCRYPTION_KEYS'].partition(':')[2]}"),
        "wrong-worker": ("SECRET_KEY", other["SECRET_KEY"]),
    }
    stack.processes.environment = {**stack.environment, **dict([wrong["wrong-web"]])}
    stack.start_web("wrong-web", free_port())
    stack.processes.environment = stack.environment
    stack.start_worker("wrong-worker", command=WORKER, environment=dict([wrong["wrong-worker"]]))
    for name, (setting, value) in wrong.items():
        process = stack.processes.running.pop(name)
        try:
            status = process.wait(STARTS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            status = 0
        log = (logs / f"{name}.log").read_text()
        world.expect(status != 0, f"{name} runs with a wrong {setting}")
        world.expect(setting in log, f"{name} does not say that {setting} is wrong")
        world.expect(value.rpartition(":")[2] not in log, f"{name} writes {setting} into its log")
    yield
