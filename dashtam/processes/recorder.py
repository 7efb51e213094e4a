"""Recording of a server process's measurements, for as long as the process serves.

Two small tasks: one measures how late the event loop is, the other takes a sample of the metrics every few seconds
and saves it in the database, for the operations page. While the database is away, samples wait in memory. A third
one exports to an OpenTelemetry collector where the environment names one.
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
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from dashtam.bridge.doors import database_context, database_threads, run_aside, run_db
from dashtam.bridge.per_loop import PerLoop
from dashtam.errors import DashtamError
from dashtam.telemetry import metric_files, metrics, traces
from dashtam.telemetry.readings import Readings
from dashtam.telemetry.samples import Sample

logger = logging.getLogger(__name__)

LOOP_CHECK_SECONDS = 0.25
KEPT_IN_MEMORY = 60
TIDY_EVERY_SECONDS = 300.0
CAN_ASK = hasattr(os, "sched_getaffinity")
HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]

_running: PerLoop[list[asyncio.Task[None]]] = PerLoop(list)


def start(role: str) -> None:
    """Begin to record this process, once for each event loop; database waits get their deadlines too."""
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
    running += [_task(_measure_loop_lag()), _task(Recorder(role).run())]
    if traces.wanted("traces") or traces.wanted("metrics"):
        running.append(_task(_export(role)))


async def stop() -> None:
    """End what `start` began."""
    tasks = _running.pop() or []
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _task(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    # The caller may be a task of the worker, whose context must not be inherited.
    return asyncio.get_running_loop().create_task(work, context=contextvars.Context())


async def _export(role: str) -> None:
    """Send spans and metrics to an OpenTelemetry collector until cancelled."""
    try:
        from dashtam.telemetry.otlp import (
            Exports,
        )  # a quarter of a second, and 15 MB, where it is wanted alone
    except ImportError:
        logger.warning("A collector is named (OTEL_EXPORTER_OTLP_…), but `uv sync --extra otel` was not run.")
        return
    exports = Exports(role)
    try:
        while True:
            await asyncio.sleep(exports.every_seconds)
            await run_aside(exports.export_metrics)
    finally:
        await run_aside(exports.finish)


async def _measure_loop_lag() -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(LOOP_CHECK_SECONDS)
        metrics.loop_lag(max(0.0, time.perf_counter() - began - LOOP_CHECK_SECONDS))


class Recorder:
    """Takes samples of this process's metrics and saves them."""

    def __init__(self, role: str) -> None:
        self.process = f"{role}-{secrets.token_hex(6)}"
        self.unsaved: deque[Sample] = deque(maxlen=KEPT_IN_MEMORY)
        self.tidied = time.monotonic()
        metrics.cpu_used(time.process_time())  # the start of the process belongs to no sample
        self.readings = Readings()

    async def run(self) -> None:
        """Take and save samples until cancelled."""
        while True:
            await asyncio.sleep(settings.METRICS_SAMPLE_SECONDS)
            self.sum_up()
            try:
                async with asyncio.timeout(5), database_context():
                    await self.save()
            except (DatabaseError, InterfaceError, TimeoutError, DashtamError) as error:
                logger.debug("Measurements wait for the database (%s).", type(error).__name__)

    def sum_up(self) -> None:
        """Keep in memory what has happened since the last sample."""
        metrics.cpu_used(time.process_time())
        numbers = self.readings.take()
        numbers[f"cores_most_{HOST}"] = len(os.sched_getaffinity(0)) if CAN_ASK else os.cpu_count() or 1
        seconds = settings.METRICS_SAMPLE_SECONDS
        self.unsaved.append(Sample(at=timezone.now(), seconds=seconds, process=self.process, numbers=numbers))

    async def save(self) -> None:
        """Write the samples in memory to the database, and every five minutes thin out the old ones."""
        samples = list(self.unsaved)
        await run_db(Sample.objects.bulk_create, samples, ignore_conflicts=True)
        for _ in samples:
            self.unsaved.popleft()
        if time.monotonic() - self.tidied > TIDY_EVERY_SECONDS:
            self.tidied = time.monotonic()
            await run_db(Sample.objects.thin_out)
