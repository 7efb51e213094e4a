"""The parser of QIF files: bytes to statements, one for each account."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from providers.formats.errors import NoStatementsError, StatementTooLargeError
from providers.formats.findings import Findings
from providers.formats.identity import with_identities
from providers.formats.options import ReadOptions
from providers.formats.qif.investments import NoMovement, read_activity, read_security
from providers.formats.qif.records import Record, records
from providers.formats.qif.rows import amount_of, day_of, is_opening, noon, read_row, splits_add_up
from providers.formats.qif.values import Habits, habits_of, parse_amount, parse_day
from providers.formats.statement import (
    Institution,
    Security,
    Statement,
    StatementAccount,
    StatementFile,
    StatementTransaction,
)
from providers.formats.text import read_text
from providers.formats.values import BadValueError, clean_text
from providers.records import AccountType

MAX_ROWS, MAX_ACCOUNTS = 1_000_000, 200
COUNT_EVERY = 5_000
_TYPES: dict[str, tuple[AccountType, str | None]] = {
    "bank": ("depository", None),
    "cash": ("other", "cash"),
    "ccard": ("credit", "credit_card"),
    "oth a": ("other", "asset"),
    "oth l": ("loan", None),
    "invst": ("investment", None),
    "port": ("investment", None),
    "mutual": ("investment", None),
}
_SECTIONS = frozenset({"bank", "cash", "ccard", "oth a", "oth l", "invst"})
# The letter of a row's day, and of that of an account's balance.
_LETTER_OF_DAY = dict.fromkeys(_SECTIONS, "D") | {"account": "/"}
# Lists that a program keeps beside the transactions.
_LISTS = {
    "cat": "categories",
    "class": "classes",
    "tag": "tags",
    "memorized": "memorised transactions",
    "payee": "payees",
    "prices": "prices",
    "budget": "budgets",
    "template": "templates",
    "invitem": "items of invoices",
}


@dataclass(slots=True)
class _Account:
    """An account and its rows so far."""

    stated: StatementAccount
    rows: list[StatementTransaction] = field(default_factory=list)
    opening: tuple[Decimal, dt.date] | None = None
    closing: tuple[Decimal, dt.date] | None = None


def parse_qif(
    data: bytes, options: ReadOptions, count: Callable[[int], None] = lambda _: None
) -> StatementFile:
    """Read a QIF file. Raises StatementError, also where `options` must say if the day or the month comes first."""
    text = read_text(data)
    found = list(records(text))
    if len(found) > MAX_ROWS:
        raise StatementTooLargeError("The file has too many rows. Export a shorter period.")
    moves = [record for record in found if record.section in _SECTIONS]
    if not moves:
        raise NoStatementsError("The file has no transactions. Export the transactions of an account.")
    habits = habits_of(
        {
            value
            for record in found
            if (letter := _LETTER_OF_DAY.get(record.section))
            for value in record.all(letter)
        },
        (value for record in moves for value in record.all("TUQIO$")),
        options.date_order,
    )
    reading = _Reading(habits, count)
    last = found[-1] if not text.rstrip().endswith("^") and not text.endswith("\n") else None
    for record in found:
        reading.take(record, cut=record is last)
    return reading.file()


class _Reading:
    """Takes record after record, each into its account."""

    def __init__(self, habits: Habits, count: Callable[[int], None]) -> None:
        self.habits = habits
        self.count = count
        self.findings = Findings()
        self.accounts: dict[tuple[str | None, str], _Account] = {}
        self.current: Record | None = None
        self.places: dict[str, _Account] = {}  # by section, until another account begins
        self.symbols: dict[str, Security] = {}
        self.left_out: Counter[str] = Counter()
        self.taken = 0

    def take(self, record: Record, *, cut: bool) -> None:
        """One record."""
        if record.section == "account":
            self.current, self.places = record, {}
        elif record.section == "security":
            security = read_security(record)
            if security is not None and security.name:
                self.symbols[security.name] = security
        elif record.section in _SECTIONS:
            self._move(record, cut=cut)
        else:
            self.left_out[record.section] += 1

    def _move(self, record: Record, *, cut: bool) -> None:
        self.taken += 1
        if not self.taken % COUNT_EVERY:
            self.count(self.taken)
        account = self.places.get(record.section) or self._account(record.section)
        try:
            if cut:
                raise BadValueError("The file ends within this row.")
            if record.section == "invst":
                account.rows += read_activity(record, self.habits, self.symbols)
            elif account.opening is None and not account.rows and is_opening(record, account.stated.name):
                self._open(account, record)
            else:
                account.rows.append(self._row(record))
        except NoMovement:
            self.left_out["reminder"] += 1
        except BadValueError as problem:
            self.findings.reject(record.line, str(problem))

    def _open(self, account: _Account, record: Record) -> None:
        amount = amount_of(record, self.habits)
        if amount is None:
            raise BadValueError("The amount (T) is missing.")
        account.opening = (amount, day_of(record, self.habits))
        detail = (
            "A row tells the balance that the account began with, not a transaction, so it was not added."
        )
        self.findings.notice("not_a_movement", record.line, detail)

    def _row(self, record: Record) -> StatementTransaction:
        row = read_row(record, self.habits)
        if not splits_add_up(record, row.amount, self.habits):
            detail = "The parts of a split do not add up to its amount. The amount counts."
            self.findings.notice("value_left_out", record.line, detail)
        return row

    def _account(self, section: str) -> _Account:
        """The account of the last `!Account`, or the only one without a name of that kind."""
        named = self.current
        name = clean_text(named.first("N"), 200) or None if named else None
        kind = _TYPES[section]
        account = self.accounts.get((name, section))
        if account is None:
            if len(self.accounts) >= MAX_ACCOUNTS:
                raise StatementTooLargeError("The file has too many accounts. Export fewer at a time.")
            stated = StatementAccount(account_id="", type=kind[0], subtype=kind[1], name=name)
            account = self.accounts[name, section] = _Account(stated)
        if named is not None and account.closing is None:
            account.closing = self._closing(named)
        self.places[section] = account
        return account

    def _closing(self, record: Record) -> tuple[Decimal, dt.date] | None:
        """The balance of an account at a day, if its record has both."""
        amount, day = record.first("$"), record.first("/")
        if not amount or not day:
            return None
        try:
            return parse_amount(amount, self.habits), parse_day(day, self.habits)
        except BadValueError as problem:
            self.findings.notice("value_left_out", record.line, f"A balance was left out: {problem}")
            return None

    def file(self) -> StatementFile:
        """All that was taken."""
        self._tell()
        statements = tuple(_statement(account) for account in self.accounts.values())
        findings = self.findings
        return StatementFile(
            format="qif",
            institution=Institution(),
            statements=statements,
            rejected=tuple(findings.rejected),
            rejected_count=findings.rejected_count,
            notices=tuple(findings.notices),
            notices_count=findings.notices_count,
        )

    def _tell(self) -> None:
        detail = "The file does not say which currency its accounts are in."
        self.findings.notice("currency_missing", 1, detail)
        for section, number in self.left_out.items():
            if section == "reminder":
                self.findings.notice("not_a_movement", 1, f"Reminders were left out: {number}.")
            elif section in _LISTS:
                what = _LISTS[section]
                self.findings.notice("not_a_movement", 1, f"A list of {what} was left out: {number} records.")
            else:
                detail = (
                    f"The section {section[:40]} was skipped: we do not read it yet. It has {number} records."
                )
                self.findings.notice("section_skipped", 1, detail)


def _statement(account: _Account) -> Statement:
    days = [row.date for row in account.rows]
    return Statement(
        account=account.stated,
        start=min(days, default=None),
        end=max(days, default=None),
        opening_balance=account.opening[0] if account.opening else None,
        opening_date=account.opening[1] if account.opening else None,
        ledger_balance=account.closing[0] if account.closing else None,
        balance_date=account.closing[1] if account.closing else None,
        balance_as_of=noon(account.closing[1]) if account.closing else None,
        transactions=with_identities(account.rows),
    )
