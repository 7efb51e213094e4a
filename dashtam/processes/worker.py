"""`manage.py procrastinate worker`: all lanes, begun anew when the database breaks, ended soon after a signal."""

import asyncio
import logging
import signal
from typing import Any

import psycopg
import uvloop
from procrastinate import App, cli
from procrastinate.contrib.django import app
from procrastinate.contrib.django.management.commands import procrastinate
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from dashtam.bridge.doors import close_processes, finish_kept, run_db
from dashtam.jobs.lanes import lanes
from dashtam.jobs.listening import listen_quietly
from dashtam.jobs.periodic import DatabaseClockWorker, Heart
from dashtam.jobs.rescue import rescue_jobs
from dashtam.processes import recorder, server, supervisor
from dashtam.processes.upkeep import keep_up

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
# After a signal: how long jobs may go on, how long those that were cancelled then may clean up, and how long what
# `keep_running` started (the refresh of a token) may take. Together below the 20 seconds that are promised.
JOB_SECONDS = 4.0
CLEAN_UP_SECONDS = 6.0
KEPT_SECONDS = 6.0
POLL_SECONDS = 60.0  # a lane hears of its jobs, also of those whose time has come; see listen_quietly
CONNECTIONS_BESIDE = 2  # for the lanes of a household; four by default


class Command(procrastinate.Command):
    """procrastinate's own command, whose worker has one lane and ends as soon as one of its connections breaks."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker until SIGINT or SIGTERM; with --one-shot, once. Other commands are procrastinate's own."""
        if options.get("func") is not cli.worker_ or not options.get("wait", True):
            super().handle(*args, **options)
            return
        given = {name: value for name, value in options.items() if name not in self._django_options}
        connector: Any = app.connector
        with app.replace_connector(connector.get_worker_connector()):
            # procrastinate's own command would have Python's loop; web processes have this one too.
            uvloop.run(cli.execute_command({**given, "app": app, "func": _work_until_stopped}))


async def _work_until_stopped(app: App, **options: Any) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    server.spare_memory()
    recorder.start("worker")
    upkeep = asyncio.create_task(keep_up(rescue))
    supervisor.ready()
    await _lanes(app, stop, options)
    upkeep.cancel()
    await finish_kept(seconds=KEPT_SECONDS)
    await recorder.stop()
    close_processes()


async def _lanes(app: App, stop: asyncio.Event, options: dict[str, Any]) -> None:
    """Work on all lanes until `stop` is set, and then until the jobs under way have ended or been cut short."""
    listen_quietly(app)
    options |= {"install_signal_handlers": False, "shutdown_graceful_timeout": JOB_SECONDS}
    options |= {"heart": Heart(app), "fetch_job_polling_interval": POLL_SECONDS}
    workers = {asyncio.create_task(_work_again_and_again(app, stop, lane)) for lane in _workers(options)}
    await stop.wait()
    await asyncio.wait(workers, timeout=JOB_SECONDS + CLEAN_UP_SECONDS)


async def work_beside(stop: asyncio.Event) -> None:
    """Work in the event loop of a web process, which does all else that a worker's own process would.

    Nothing here waits for the database to be there: the lanes begin as soon as it is.
    """
    stopped = asyncio.create_task(stop.wait())
    own = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=CONNECTIONS_BESIDE)
    with app.replace_connector(own):
        while not stop.is_set():
            try:
                async with app.open_async() as opened:
                    await _lanes(opened, stop, {})
            except (ConnectorException, psycopg.Error) as error:
                logger.warning("The worker waits for the database (%s).", type(error).__name__)
                await asyncio.wait({stopped}, timeout=PAUSE_SECONDS)


def _workers(options: dict[str, Any]) -> list[dict[str, Any]]:
    """The options of one worker a lane; of a single one where the command line names queues."""
    if options.get("queues"):
        return [options]
    return [
        options | {"name": lane.name, "queues": list(lane.queues), "concurrency": lane.places}
        for lane in lanes()
    ]


async def _work_again_and_again(app: App, stop: asyncio.Event, options: dict[str, Any]) -> None:
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        settings = {**app.worker_defaults, **options}
        run = DatabaseClockWorker(app=app, **settings).run()  # type: ignore[no-untyped-call]
        worker: asyncio.Task[None] = asyncio.create_task(run)
        await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            worker.cancel()  # its jobs have JOB_SECONDS to end, and are cancelled then
        (outcome,) = await asyncio.gather(worker, return_exceptions=True)
        if not stop.is_set():
            logger.warning("The worker lost the database (%s) and begins anew.", type(outcome).__name__)
            await asyncio.wait({stopped}, timeout=PAUSE_SECONDS)


async def rescue() -> None:
    """Rescue jobs from outside the queue: a task that does so would wait behind a backlog."""
    if rescued := await run_db(rescue_jobs):
        logger.warning("%d jobs of workers that died were put back in their queues.", rescued)
