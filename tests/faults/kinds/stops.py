"""Faults of the worker in real time: asked to stop, killed, and out of memory in the middle of a sync."""

import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psutil

from tests.faults.kinds.institutions import ENOUGH
from tests.faults.kinds.processes import LATER
from tests.faults.rows import fault, hold
from tests.faults.world import World

PATIENT = {"PROVIDER_DEADLINE_SECONDS": "60"}  # the institution hangs for longer than anybody may wait
STOPPED_WITHIN = 20.0
TAKEN_OVER_WITHIN = 60.0
HANGING = 100
SPARE_BYTES = 4 * 1024 * 1024


def hanging_sync(world: World) -> str:
    """A sync that waits for its institution; returns the run's id."""
    world.restart_worker(**PATIENT)
    calls = world.calls("transactions")
    world.fault("transactions", "hang", HANGING)
    run = world.ask_for_a_sync()
    world.stack.wait_for(lambda: world.calls("transactions") > calls, "the sync to hang")
    return run


def let_go(world: World) -> None:
    """The institution forgets what hangs."""
    world.stack.bank.stop()
    world.bank_returns()


@fault(
    "worker-stopped",
    f"the worker asked to stop (SIGTERM) in a sync that hangs: it has ended within {STOPPED_WITHIN:.0f} seconds",
)
def worker_stopped(world: World) -> Iterator[None]:
    run = hanging_sync(world)
    try:
        took = world.stack.end("worker", within=120)
    except subprocess.TimeoutExpired:
        took = 120.0
    let_go(world)
    world.expect(took <= STOPPED_WITHIN, f"it took {took:.0f} s")
    ended = world.newest_run(run)
    code = ended.get("error_code")
    world.expect(code == "interrupted", f"the run says {code!r}, and not that it was interrupted")
    _give_up(world, ended)
    world.stack.start_worker()
    yield


@fault(
    "worker-killed-now",
    f"the worker killed in a sync, another one started: it takes over within {TAKEN_OVER_WITHIN:.0f} seconds",
)
def worker_killed_now(world: World) -> Iterator[None]:
    run = hanging_sync(world)
    world.kill("worker")
    let_go(world)
    world.stack.start_worker()
    _expect_taken_over(world, run)
    yield


@fault(
    "worker-without-memory",
    "the worker gets no more memory in the middle of a sync: it says so, and another one takes over",
)
def worker_without_memory(world: World) -> Iterator[None]:
    world.restart_worker()
    world.ended(world.ask_for_a_sync(), within=30)  # all that it needs at first is there
    worker = world.stack.processes.running["worker"]
    enough = psutil.Process(worker.pid).memory_info().vms + SPARE_BYTES
    resource.prlimit(worker.pid, resource.RLIMIT_AS, (enough, resource.RLIM_INFINITY))
    world.fault("transactions", "huge", ENOUGH)
    run, started = world.ask_for_a_sync(), time.monotonic()
    while worker.poll() is None and time.monotonic() < started + STOPPED_WITHIN:
        if world.newest_run(run).get("state", "queued") not in {"queued", "running"}:
            break
        hold(0.2)
    world.expect(worker.poll() != -signal.SIGSEGV, "it crashed")
    if worker.poll() is None:
        world.kill("worker")  # as the people do who watch it
    else:
        world.stack.processes.running.pop("worker")
    let_go(world)
    world.stack.start_worker()
    _expect_taken_over(world, run)
    yield


def _expect_taken_over(world: World, run: str) -> None:
    """The run has ended, as interrupted or whole, and the next one succeeds."""
    ended = world.ended(run, within=TAKEN_OVER_WITHIN)
    _give_up(world, ended)
    after = world.ended(world.ask_for_a_sync(), within=TAKEN_OVER_WITHIN)
    world.expect(after.get("state") == "succeeded", f"the next sync ended {after.get('state')}")


def _give_up(world: World, run: dict[str, Any]) -> None:
    """What still runs would be in the way of the other faults."""
    if run.get("state") in {"queued", "running"}:
        world.stack.manage("shell", "-c", LATER)
