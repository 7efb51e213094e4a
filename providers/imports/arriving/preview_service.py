"""PreviewService: shows what was understood of a table before it lands, and takes the person's corrections."""

import contextlib
from collections.abc import Mapping
from typing import Any, Unpack
from uuid import UUID

from dashtam import limits
from dashtam.bridge.computing import OutOfMemory, OutOfTime, ProcessLost, place_to_compute
from dashtam.bridge.doors import run_db
from providers.formats import (
    NoStatementsError,
    StatementError,
    StatementTooHungryError,
    StatementTooSlowError,
)
from providers.formats.csv.preview import preview_in_process
from providers.formats.csv.shape import read_with
from providers.formats.csv.understanding import Layout, Preview, StatementNeedsAnswersError, clean_layout
from providers.imports.arriving.layouts import TableLayout
from providers.imports.arriving.uploads import Chosen, new_import, opened, sealed
from providers.imports.errors import ReadingStopped, StatementUnreadable
from providers.imports.import_service import BOUNDS, IMPORT_BY_PERSON, ImportService
from providers.imports.models import FileImport
from providers.ledger.models import FinancialAccount
from providers.ledger.own_words import own_words


class PreviewService:
    """Previews tables. `imports` carries out what was confirmed."""

    def __init__(self, *, imports: ImportService) -> None:
        self.imports = imports

    async def begin(
        self,
        *,
        user_id: UUID,
        filename: str,
        data: bytes,
        account_id: UUID | None = None,
        **chosen: Unpack[Chosen],
    ) -> tuple[FileImport, Preview]:
        """Keep a table, sealed, until its person confirms it or a day has passed.

        Raises FileTooLarge, TooManyRequests, NotFound for an account that is not theirs, and StatementUnreadable for
        what is no table: with the code `no_preview`, where a file says itself what it holds.
        """
        new = new_import(user_id, filename, data, account_id, **chosen)
        if account_id is not None:
            await run_db(FinancialAccount.objects.currency_of, user_id=user_id, id=account_id)
        await limits.require((IMPORT_BY_PERSON, user_id))
        preview = await self._preview(user_id, data, None)
        file = await run_db(
            FileImport.objects.keep_preview, new, sealed(self.imports.encryption, new.id, data)
        )
        return file, preview

    async def is_settled(self, *, user_id: UUID, data: bytes, placed: bool = True) -> bool:
        """True for a file that can be imported without a look: no table, or one whose layout its person confirmed.

        Without `placed` nobody has said which account it is for, and a table that does not say it either needs a look.
        """
        try:
            preview = await self._preview(user_id, data, None)
        except StatementUnreadable:
            return True  # importing it tells why, or reads it
        understood = preview.understanding
        return understood.by_person and not understood.questions and (placed or bool(preview.accounts))

    async def went_to(self, *, user_id: UUID, preview: Preview) -> str:
        """The id of the account that the person's last table of this shape went to; empty if there was none."""
        return await run_db(TableLayout.objects.account_of, user_id, preview.understanding.fingerprint)

    async def look(
        self, *, user_id: UUID, import_id: UUID, corrections: Mapping[str, Any] | None = None
    ) -> tuple[FileImport, Preview]:
        """The table as it is understood with these corrections, which are kept nowhere. Raises NotFound."""
        file = await run_db(FileImport.objects.previewed, user_id, import_id)
        data = await run_db(opened, self.imports.encryption, file.id)
        return file, await self._preview(user_id, data, corrections)

    async def confirm(
        self,
        *,
        user_id: UUID,
        import_id: UUID,
        corrections: Mapping[str, Any] | None = None,
        account_id: UUID | None = None,
        currency: str = "",
        new_account: bool = False,
        account_name: str = "",
    ) -> FileImport:
        """Import the table as it is understood with the corrections, and keep these for the next one of its shape.

        `account_name` is for an account that it makes.

        Raises NotFound, ValidationFailed, TooManyImports, ImportRefused, and StatementUnreadable with the code
        `needs_answers` or `no_statements`.
        """
        file, preview = await self.look(user_id=user_id, import_id=import_id, corrections=corrections)
        questions = preview.understanding.questions
        if questions:
            raise StatementUnreadable(StatementNeedsAnswersError(" ".join(each.text for each in questions)))
        if not preview.first_day:  # it waits on, and what was said of it is not kept
            text = (
                "Read like this, none of its rows has a day and an amount. Say again which columns these are."
            )
            raise StatementUnreadable(NoStatementsError(text))
        if account_id is not None:
            await run_db(FinancialAccount.objects.currency_of, user_id=user_id, id=account_id)
        await limits.require((IMPORT_BY_PERSON, user_id))
        await run_db(self._keep, user_id, preview, clean_layout(corrections or {}))
        chosen = {"target_id": account_id, "currency": currency, "new_account": new_account}
        chosen["account_name"] = own_words("name", account_name)
        await run_db(FileImport.objects.confirm, user_id, file.id, **chosen)
        done = await self.imports.start(file.id, file.size)
        accounts = {statement["account_id"] for statement in done.statements}
        if len(accounts) == 1:
            fingerprint = preview.understanding.fingerprint
            await run_db(TableLayout.objects.went_to, user_id, fingerprint, *accounts)
        return done

    @staticmethod
    def _keep(user_id: UUID, preview: Preview, corrections: Layout) -> None:
        """Keep what the person said, and the roles of columns, which they have seen."""
        understood = preview.understanding
        held = TableLayout.objects.of(user_id).get(understood.fingerprint, Layout())
        roles = [column.role for column in understood.columns]
        TableLayout.objects.keep(user_id, understood.fingerprint, {**held, **corrections, "roles": roles})

    async def _preview(self, user_id: UUID, data: bytes, corrections: Mapping[str, Any] | None) -> Preview:
        layouts = await run_db(TableLayout.objects.of, user_id)
        given = None if corrections is None else clean_layout(corrections)
        try:
            async with place_to_compute() as place:
                work = await place.start(preview_in_process, data, read_with(layouts, given), bounds=BOUNDS)
                found: Preview = await work.next()
                with contextlib.suppress(
                    StopAsyncIteration
                ):  # the process has ended its job, and waits for the next
                    await work.next()
                return found
        except OutOfTime:
            raise StatementUnreadable(StatementTooSlowError()) from None
        except OutOfMemory:
            raise StatementUnreadable(StatementTooHungryError()) from None
        except ProcessLost:
            raise ReadingStopped from None
        except StatementError as error:
            raise StatementUnreadable(error) from error
