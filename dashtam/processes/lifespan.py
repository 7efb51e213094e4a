"""Start and stop of a web process (the ASGI lifespan protocol)."""

import asyncio
import logging
from typing import Any

from django.db import DatabaseError, InterfaceError

from dashtam.bridge.doors import close_processes, database_context, finish_kept, run_db, warm_up
from dashtam.cache import close_cache
from dashtam.crypto.fingerprints import KeyFingerprint, KeysDoNotFit
from dashtam.processes import recorder, server, supervisor
from dashtam.processes.upkeep import Work, keep_up

logger = logging.getLogger(__name__)

WORKER_SECONDS = 12.0  # longer than its lanes take at most


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Open connections before the first request, and finish kept work after the last."""
    upkeep: asyncio.Task[None] | None = None
    worker = _Worker() if server.with_worker else None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            server.prepare(receive)
            try:
                recorder.start("web")
                await _open()
            except KeysDoNotFit as error:
                await send({"type": "lifespan.startup.failed", "message": f"Dashtam cannot start. {error}"})
                return
            upkeep = asyncio.create_task(keep_up(*(worker.start() if worker else ())))
            await send({"type": "lifespan.startup.complete"})
            supervisor.ready()
        else:
            if worker:
                await worker.end()
            await _close(upkeep)
            await send({"type": "lifespan.shutdown.complete"})
            return


class _Worker:
    """The worker within this process, where `serve --with-worker` asks for one."""

    def start(self) -> tuple[Work, ...]:
        """Begin to work; returns the upkeep that this process now has to do too."""
        from dashtam.processes.worker import rescue, work_beside

        self.stop = asyncio.Event()
        self.task = asyncio.create_task(work_beside(self.stop))
        return (rescue,)

    async def end(self) -> None:
        """Let jobs end for some seconds, and cut short those that take longer."""
        self.stop.set()
        await asyncio.wait({self.task}, timeout=WORKER_SECONDS)


async def _open() -> None:
    try:
        async with asyncio.timeout(5), database_context():
            await warm_up(spared=server.with_worker)
            await run_db(KeyFingerprint.objects.require)
    except (DatabaseError, InterfaceError, TimeoutError) as error:
        # Start anyway: requests are answered with 503 until the database is there.
        logger.warning("The database does not answer yet (%s).", type(error).__name__)


async def _close(upkeep: asyncio.Task[None] | None) -> None:
    if upkeep is not None:
        upkeep.cancel()
    await finish_kept()
    await recorder.stop()
    close_processes()
    await close_cache()
