"""The store of one statement: transactions in pieces, then holdings and the balance; and the outcome of its file."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from providers.formats import Statement, StatementTransaction
from providers.imports.models import FileImport, ImportedStatement, ImportNotice, RejectedRow
from providers.imports.provenance import Provenance
from providers.imports.statement_rows import PROVIDER, RowSorter, security_id, security_record
from providers.ledger.ingest.accounts import apply_balance
from providers.ledger.ingest.holdings import apply_holdings, describe_securities
from providers.ledger.ingest.transactions import upsert_transactions
from providers.ledger.models import FinancialAccount
from providers.ledger.money import plain, total
from providers.records import AccountRecord, HoldingRecord, HoldingsRecord

MAX_REJECTED = 1_000
ROWS_AT_ONCE = 1_000
# Findings that mean that something of the file is missing; the others only inform.
LEFT_OUT = frozenset({"account_error", "value_left_out", "section_skipped"})


@dataclass(slots=True)
class Outcome:
    """The result of a file, as the columns of its import."""

    format: str
    statements: list[ImportedStatement] = field(default_factory=list)
    added: int = 0
    matched: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    rejected_count: int = 0
    notices: list[ImportNotice] = field(default_factory=list)
    notices_count: int = 0

    def reject(self, rows: Sequence[RejectedRow], count: int) -> None:
        """Add some of `count` rows that were left out; the first MAX_REJECTED are kept."""
        self.rejected += rows[: MAX_REJECTED - len(self.rejected)]
        self.rejected_count += count

    @property
    def state(self) -> FileImport.State:
        """Partial if anything of the file is missing."""
        missing = self.rejected_count or any(notice["code"] in LEFT_OUT for notice in self.notices)
        return FileImport.State.PARTIAL if missing else FileImport.State.SUCCEEDED


class StatementStore:
    """Stores one statement: its transactions as they come, then its holdings and balance."""

    def __init__(self, import_id: UUID, account: FinancialAccount, statement: Statement) -> None:
        self.account = account
        self.statement = statement
        self.provenance = Provenance(import_id, account)
        self.sorter = RowSorter(account)
        self.rows = self.added = 0
        self.rejected: list[RejectedRow] = []
        self.rejected_count = 0

    def take(self, transactions: Sequence[StatementTransaction]) -> None:
        """Store some of its transactions."""
        account = self.account
        named = [row.security for row in transactions if row.security]
        described = [security_record(account.user_id, found, account.currency) for found in named]
        describe_securities(PROVIDER, described)
        rows = self.sorter.sort(transactions)
        removed = rows.removed
        for start in range(0, max(len(rows.wanted), 1), ROWS_AT_ONCE):
            wanted = rows.wanted[start : start + ROWS_AT_ONCE]
            with self.provenance.rows(wanted, removed):
                self.added += upsert_transactions(account, wanted, removed=removed, provider=PROVIDER).added
            removed = []
        self.rows += len(transactions)
        self.rejected += rows.rejected[: MAX_REJECTED - len(self.rejected)]
        self.rejected_count += len(rows.rejected)

    def close(self, outcome: Outcome) -> ImportedStatement:
        """Store the rest, and add to the outcome. Returns the summary for the import."""
        now, account, statement = timezone.now(), self.account, self.statement
        as_of = _as_of(statement, now)
        # A file without a list of holdings leaves them as they are.
        holdings = _holdings(account, statement, as_of) if statement.holdings else None
        balance, record = _balance(statement), None
        if balance is not None:
            available = statement.available_balance
            record = replace(_described(account), current=balance, available=available, as_of=as_of)
        self.provenance.state(now, as_of, record, holdings)
        if holdings is not None:
            apply_holdings(account, holdings, now, provider=PROVIDER)
        if record is not None:
            apply_balance(account, record, now)
        account.connection.last_success_at = account.connection.last_attempt_at = now
        if account.connection.provider == PROVIDER:
            account.connection.save(update_fields=["last_success_at", "last_attempt_at"])
        matched = self.rows - self.rejected_count - self.added
        outcome.added += self.added
        outcome.matched += matched
        outcome.reject(self.rejected, self.rejected_count)
        return {
            "account_id": str(account.id),
            "rows": self.rows,
            "added": self.added,
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
