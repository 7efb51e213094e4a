"""Statement files into accounts: one database transaction per file, and every row accounted for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from uuid import UUID

from django.db import transaction

from dashtam import errors
from dashtam.crypto import sealed_tokens
from providers.connections.models import Connection
from providers.formats import Institution, Statement, StatementAccount, StatementFile, StatementTransaction
from providers.imports.models import FileImport, RejectedRow
from providers.imports.statement_rows import PROVIDER
from providers.imports.statement_store import Outcome, StatementStore
from providers.ledger.ingest import checks
from providers.ledger.models import FinancialAccount

StatementRows = tuple[int, Sequence[StatementTransaction]]


class ImportRefused(errors.Unprocessable):
    """The file is readable, but does not fit the account it is for."""

    title = "This file does not fit."


@transaction.atomic
def land_statement_file(
    file: FileImport, parsed: StatementFile, rows: Iterable[StatementRows], landed: Callable[[int], None]
) -> None:
    """Store the rows, and finish the leased import with the file's outcome: all of it, or nothing.

    `rows` are the transactions of the statements by index, each statement's together; `landed` is called with the
    number of them that were stored. Raises NotFound, ImportRefused and ImportOvertaken.
    """
    outcome = Outcome(parsed.format)
    rejected: list[RejectedRow] = [{"line": row.line, "reason": row.reason} for row in parsed.rejected]
    outcome.reject(rejected, parsed.rejected_count)
    outcome.notices = [{"code": n.code, "detail": n.reason, "line": n.line} for n in parsed.notices]
    outcome.notices_count = parsed.notices_count
    stores = _stores(file, parsed)
    for index, transactions in rows:
        stores[index].take(transactions)
        landed(len(transactions))
    for store in stores:
        outcome.statements.append(store.close(outcome))
    FileImport.objects.finish(file.id, file.lease_id, outcome.state, **asdict(outcome))


def _stores(file: FileImport, parsed: StatementFile) -> list[StatementStore]:
    """One for each statement, in the account it belongs to. Raises NotFound and ImportRefused."""
    target = _own_account(file.user_id, file.target_id, parsed.statements) if file.target_id else None
    stores = []
    for statement in parsed.statements:
        account = target or _account(file.user_id, parsed.institution, statement.account)
        _fits(account, statement.account)
        stores.append(StatementStore(file.id, account, statement))
    return stores


def _own_account(user_id: UUID, account_id: UUID, statements: Sequence[Statement]) -> FinancialAccount:
    mine = FinancialAccount.objects.select_related("connection").filter(user_id=user_id, id=account_id)
    account = mine.select_for_update(of=("self",), no_key=True).first()
    if account is None:
        raise errors.NotFound
    if len({_fingerprint(statement.account, "", "") for statement in statements}) > 1:
        detail = "It holds several accounts. Import it without choosing an account."
        raise ImportRefused(detail, code="several_accounts")
    return account


def _fits(account: FinancialAccount, stated: StatementAccount) -> None:
    if stated.currency and stated.currency != account.currency:
        detail = (
            f"The file is in {stated.currency}, the account in {account.currency}. Choose another account."
        )
        raise ImportRefused(detail, code="currency_mismatch")


def _account(user_id: UUID, institution: Institution, stated: StatementAccount) -> FinancialAccount:
    """The account of that number, made if this is the first file of it. Its connection counts as active."""
    if not stated.currency:
        detail = "It does not say which currency it is in. Choose the account it belongs to."
        raise ImportRefused(detail, code="currency_unknown")
    fingerprint = _fingerprint(stated, stated.currency, institution.name or "")
    mine = FinancialAccount.objects.select_related("connection").filter(user_id=user_id)
    mine = mine.select_for_update(of=("self", "connection"), no_key=True)  # it is not deleted meanwhile
    account = mine.filter(connection__provider=PROVIDER, provider_account_id=fingerprint).first()
    connection = account.connection if account else _connection(user_id, institution)
    if connection.state != Connection.State.ACTIVE:
        connection.move_to(Connection.State.ACTIVE)
        connection.save(update_fields=Connection.STATE_FIELDS)
    kind = (stated.subtype or stated.type).replace("_", " ")
    return account or FinancialAccount.objects.create(
        user_id=user_id,
        connection=connection,
        provider_account_id=fingerprint,
        name=checks.text(f"{institution.name or 'Imported'} {kind}", 200),
        mask=stated.account_id[-4:],
        type=stated.type,
        subtype=checks.text(stated.subtype or "", 40),
        currency=stated.currency,
    )


def _fingerprint(stated: StatementAccount, currency: str, institution: str) -> str:
    """A keyed digest that finds the account again without storing its number."""
    number = "".join(stated.account_id.split()).replace("-", "")
    who = f"{stated.bank_id or ''}/{number}" if number else f"{institution}/{stated.type}"
    return sealed_tokens.digest(f"statement account {who}/{currency}").hex()


def _connection(user_id: UUID, institution: Institution) -> Connection:
    subject = checks.text(
        institution.name or institution.fid or institution.intuit_id or "files", 200
    ).casefold()
    mine = Connection.objects.filter(user_id=user_id, provider=PROVIDER, provider_subject=subject)
    held = mine.select_for_update(no_key=True).order_by("-created_at")
    return held.first() or Connection.objects.create(
        user_id=user_id, provider=PROVIDER, provider_subject=subject, state=Connection.State.ACTIVE
    )
