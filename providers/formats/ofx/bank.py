"""Bank and card statements: STMTRS and CCSTMTRS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import chain

from msgspec import structs

from providers.formats.identity import with_identities
from providers.formats.ofx.currencies import row_currencies, with_currency
from providers.formats.ofx.fields import Fields
from providers.formats.ofx.findings import OfxFindings
from providers.formats.ofx.tree import Node
from providers.formats.statement import Statement, StatementAccount, StatementTransaction
from providers.formats.values import BadValueError, join_description
from providers.records import AccountType, Kind

_CENT = Decimal("0.01")
# What banks write into rows that tell a balance, the whole of it: in English, Portuguese, Spanish, Italian, German,
# French and Dutch. Such rows have no FITID; movements with these words do.
_BALANCE = re.compile(
    r"(?:(?:opening|closing|beginning|starting|ending|previous) balance"
    r"|balance (?:brought forward|carried forward|forward)"
    r"|saldo (?:anterior|inicial|final|do dia|del dia|iniziale|finale|precedente)|s a l d o"
    r"|anfangssaldo|endsaldo|saldovortrag|beginsaldo|eindsaldo"
    r"|(?:ancien|nouveau) solde|solde (?:initial|final|précédent|precedent))[ \d./:-]*"
)
_SECTIONS = frozenset({"BANKACCTFROM", "CCACCTFROM", "BANKTRANLIST", "STMTTRN", "LEDGERBAL", "AVAILBAL"})
_KINDS = {
    "CREDIT": Kind.CREDIT,
    "DEBIT": Kind.DEBIT,
    "INT": Kind.INTEREST,
    "DIV": Kind.DIVIDEND,
    "FEE": Kind.FEE,
    "SRVCHG": Kind.FEE,
    "DEP": Kind.DEPOSIT,
    "DIRECTDEP": Kind.DEPOSIT,
    "ATM": Kind.ATM,
    "POS": Kind.PURCHASE,
    "XFER": Kind.TRANSFER,
    "CHECK": Kind.CHECK,
    "PAYMENT": Kind.PAYMENT,
    "DIRECTDEBIT": Kind.PAYMENT,
    "REPEATPMT": Kind.PAYMENT,
}
_ACCOUNTS: dict[str, tuple[AccountType, str | None]] = {
    "": ("depository", None),
    "CHECKING": ("depository", "checking"),
    "SAVINGS": ("depository", "savings"),
    "MONEYMRKT": ("depository", "money_market"),
    "CD": ("depository", "cd"),
    "CREDITLINE": ("credit", "line_of_credit"),
    "CREDITCARD": ("credit", "credit_card"),
    "LOAN": ("loan", None),
    "MORTGAGE": ("loan", "mortgage"),
}


def read_bank_statement(fields: Fields, findings: OfxFindings) -> Statement:
    """A STMTRS, a CCSTMTRS, or a BANKTRANLIST that some exporters write without either.

    The day of the balance is that of the closing balance or, without one, that of the available balance.
    """
    if fields.node.tag == "BANKTRANLIST":
        fields = fields.of(_wrapped(fields.node))
    account = _account(fields, findings)
    default = account.currency
    fields = replace(fields, currency_code=default or "")
    transactions = findings.rows(_rows(fields), lambda row: read_bank_row(row, default))
    account = with_currency(account, transactions, fields, findings)
    fields = replace(fields, currency_code=account.currency or "")
    findings.sections(fields.node, _SECTIONS)
    period = fields.within("BANKTRANLIST")
    start = findings.value(period, "DTSTART", period.maybe_when)
    end = findings.value(period, "DTEND", period.maybe_when)
    ledger, available = fields.within("LEDGERBAL"), fields.within("AVAILBAL")
    ledger_balance = findings.value(ledger, "BALAMT", ledger.maybe_amount)
    dated = available if ledger_balance is None else ledger
    as_of = findings.value(dated, "DTASOF", dated.maybe_when)
    return Statement(
        account=account,
        start=start[0] if start else None,
        end=end[0] if end else None,
        ledger_balance=ledger_balance,
        available_balance=findings.value(available, "BALAMT", available.maybe_amount),
        balance_date=as_of[0] if as_of else None,
        balance_as_of=as_of[1] if as_of else None,
        transactions=with_identities(transactions),
    )


def read_bank_row(fields: Fields, currency: str | None) -> StatementTransaction:
    """A STMTTRN. Raises BadValueError when its day or amount is not certain."""
    if fields.node.tag != "STMTTRN":
        raise BadValueError(f"We do not know this kind of row ({fields.node.tag[:40]}).")
    day, moment = fields.when("DTPOSTED")
    amount = fields.amount("TRNAMT")
    code = fields.word("TRNTYPE")
    fitid, description = fields.id("FITID"), _description(fields)
    if not (fitid or "").strip("0") and _BALANCE.fullmatch(description.casefold()):
        raise BadValueError("This row tells a balance, not a transaction, so it was not added.")
    row_currency, original, rate = row_currencies(fields, currency)
    row = StatementTransaction(
        fitid=fitid,
        date=day,
        posted_at=moment,
        amount=amount,
        currency=row_currency,
        description=description,
        kind=_kind(code, amount),
        source_code=code,
        check_number=fields.id("CHECKNUM"),
        reference=fields.id("REFNUM"),
        line=fields.node.line,
    )
    if original or rate is not None:
        found = _original_amount(amount, rate) if original else None
        row = structs.replace(row, original_currency=original, original_amount=found, exchange_rate=rate)
    corrected, action = fields.id("CORRECTFITID"), fields.word("CORRECTACTION") or None
    if corrected or action:
        row = structs.replace(row, correct_fitid=corrected, correct_action=action)
    return row


def _wrapped(node: Node) -> Node:
    statement = Node("STMTRS", node.line)
    statement.add(node)
    return statement


def _rows(fields: Fields) -> Iterator[Fields]:
    stray = [fields.of(node) for node in fields.node.children if node.tag == "STMTTRN"]
    return chain(fields.below("BANKTRANLIST"), stray)


def _description(fields: Fields) -> str:
    name = fields.text("NAME") or fields.within("PAYEE").text("NAME") or fields.text("PAYEE")
    name = name or fields.text("EXTDNAME")
    return join_description(name, fields.text("MEMO"))


def _kind(code: str, amount: Decimal) -> Kind:
    if code == "CASH":
        return Kind.CASH_OUT if amount < 0 else Kind.CASH_IN
    return _KINDS.get(code, Kind.UNKNOWN)


def _original_amount(amount: Decimal, rate: Decimal | None) -> Decimal | None:
    if rate is None:
        return None
    try:
        return (amount / rate).quantize(_CENT)
    except InvalidOperation:  # more digits than an amount of money has
        return None


def _account(fields: Fields, findings: OfxFindings) -> StatementAccount:
    source = fields.within("BANKACCTFROM")
    if fields.node.tag == "CCSTMTRS" or fields.node.child("CCACCTFROM"):
        kind: tuple[AccountType, str | None] = ("credit", "credit_card")
        source = fields.within("CCACCTFROM")
    else:
        word = source.word("ACCTTYPE")
        kind = _ACCOUNTS.get(word, ("other", word.lower()))
    return StatementAccount(
        account_id=findings.value(source, "ACCTID", source.id) or "",
        bank_id=findings.value(source, "BANKID", source.id),
        branch_id=findings.value(source, "BRANCHID", source.id),
        type=kind[0],
        subtype=kind[1],
        currency=fields.currency("CURDEF"),
    )
