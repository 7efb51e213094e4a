"""ImportService: parses statement files in another process, and stores each in one transaction."""

import unicodedata
from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID

from dashtam import errors, limits
from dashtam.bridge.doors import run_cpu, run_db
from providers.formats import StatementError, parse_statement_file
from providers.imports.models import FileImport
from providers.imports.statement_ingest import apply_statement_file
from providers.ledger.models import FinancialAccount

MAX_BYTES = 20 * 1024 * 1024
IMPORT_BY_PERSON = limits.Limit("import by person", 60, 3600, told=True)
FAILED_KEPT = 100  # of one person


class StatementUnreadable(errors.Unprocessable):
    """A StatementError of `providers.formats`, as an answer."""

    code = "statement_error"

    def __init__(self, error: StatementError) -> None:
        super().__init__(str(error), code=error.code)
        self.title = f"{error.title}."


class FileTooLarge(errors.PayloadTooLarge):
    """The file is larger than MAX_BYTES."""

    code = "file_too_large"
    title = "This file is too large."
    detail = "We read files of up to 20 MB. Download a shorter period and import that."


class ImportService:
    """Imports statement files. `first_accounts` is called with the person's id when a file has landed."""

    def __init__(self, *, first_accounts: Callable[[UUID], Awaitable[None]]) -> None:
        self.first_accounts = first_accounts

    async def import_statement(
        self, *, user_id: UUID, filename: str, data: bytes, account_id: UUID | None
    ) -> FileImport:
        """Import a file; importing it again changes no row.

        One at a time for each person. Raises TooManyRequests, FileTooLarge, StatementUnreadable, ImportRefused,
        and NotFound for an account that is not theirs.
        A file that could not be used stays in the list of imports, with the reason.
        """
        if len(data) > MAX_BYTES:
            raise FileTooLarge
        if account_id is not None:
            await run_db(
                FinancialAccount.objects.currency_of, user_id=user_id, id=account_id
            )  # raises NotFound
        await limits.require((IMPORT_BY_PERSON, user_id))
        async with limits.concurrent("import", user_id, at_most=1, seconds=120):
            return await self._import(user_id, filename, data, account_id)

    async def _import(self, user_id: UUID, filename: str, data: bytes, account_id: UUID | None) -> FileImport:
        about = FileImport(
            user_id=user_id, filename=_name(filename), sha256=sha256(data).hexdigest(), size=len(data)
        )
        try:
            parsed = await run_cpu(parse_statement_file, data)
            landed = await run_db(apply_statement_file, about, parsed, account_id)
            await self.first_accounts(user_id)
            return landed
        except StatementError as error:
            refusal: errors.DashtamError = StatementUnreadable(error)
        except errors.Unprocessable as error:
            refusal = error
        await run_db(_keep_failed, about, refusal)
        raise refusal


def _keep_failed(about: FileImport, refusal: errors.DashtamError) -> None:
    """Keep the reason; of failed imports only the FAILED_KEPT latest are."""
    failed = FileImport.objects.filter(user_id=about.user_id, state=FileImport.State.FAILED)
    failed.filter(id__in=list(failed.values_list("id", flat=True)[FAILED_KEPT - 1 :][:1_000])).delete()
    FileImport.objects.create(
        user_id=about.user_id,
        state=FileImport.State.FAILED,
        filename=about.filename,
        sha256=about.sha256,
        size=about.size,
        error_code=refusal.code,
        error_detail=refusal.detail[:300],
    )


def _name(filename: str) -> str:
    """The file name of a POSIX or Windows path, without invisible characters."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    return shown.strip()[:200]
