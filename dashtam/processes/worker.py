"""`manage.py procrastinate worker`, restarted inside its process when its database connection has broken."""

import asyncio
import logging
import signal
from typing import Any

from procrastinate import App
from procrastinate.contrib.django.management.commands import procrastinate

from dashtam.jobs.periodic import DatabaseClockWorker
from dashtam.processes import recorder

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0


class Command(procrastinate.Command):
    """procrastinate's own command, whose worker would end for good as soon as one of its connections breaks."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker until SIGINT or SIGTERM; with --one-shot, once."""
        work = options.pop("func")
        super().handle(*args, **options, func=_again_and_again if options.get("wait", True) else work)


async def _again_and_again(app: App, **options: Any) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    stopped = asyncio.create_task(stop.wait())
    recorder.start("worker")
    while not stop.is_set():
        settings = {**app.worker_defaults, **options, "install_signal_handlers": False}
        worker = asyncio.ensure_future(DatabaseClockWorker(app=app, **settings).run())
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            worker.cancel()  # it then finishes its running jobs
        (outcome,) = await asyncio.gather(worker, return_exceptions=True)
        if not stop.is_set():
            logger.warning("The worker lost the database (%s) and begins anew.", type(outcome).__name__)
            await asyncio.wait({stopped}, timeout=PAUSE_SECONDS)
    await recorder.stop()
