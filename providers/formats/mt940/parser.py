"""The parser of MT940 and MT942 files in the dialects of banks: bytes to statements."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from providers.formats.errors import NoStatementsError, StatementTooLargeError, TruncatedStatementError
from providers.formats.findings import Findings
from providers.formats.joining import MAX_ROWS, Draft, joined
from providers.formats.mt940.details import read_details
from providers.formats.mt940.messages import Field, Message, messages
from providers.formats.mt940.values import BalanceField, parse_balance, parse_line
from providers.formats.statement import Statement, StatementAccount, StatementFile, StatementTransaction
from providers.formats.text import read_text
from providers.formats.values import BadValueError, clean_id, exact_sum
from providers.records import Kind

COUNT_EVERY = 5_000
_KNOWN = frozenset({
    "20", "21", "25", "25P", "28", "28C", "34F", "13", "13D", "60F", "60M", "61", "62F", "62M", "64", "65", "86",
    "90C", "90D", "NS",
})  # fmt: skip
_OPENING, _CLOSING = ("60F", "60M"), ("62F", "62M")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BANK = re.compile(r"([0-9]{8}|[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)/(.+)")
_CURRENCY = re.compile(r"(?:[0-9]{1,5})?([A-Z]{3})")
_OUT, _IN = Kind.DEBIT, Kind.CREDIT  # looking members up in their class takes a while
_KINDS = {
    "CHG": Kind.FEE,
    "COM": Kind.FEE,
    "CHK": Kind.CHECK,
    "TCK": Kind.CHECK,
    "INT": Kind.INTEREST,
    "DIV": Kind.DIVIDEND,
    "DDT": Kind.PAYMENT,
    "STO": Kind.PAYMENT,
}


def parse_mt940(data: bytes, count: Callable[[int], None] = lambda _: None) -> StatementFile:
    """Read a file of MT940 or MT942 messages. Raises StatementError."""
    text = read_text(data)
    found = [message for message in messages(text) if message.has("25", "25P", *_OPENING, *_CLOSING, "61")]
    if not any(message.has(*_OPENING, *_CLOSING, "61") for message in found):
        raise NoStatementsError(
            "The file has no statement of an account. Download the transactions of an account."
        )
    _refuse_cut(found[-1])
    findings = Findings()
    reading = _Reading(findings, count)
    drafts = [reading.message(message) for message in found]
    last = drafts[-1]
    if _stops_in_balance(found[-1], text) and _doubtful(last):
        drafts[-1] = _without_closing(last, findings)
    statements = joined(drafts, findings)
    return StatementFile(
        format="mt942" if all(draft.interim for draft in drafts) else "mt940",
        institution=statements[0].institution,
        statements=statements,
        rejected=tuple(findings.rejected),
        rejected_count=findings.rejected_count,
        notices=tuple(findings.notices),
        notices_count=findings.notices_count,
    )


def _refuse_cut(last: Message) -> None:
    """A message that opens with a balance ends with one."""
    if last.has(*_OPENING) and not last.has(*_CLOSING) and not last.ended:
        raise TruncatedStatementError(
            "The file ends before the statement does, so rows may be missing. Download it again."
        )


def _stops_in_balance(last: Message, text: str) -> bool:
    """True if the file may have been cut within its last balance, whose cents are missing."""
    field = last.fields[-1]
    whole = re.search(r",[0-9]{2}\s*$", field.lines[-1])
    return field.tag in _CLOSING and not last.ended and not text.endswith("\n") and not whole


def _doubtful(draft: Draft) -> bool:
    """True if the closing balance is not what the rows say."""
    statement = draft.statement
    if statement.ledger_balance is None or statement.opening_balance is None:
        return False
    return (
        exact_sum([statement.opening_balance, *(row.amount for row in draft.rows)])
        != statement.ledger_balance
    )


def _without_closing(draft: Draft, findings: Findings) -> Draft:
    detail = "The last balance was left out: the file ends in it, and the rows do not add up to it."
    findings.notice("value_left_out", draft.line, detail)
    draft.statement = replace(draft.statement, ledger_balance=None)
    return draft


class _Reading:
    """Reads message after message, and counts."""

    def __init__(self, findings: Findings, count: Callable[[int], None]) -> None:
        self.findings = findings
        self.count = count
        self.rows = 0
        self.unknown: set[str] = set()

    def message(self, message: Message) -> Draft:
        opening, closing = self._balance(message, *_OPENING), self._balance(message, *_CLOSING)
        available = self._balance(message, "64")
        currency = _currency(message, opening, closing)
        closing, available = (self._own(message, each, currency) for each in (closing, available))
        interim = opening is None and closing is None
        rows = self._rows(message, currency, pending=interim)
        for each in message.fields:
            if each.tag not in _KNOWN and each.tag not in self.unknown:
                self.unknown.add(each.tag)
                detail = f"The field :{each.tag}: was skipped: we do not know it."
                self.findings.notice("section_skipped", each.line, detail)
        account = _account(message, currency)
        if currency is None:
            detail = "The file does not say which currency this account is in."
            self.findings.notice("currency_missing", message.line, detail)
        days = [row.date for row in rows]
        dated = closing or available
        end = closing.day if closing else max(days, default=None)
        return Draft(
            Statement(
                account=account,
                start=min([*days, *([end] if end else ())], default=None),
                end=max([*days, *([end] if end else ())], default=None),
                opening_balance=opening.amount if opening else None,
                opening_date=opening.day if opening else None,
                ledger_balance=closing.amount if closing else None,
                available_balance=available.amount if available else None,
                balance_date=dated.day if dated else None,
                balance_as_of=_noon(dated.day) if dated else None,
            ),
            message.line,
            rows,
            interim,
            _reference(message),
        )

    def _balance(self, message: Message, *tags: str) -> BalanceField | None:
        """The balance of that field; two that differ are none."""
        found: BalanceField | None = None
        for each in message.fields:
            if each.tag not in tags:
                continue
            try:
                balance = parse_balance(each.lines[0])
            except BadValueError as problem:
                self.findings.notice("value_left_out", each.line, f"A balance was left out: {problem}")
                return None
            if found is not None and found != balance:
                detail = "A balance was left out: it is there twice with different values."
                self.findings.notice("value_left_out", each.line, detail)
                return None
            found = balance
        return found

    def _own(self, at: Message, balance: BalanceField | None, currency: str | None) -> BalanceField | None:
        """The balance, unless it is in another currency than the account."""
        if balance is None or balance.currency in {None, currency}:
            return balance
        detail = "A balance in another currency than that of the account was left out."
        self.findings.notice("value_left_out", at.line, detail)
        return None

    def _rows(self, message: Message, currency: str | None, *, pending: bool) -> list[StatementTransaction]:
        rows = []
        fields = message.fields
        for index, each in enumerate(fields):
            if each.tag != "61":
                continue
            self.rows += 1
            if self.rows > MAX_ROWS:
                raise StatementTooLargeError("The file has too many rows. Download a shorter period.")
            if not self.rows % COUNT_EVERY:
                self.count(self.rows)
            try:
                rows.append(_row(each, _following(fields, index), currency, pending=pending))
            except BadValueError as problem:
                self.findings.reject(each.line, str(problem))
        return rows


def _following(fields: Sequence[Field], index: int) -> list[Field]:
    """The :86: and :NS: fields after a row."""
    end = index + 1
    last = min(index + 21, len(fields))
    while end < last and fields[end].tag in {"86", "NS"}:
        end += 1
    return list(fields[index + 1 : end])


def _row(line: Field, following: list[Field], currency: str | None, *, pending: bool) -> StatementTransaction:
    told = parse_line(line.lines[0])
    if len(following) == 1 and following[0].tag == "86":
        information, other = following[0].lines, []
    else:
        information = [text for each in following if each.tag == "86" for text in each.lines]
        other = [text for each in following if each.tag == "NS" for text in each.lines]
    details = read_details(information, line.lines[1:], other)
    day = told.booked or told.valued
    original = details.original if details.original and details.original[1] != currency else None
    charges = details.charges
    code = told.code
    if details.code or told.reversal:
        code = " ".join([word for word in (code, details.code, "reversal" if told.reversal else "") if word])
    row = StatementTransaction(
        fitid=None,
        date=day,
        posted_at=_noon(day),
        amount=told.amount,
        currency=currency,
        description=details.description or told.own_reference,
        kind=_kind(told.code, told.amount),
        source_code=code[:60],
        reference=details.reference or told.own_reference or told.bank_reference or None,
        settled_on=told.valued if told.valued != day else None,
        status="pending" if pending or told.expected else "posted",
        line=line.line,
    )
    if original:
        row = structs.replace(
            row, original_currency=original[1], original_amount=_as(original[0], told.amount)
        )
    return structs.replace(row, fees=charges[0]) if charges and charges[1] == currency else row


def _kind(code: str, amount: Decimal) -> Kind:
    return _KINDS.get(code[1:4]) or (_OUT if amount < 0 else _IN)


def _as(value: Decimal, amount: Decimal) -> Decimal:
    return value.copy_negate() if amount < 0 else value


def _noon(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)


def _currency(message: Message, *balances: BalanceField | None) -> str | None:
    for balance in balances:
        if balance is not None and balance.currency:
            return balance.currency
    for each in message.fields:
        if each.tag in {"34F", "90C", "90D"} and (match := _CURRENCY.match(each.lines[0])):
            return match.group(1)
    return None


def _account(message: Message, currency: str | None) -> StatementAccount:
    """IBAN, bank and number, or a number alone; some banks write the currency after it."""
    field = next((each for each in message.fields if each.tag in {"25", "25P"}), None)
    text = clean_id(field.lines[0]).removeprefix("/") if field else ""
    bank = None
    if currency and text.endswith(currency) and len(text) > 6:
        text = text[: -len(currency)].rstrip()
    compact = text.replace(" ", "").upper()
    if _IBAN.fullmatch(compact):
        text = compact
    elif match := _BANK.fullmatch(text):
        bank, text = match.groups()
    return StatementAccount(account_id=text, bank_id=bank, type="depository", currency=currency)


def _reference(message: Message) -> str:
    return "/".join(each.lines[0].strip() for each in message.fields if each.tag in {"20", "28", "28C"})
