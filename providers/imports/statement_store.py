"""The store of one statement: transactions in pieces, then holdings and the balance; and the outcome of its file."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from providers.formats import Statement, StatementTransaction
from providers.imports.arriving.told import ImportedStatement, ImportNotice, RejectedRow
from providers.imports.models import FileImport
from providers.imports.periods import Covers, Window, covers, periods_in, periods_of
from providers.imports.provenance import Provenance
from providers.imports.statement_rows import PROVIDER, RowSorter, grade_of, observer_of, security_record
from providers.imports.statement_values import Time, Value, holdings_of, time_of, value_of
from providers.ledger.adoption import adopt
from providers.ledger.history import covered
from providers.ledger.ingest.accounts import apply_balance, apply_balances
from providers.ledger.ingest.history import forget_history, rebuild_history
from providers.ledger.ingest.holdings import apply_holdings, describe_securities
from providers.ledger.models import FinancialAccount, Lacks
from providers.ledger.money import plain
from providers.ledger.observations.landing import land
from providers.ledger.observations.statements import Statement as Stated
from providers.records import AccountRecord, BalanceRecord

MAX_REJECTED = 1_000
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

    def notice(self, notice: ImportNotice) -> None:
        """Add a notice."""
        self.notices.append(notice)
        self.notices_count += 1

    @property
    def state(self) -> FileImport.State:
        """Partial if anything of the file is missing."""
        missing = self.rejected_count or any(notice["code"] in LEFT_OUT for notice in self.notices)
        return FileImport.State.PARTIAL if missing else FileImport.State.SUCCEEDED


class StatementStore:
    """Stores one statement: its transactions together, once all have come, then its holdings and balance."""

    def __init__(
        self, import_id: UUID, format: str, account: FinancialAccount, statement: Statement, time_zone: str
    ) -> None:
        adopt(FinancialAccount.objects.select_for_update(no_key=True).get(id=account.id))
        self.account = account
        self.format, self.observer = format, observer_of(format)
        self.time_zone = time_zone
        self.statement = statement
        self.provenance = Provenance(import_id, account)
        self.transactions: list[StatementTransaction] = []
        self.days: tuple[date, date] | None = None

    def take(self, transactions: Sequence[StatementTransaction]) -> None:
        """Take some of its transactions."""
        account = self.account
        named = [row.security for row in transactions if row.security]
        described = [security_record(account.user_id, found, account.currency) for found in named]
        describe_securities(PROVIDER, described)
        self.transactions += transactions
        days = [row.date for row in transactions] + list(self.days or ())
        self.days = (min(days), max(days)) if days else None

    def close(self, outcome: Outcome) -> ImportedStatement:
        """Store the rest, and add to the outcome. Returns the summary for the import."""
        now, account, statement = timezone.now(), self.account, self.statement
        rows = RowSorter(account).sort(self.transactions)
        with self.provenance.rows(rows) as digests:
            ids = grade_of(self.format, self.transactions)
            stated = Stated(rows.wanted, gone=rows.removed, at=now, ids=ids, digests=digests)
            added = land(account, self.observer, stated).added
        time = time_of(statement, now, self.time_zone)
        if time.notice is not None:
            outcome.notice(time.notice)
        value = self._value(outcome)
        self._store_state(value, time, now)
        account.connection.last_success_at = account.connection.last_attempt_at = now
        if account.connection.provider == PROVIDER:
            account.connection.save(update_fields=["last_success_at", "last_attempt_at"])
        matched = len(self.transactions) - len(rows.rejected) - added
        outcome.added += added
        outcome.matched += matched
        outcome.reject(rows.rejected, len(rows.rejected))
        return {
            "account_id": str(account.id),
            "rows": len(self.transactions),
            "added": added,
            "matched": matched,
            "currency": account.currency,
            "closing_balance": plain(value.amount, account.currency) if value else None,
            "lacks": value.lacks if value else "",
            "as_of": time.moment.isoformat(),
            "day": time.day.isoformat(),
            **self._rebuild_history(outcome),
        }

    def _store_state(self, value: Value | None, time: Time, now: datetime) -> None:
        """Store the balance and the holdings, and what they were before."""
        account, statement, record = self.account, self.statement, None
        forget_history(account.id)
        days = [
            BalanceRecord(date=each.date, current=each.amount, available=None)
            for each in statement.balances
            if each.date < time.day
        ]
        if days:
            self.provenance.days(now, days)
            apply_balances(account, days, now)
        # A file without a list of holdings leaves them as they are.
        holdings = holdings_of(account, statement, time.moment) if statement.lists_holdings else None
        if value is not None or statement.available_balance is not None:
            record = replace(
                _described(account),
                current=value.amount if value else None,
                available=statement.available_balance,
                as_of=time.moment,
                day=time.day,
                lacks=value.lacks if value else "",
            )
        self.provenance.state(now, time.moment, record, holdings)
        if holdings is not None:
            apply_holdings(account, holdings, now, provider=PROVIDER)
        if record is not None:
            apply_balance(account, record, now)

    def _rebuild_history(self, outcome: Outcome) -> Covers:
        """Work out the account's balances, if files alone bring its rows. Returns the days that this one covers."""
        start, end = self.statement.start, self.statement.end
        # A row that could not be read may be of any day.
        period = None if outcome.rejected_count else covered(start, end, self.days)
        window = Window(period.first, period.last, bool(start and end)) if period else None
        if self.account.connection.provider == PROVIDER:
            before = [*periods_of(self.account), *periods_in(outcome.statements, self.account.id)]
            rebuild_history(self.account.id, [*before, *([window] if window else ())])
        return covers(window)

    def _value(self, outcome: Outcome) -> Value | None:
        """The closing balance, unless the one of before says more.

        Cash alone is not the value of an account that has holdings; holding nothing says little of unknown cash.
        """
        statement, account = self.statement, self.account
        value = value_of(statement, account.currency)
        if value is None or not value.lacks or statement.holdings or statement.unread_holdings:
            return value
        if statement.lists_holdings:
            return value if account.balance_lacks in {Lacks.CASH, Lacks.BOTH} else None
        if not account.holdings.exists():
            return value
        detail = "The file states the cash of an account and not what it holds, so the account keeps its last balance."
        outcome.notice({"code": "value_left_out", "detail": detail, "line": None})
        return None


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
