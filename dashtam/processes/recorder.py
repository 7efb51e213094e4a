"""What a server process does beside its work: it feels its own pulse, and writes down how it went.

Two small tasks for each process: one measures how late the event loop is, the other sums up every few seconds
what has happened and keeps it in the database, for the operations page. With the database away the sums wait.
"""

import asyncio
import contextvars
import hashlib
import logging
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from dashtam.bridge.doors import database_context, database_threads, run_db
from dashtam.bridge.per_loop import PerLoop
from dashtam.errors import DashtamError
from dashtam.telemetry import metric_files, metrics
from dashtam.telemetry.samples import Sample

logger = logging.getLogger(__name__)

PULSE_SECONDS = 0.1
KEPT_IN_MEMORY = 60
TIDY_EVERY_SECONDS = 300.0
CAN_ASK = hasattr(os, "sched_getaffinity")
HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]

_running: PerLoop[list[asyncio.Task[None]]] = PerLoop(list)


def start(role: str) -> None:
    """Begin to watch this process, once."""
    running = _running.get()
    if running:
        return
    database_threads().start_watchdog(
        wait_seconds=settings.DATABASE_WAIT_SECONDS,
        work_seconds=settings.DATABASE_STATEMENT_TIMEOUT / 1000 + settings.DATABASE_WAIT_SECONDS,
    )
    try:
        metric_files.open_files(settings.METRICS_FOLDER, role)
    except OSError as error:
        logger.warning("Measurements of this process stay in its memory (%s).", type(error).__name__)
    running += [_task(_feel_the_pulse()), _task(Recorder(role).run())]


async def stop() -> None:
    """End what `start` began."""
    tasks = _running.pop() or []
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    # Whoever starts us may be a task of the worker: nothing of its context is ours.
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


async def _feel_the_pulse() -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(PULSE_SECONDS)
        metrics.loop_lag(max(0.0, time.perf_counter() - began - PULSE_SECONDS))


class Recorder:
    """Sums up what happens in this process and keeps the sums."""

    def __init__(self, role: str) -> None:
        self.process = f"{role}-{secrets.token_hex(6)}"
        self.unsaved: deque[Sample] = deque(maxlen=KEPT_IN_MEMORY)
        self.cpu = time.process_time()
        self.tidied = time.monotonic()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(settings.METRICS_SAMPLE_SECONDS)
            self.sum_up()
            try:
                async with asyncio.timeout(5), database_context():
                    await self.save()
            except (DatabaseError, TimeoutError, DashtamError) as error:
                logger.debug("Measurements wait for the database (%s).", type(error).__name__)

    def sum_up(self) -> None:
        """Close the span that is running and keep its numbers in memory."""
        used = time.process_time()
        numbers = metrics.span.take()
        rest = used - self.cpu - float(numbers.get("cpu_hashing", 0))  # type: ignore[arg-type]
        self.cpu = used
        metrics.CPU.labels("rest").inc(max(0.0, rest))
        numbers["cpu_rest"] = max(0.0, rest)
        numbers[f"cores_most_{HOST}"] = len(os.sched_getaffinity(0)) if CAN_ASK else os.cpu_count() or 1
        for level in (metrics.SIGNING_IN, metrics.HASHES_WAITING, metrics.DATABASE_BUSY, metrics.SOCKETS):
            metrics.span.peak(level.name, level.now)  # the next span begins where this one ended
        seconds = settings.METRICS_SAMPLE_SECONDS
        self.unsaved.append(Sample(at=timezone.now(), seconds=seconds, process=self.process, numbers=numbers))

    async def save(self) -> None:
        """Write what is in memory, and now and then thin out what is old."""
        samples = list(self.unsaved)
        await run_db(Sample.objects.bulk_create, samples, ignore_conflicts=True)
        for _ in samples:
            self.unsaved.popleft()
        if time.monotonic() - self.tidied > TIDY_EVERY_SECONDS:
            self.tidied = time.monotonic()
            await run_db(Sample.objects.thin_out)
