"""Statement files into accounts: one database transaction per file, and every row accounted for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashtam import errors
from dashtam.crypto import sealed_tokens
from providers.connections.models import Connection
from providers.formats import Institution, Statement, StatementAccount, StatementFile
from providers.imports.models import FileImport, ImportedStatement
from providers.imports.statement_rows import PROVIDER, read_rows, security_id, security_record
from providers.ledger.ingest import checks
from providers.ledger.ingest.accounts import apply_balance
from providers.ledger.ingest.holdings import apply_holdings, describe_securities
from providers.ledger.ingest.transactions import upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.ledger.money import plain, total
from providers.records import AccountRecord, HoldingRecord, HoldingsRecord


class ImportRefused(errors.Unprocessable):
    """The file is readable, but does not fit the account it is for."""

    title = "This file does not fit."


@transaction.atomic
def apply_statement_file(done: FileImport, parsed: StatementFile, account_id: UUID | None) -> FileImport:
    """Store the file's rows and the import's outcome. Raises NotFound and ImportRefused, and then stores neither."""
    User.objects.select_for_update(no_key=True).get(id=done.user_id)  # one file at a time for each person
    target = _own_account(done.user_id, account_id, parsed.statements) if account_id else None
    done.format = parsed.format
    done.rejected = [{"line": row.line, "reason": row.reason} for row in parsed.rejected]
    for statement in parsed.statements:
        account = target or _account(done.user_id, parsed.institution, statement.account)
        _fits(account, statement.account)
        done.statements.append(_apply(done, account, statement))
    done.state = FileImport.State.PARTIAL if done.rejected else FileImport.State.SUCCEEDED
    done.save()
    return done


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
    return mine.order_by("-created_at").first() or Connection.objects.create(
        user_id=user_id, provider=PROVIDER, provider_subject=subject, state=Connection.State.ACTIVE
    )


def _apply(done: FileImport, account: FinancialAccount, statement: Statement) -> ImportedStatement:
    """Store one statement. Returns its summary for the import."""
    now = timezone.now()
    named = [row.security for row in statement.transactions if row.security]
    describe_securities(PROVIDER, [security_record(done.user_id, found, account.currency) for found in named])
    rows = read_rows(account, statement)
    counts = upsert_transactions(account, rows.wanted, removed=rows.removed, provider=PROVIDER)
    matched = len(statement.transactions) - len(rows.rejected) - counts.added
    done.added += counts.added
    done.matched += matched
    done.rejected += rows.rejected
    as_of = _as_of(statement, now)
    if statement.holdings:  # a file without a list of holdings leaves them as they are
        apply_holdings(account, _holdings(account, statement, as_of), now, provider=PROVIDER)
    balance = _balance(statement)
    if balance is not None:
        apply_balance(
            account,
            replace(_described(account), current=balance, available=statement.available_balance, as_of=as_of),
            now,
        )
    account.connection.last_success_at = account.connection.last_attempt_at = now
    if account.connection.provider == PROVIDER:
        account.connection.save(update_fields=["last_success_at", "last_attempt_at"])
    return {
        "account_id": str(account.id),
        "rows": len(statement.transactions),
        "added": counts.added,
        "matched": matched,
        "currency": account.currency,
        "closing_balance": None if balance is None else plain(balance, account.currency),
        "as_of": as_of.isoformat(),
    }


def _as_of(statement: Statement, now: datetime) -> datetime:
    if statement.balance_as_of:
        return statement.balance_as_of
    return min(now, datetime.combine(statement.end, time(12), UTC)) if statement.end else now


def _balance(statement: Statement) -> Decimal | None:
    """The closing balance; of an investment account what all of it is worth, if the file says so of all."""
    if statement.ledger_balance is not None or statement.account.type != "investment":
        return statement.ledger_balance
    values = [holding.market_value for holding in statement.holdings]
    cash = [statement.cash_balance, statement.margin_balance, statement.short_balance]
    if statement.cash_balance is None or None in values:
        return None
    return total(value for value in (*values, *cash) if value is not None)


def _described(account: FinancialAccount) -> AccountRecord:
    return AccountRecord(
        id=account.provider_account_id,
        name=account.name,
        mask=account.mask,
        type=account.type,  # type: ignore[arg-type]
        subtype=account.subtype,
        currency=account.currency,
        current=None,
        available=None,
        limit=account.balance_limit,
        as_of=timezone.now(),
    )


def _holdings(account: FinancialAccount, statement: Statement, as_of: datetime) -> HoldingsRecord:
    """One holding per security: a file lists the same one again for each sub-account.

    The cost basis stays open, because files do not say whether theirs is per unit or of the holding.
    """
    holdings: dict[str, HoldingRecord] = {}
    for holding in statement.holdings:
        name = security_id(account.user_id, holding.security)
        before = holdings.get(name)
        holdings[name] = HoldingRecord(
            security_id=name,
            quantity=total([holding.quantity, before.quantity]) if before else holding.quantity,
            price=holding.price,
            market_value=_sum(holding.market_value, before.market_value) if before else holding.market_value,
            cost_basis=None,
            currency=holding.currency or account.currency,
        )
    described = [
        security_record(account.user_id, each.security, account.currency) for each in statement.holdings
    ]
    return HoldingsRecord(as_of, list(holdings.values()), described)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else total([one, other])
