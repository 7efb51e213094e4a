"""ImportService: keeps statement files sealed, has them read in a bounded process, and stores each exactly once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from dashtam import errors, limits
from dashtam.bridge.computing import (
    Bounds,
    OutOfMemory,
    OutOfTime,
    Place,
    ProcessLost,
    all_places_taken,
    place_to_compute,
)
from dashtam.bridge.doors import run_db, run_db_at_last, run_db_long
from dashtam.crypto.encryption_service import EncryptionService
from notifications.services.live_event_service import LiveEventService
from providers.formats import StatementError, StatementFile, StatementTooHungryError, StatementTooSlowError
from providers.formats.options import DateOrder, ReadOptions
from providers.formats.parts import Rows, Seen, read_in_parts
from providers.imports.arriving.layouts import TableLayout
from providers.imports.arriving.uploads import Chosen, new_import, opened, sealed
from providers.imports.errors import ImportOvertaken, ReadingStopped, StatementUnreadable
from providers.imports.models import FileImport
from providers.imports.statement_ingest import StatementRows, land_statement_file
from providers.ledger.accounts.twins import ask_about_accounts
from providers.ledger.models import FinancialAccount

SMALL_BYTES = 256 * 1024
BEAT_SECONDS = 3.0
BOUNDS = Bounds(seconds=120, cpu_seconds=90, memory=300 * 1024 * 1024)
# The database away or crowded, or the process that read the file killed by another party: not the file's fault.
AWAY = (OperationalError, InterfaceError, errors.ServiceBusy)
LATER = (*AWAY, ProcessLost)
_ORDERS: dict[str, DateOrder] = {"": "", "dmy": "day_first", "mdy": "month_first"}
IMPORT_BY_PERSON = limits.Limit("import by person", 60, 3600, told=True)


@dataclass(slots=True)
class Progress:
    """How many rows were read, about, and how many of them are stored."""

    read: int = 0
    landed: int = 0

    def land(self, count: int) -> None:
        """Count rows that were stored."""
        self.landed += count


class ImportService:
    """Imports statement files. `first_accounts` is called with the person's id when a file has landed."""

    def __init__(
        self,
        *,
        encryption: EncryptionService,
        live_events: LiveEventService,
        first_accounts: Callable[[UUID], Awaitable[None]],
        moment_seconds: float,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.encryption = encryption
        self.live_events = live_events
        self.first_accounts = first_accounts
        self.moment_seconds = moment_seconds
        self.bounds = bounds

    async def import_statement(
        self,
        *,
        user_id: UUID,
        filename: str,
        data: bytes,
        account_id: UUID | None,
        **chosen: Unpack[Chosen],
    ) -> FileImport:
        """Import a file; importing it again changes no row, and while it is under way it is the same import.

        `chosen` is what its person said of a file that does not say it itself.

        A small file is done at once; otherwise, or when that takes longer than a moment, the import is `running` and
        a worker carries it out. One upload at a time for each person. Raises TooManyRequests, FileTooLarge,
        StatementUnreadable, ImportRefused, and NotFound for an account that is not theirs.
        A file that could not be used stays in the list of imports, with the reason.
        """
        new = new_import(user_id, filename, data, account_id, **chosen)
        if account_id is not None:
            await run_db(
                FinancialAccount.objects.currency_of, user_id=user_id, id=account_id
            )  # raises NotFound
        await limits.require((IMPORT_BY_PERSON, user_id))
        async with limits.concurrent("import", user_id, at_most=1, seconds=120):
            file = await run_db(FileImport.objects.begin, new, sealed(self.encryption, new.id, data))
            return await self.start(file.id, len(data)) if file.id == new.id else file

    async def start(self, import_id: UUID, size: int) -> FileImport:
        """Carry an import out at once if its file is small, else or when that takes too long, have a worker do it."""
        if size > SMALL_BYTES or all_places_taken():
            await run_db(FileImport.objects.queue, import_id)
        else:
            try:
                async with asyncio.timeout(self.moment_seconds):
                    await self._carry_out(import_id)
            except TimeoutError:
                await run_db(FileImport.objects.queue, import_id)
        return await run_db(FileImport.objects.get, id=import_id)

    async def land(self, *, import_id: UUID) -> None:
        """Carry out an import that waits; a second call for it does no work."""
        with contextlib.suppress(
            errors.Unprocessable, errors.NotFound
        ):  # its person reads the reason in the import
            await self._carry_out(import_id)

    async def tend(self) -> None:
        """Queue imports that were lost, end those that are beyond hope, and forget old findings."""
        now = timezone.now()
        manager = FileImport.objects
        for file in await run_db(lambda: list(manager.given_up(now)[:100])):
            await self._fail(file, ReadingStopped())
        await run_db(lambda: manager.stale_previews(now).delete())
        await run_db(manager.queue_waiting, created_before=now - manager.LOST_AFTER)

    async def forget(self, *, now: datetime) -> None:
        """Empty the lists of findings that have been kept long enough; their counts stay."""
        await run_db(lambda: FileImport.objects.with_old_details(now).update(rejected=[], notices=[]))

    async def _carry_out(self, import_id: UUID) -> None:
        """Claim and land an import. Raises why nothing was stored, once that is written down."""
        async with place_to_compute() as place:
            file = await self._claim(import_id)
            if file is None:
                return
            try:
                await self._land(file, place)
            except ImportOvertaken:
                return
            except (asyncio.CancelledError, *LATER) as stop:
                await asyncio.shield(self._hand_over(file, lost=isinstance(stop, ProcessLost)))
                if isinstance(stop, asyncio.CancelledError):
                    raise
                return
            except Exception as error:
                await self._fail(
                    file, error if isinstance(error, errors.DashtamError) else errors.DashtamError()
                )
                raise
        await self.first_accounts(file.user_id)
        await run_db(ask_about_accounts, file.user_id)
        await self._end(file)

    async def _claim(self, import_id: UUID) -> FileImport | None:
        """The import, leased to us. A caller that gives up meanwhile leaves no lease behind."""
        claiming = asyncio.ensure_future(run_db(FileImport.objects.claim, import_id, uuid4()))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            file = await claiming
            if file is not None:
                await self._hand_over(file, lost=False)
            raise

    async def _land(self, file: FileImport, place: Place) -> None:
        data = await run_db(opened, self.encryption, file.id)
        layouts = await run_db(TableLayout.objects.of, file.user_id)
        options = ReadOptions(date_order=_ORDERS[file.date_order], layouts=layouts)
        progress = Progress()
        async with self._beating(file, progress):
            parsed, rows = await self._read(place, data, options, progress)
            del data
            await run_db_long(land_statement_file, file, parsed, rows, progress.land)

    async def _read(
        self, place: Place, data: bytes, options: ReadOptions, progress: Progress
    ) -> tuple[StatementFile, Iterator[StatementRows]]:
        """The file without its rows, and the rows. Raises StatementUnreadable, and ProcessLost."""
        try:
            work = await place.start(read_in_parts, data, options, bounds=self.bounds)
            while isinstance(part := await work.next(), Seen):
                progress.read = part.count
            return part.decode(), (_decoded(each) for each in work.rest())
        except OutOfTime:
            raise StatementUnreadable(StatementTooSlowError()) from None
        except OutOfMemory:
            raise StatementUnreadable(StatementTooHungryError()) from None
        except StatementError as error:
            raise StatementUnreadable(error) from error

    @asynccontextmanager
    async def _beating(self, file: FileImport, progress: Progress) -> AsyncIterator[None]:
        """Keep the lease and tell of the progress, until the end of the block."""
        beat = asyncio.get_running_loop().create_task(self._beat(file, progress))
        try:
            yield
        finally:
            beat.cancel()
            await asyncio.wait({beat})

    async def _beat(self, file: FileImport, progress: Progress) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with contextlib.suppress(*AWAY, ImportOvertaken):
                read, landed = max(progress.read, progress.landed), progress.landed
                await run_db(FileImport.objects.progress, file.id, file.lease_id, read=read, landed=landed)
                await self.live_events.publish(
                    user_id=file.user_id, type="import.progress", import_id=file.id, read=read, landed=landed
                )

    async def _fail(self, file: FileImport, refusal: errors.DashtamError) -> None:
        with contextlib.suppress(ImportOvertaken):
            await run_db_at_last(FileImport.objects.fail, file.id, file.lease_id, refusal)
            await self._end(file)

    async def _hand_over(self, file: FileImport, *, lost: bool) -> None:
        with contextlib.suppress(*AWAY):  # its lease ends, and `tend` finds it
            await run_db(FileImport.objects.hand_over, file.id, file.lease_id, lost=lost)

    async def _end(self, file: FileImport) -> None:
        """Publish the end of an import, and let the person's next file have its turn."""
        await run_db(FileImport.objects.queue_waiting, user_id=file.user_id)
        ended = await run_db(FileImport.objects.filter(id=file.id).first)
        if ended is not None:
            await self.live_events.publish(
                user_id=file.user_id,
                type="import.finished",
                import_id=file.id,
                state=ended.state,
                added=ended.added,
                matched=ended.matched,
                rejected=ended.rejected_count,
            )


def _decoded(rows: Rows) -> StatementRows:
    return rows.statement, rows.decode()
