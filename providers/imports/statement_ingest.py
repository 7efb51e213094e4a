"""Statement files into accounts: one database transaction per file, and every row accounted for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

from django.db import transaction

from dashtam.ui.formats import date_text
from providers.formats import StatementFile, StatementTransaction
from providers.imports.arriving.told import RejectedRow
from providers.imports.models import FileImport
from providers.imports.periods import new_gaps
from providers.imports.statement_accounts import places
from providers.imports.statement_store import Outcome, StatementStore
from providers.ledger.history import Period
from providers.ledger.models import FinancialAccount

StatementRows = tuple[int, Sequence[StatementTransaction]]


@transaction.atomic
def land_statement_file(
    file: FileImport, parsed: StatementFile, rows: Iterable[StatementRows], landed: Callable[[int], None]
) -> None:
    """Store the rows, and finish the leased import with the file's outcome: all of it, or nothing.

    `rows` are the transactions of the statements by index, each statement's together; `landed` is called with the
    number of them that were taken. Raises NotFound, ImportRefused and ImportOvertaken.
    """
    outcome = Outcome(parsed.format)
    rejected: list[RejectedRow] = [{"line": row.line, "reason": row.reason} for row in parsed.rejected]
    outcome.reject(rejected, parsed.rejected_count)
    outcome.notices = [{"code": n.code, "detail": n.reason, "line": n.line} for n in parsed.notices]
    outcome.notices_count = parsed.notices_count
    stores = []
    for statement, place in zip(parsed.statements, places(file, parsed), strict=True):
        stores.append(StatementStore(file.id, parsed.format, place.account, statement, file.user.time_zone))
        if place.notice is not None:
            outcome.notice(place.notice)
    for index, transactions in rows:
        stores[index].take(transactions)
        landed(len(transactions))
    for store in stores:
        outcome.statements.append(store.close(outcome))
    for account in {store.account.id: store.account for store in stores}.values():
        for gap in new_gaps(account, outcome.statements):
            outcome.notice({"code": "period_gap", "detail": _not_covered(account, gap), "line": None})
    FileImport.objects.finish(file.id, file.lease_id, outcome.state, **asdict(outcome))


def _not_covered(account: FinancialAccount, gap: Period) -> str:
    days = (
        date_text(gap.first) if gap.first == gap.last else f"{date_text(gap.first)} to {date_text(gap.last)}"
    )
    return f"No file of “{account.name}” covers {days}. Import a statement of these days, if there is one."
