"""Account, period and balances of a CAMT statement, report or notification."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element

from providers.formats.camt.fields import Reader, When, amount_of, parse_when, signed
from providers.formats.findings import Findings
from providers.formats.joining import Draft
from providers.formats.statement import Institution, Statement, StatementAccount, StatementTransaction
from providers.formats.values import BadValueError
from providers.records import AccountType

_TYPES: dict[str, tuple[AccountType, str | None]] = {
    "CARD": ("credit", "credit_card"),
    "LOAN": ("loan", None),
    "MGLD": ("loan", None),
}
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), ("CLBD",), ("ITBD",)
_AVAILABLE = ("CLAV", "ITAV")


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance as it stands in the file."""

    code: str
    amount: Decimal
    currency: str | None
    when: When | None


def read_statement(
    reader: Reader,
    element: Element,
    rows: list[StatementTransaction],
    line: int,
    findings: Findings,
    *,
    interim: bool,
) -> Draft:
    """The statement around rows that were read already."""
    balances = _balances(reader, element, line, findings)
    account = _account(reader, element, balances, rows)
    if account.currency is None:
        detail = "The file does not say which currency this account is in."
        findings.notice("currency_missing", line, detail)
    own = [each for each in balances if each.currency in {None, account.currency}]
    if len(own) < len(balances):
        detail = "A balance in another currency than that of the account was left out."
        findings.notice("value_left_out", line, detail)
    opening, closing = _ends(own, interim=interim)
    available = next((each for code in _AVAILABLE for each in reversed(own) if each.code == code), None)
    days = [row.date for row in rows]
    period = reader.at(element, "FrToDt")
    dated = closing or available
    start = _day(reader, period, "FrDtTm", "FrDt") or min(days, default=None)
    end = _day(reader, period, "ToDtTm", "ToDt")
    if end is None:
        end = max([*days, *([closing.when[0]] if closing and closing.when else ())], default=None)
    return Draft(
        Statement(
            account=account,
            institution=_institution(reader, element),
            start=start or end,
            end=end,
            opening_balance=opening.amount if opening else None,
            opening_date=opening.when[0] if opening and opening.when else None,
            ledger_balance=closing.amount if closing else None,
            available_balance=available.amount if available else None,
            balance_date=dated.when[0] if dated and dated.when else None,
            balance_as_of=dated.when[1] if dated and dated.when else None,
        ),
        line,
        rows,
        interim,
        reader.id(element, "Id"),
    )


def _ends(balances: list[Balance], *, interim: bool) -> tuple[Balance | None, Balance | None]:
    """Opening and closing balance. Pages of a statement have interim ones: the first opens, the last closes.

    A report of a day in progress has its latest interim balance as the last one.
    """
    between = [each for each in balances if each.code in _INTERIM]
    opening = next((each for code in _OPENING for each in balances if each.code == code), None)
    closing = next((each for each in reversed(balances) if each.code in _CLOSING), None)
    if closing is None and between and (interim or opening is not None or len(between) > 1):
        closing = between[-1]
    if opening is None and between and between[0] is not closing:
        opening = between[0]
    return opening, closing


def _balances(reader: Reader, element: Element, line: int, findings: Findings) -> list[Balance]:
    balances = []
    for block in reader.every(element, "Bal"):
        code = reader.text(block, "Tp/CdOrPrtry/Cd", "Tp/Cd", "Tp/CdOrPrtry/Prtry")
        try:
            found = reader.children(block)
            value, currency = amount_of(found.get("Amt"))
            amount = signed(value, found.get("CdtDbtInd"))
            balances.append(Balance(code, amount, currency, reader.when(found.get("Dt"))))
        except BadValueError as problem:
            findings.notice("value_left_out", line, f"The balance {code[:20]} was left out: {problem}")
    return balances


def _account(
    reader: Reader, element: Element, balances: list[Balance], rows: list[StatementTransaction]
) -> StatementAccount:
    account = reader.at(element, "Acct")
    kind = _TYPES.get(reader.text(account, "Tp/Cd"), ("depository", None))
    iban = reader.id(account, "Id/IBAN").replace(" ", "").upper()
    number = iban or reader.id(account, "Id/Othr/Id", "Id/BBAN", "Id/PrtryAcct/Id", "Id/UPIC")
    currency = reader.text(account, "Ccy")
    if not currency:
        named = {each.currency for each in balances} or {row.currency for row in rows}
        currency = (named.pop() or "") if len(named) == 1 else ""
    bank = reader.id(account, "Svcr/FinInstnId/ClrSysMmbId/MmbId", "Svcr/FinInstnId/CmbndId/ClrSysMmbId/Id")
    return StatementAccount(
        account_id=number,
        bank_id=None if iban else bank or None,
        type=kind[0],
        subtype=kind[1],
        currency=currency if len(currency) == 3 and currency.isalpha() else None,
        name=reader.text(account, "Nm") or None,
    )


def _institution(reader: Reader, element: Element) -> Institution:
    servicer = reader.at(element, "Acct/Svcr/FinInstnId")
    code = reader.id(servicer, "BICFI", "BIC", "CmbndId/BIC")
    name = reader.text(servicer, "Nm", "NmAndAdr/Nm", "CmbndId/Nm")
    return Institution(name=name or None, fid=code or None)


def _day(reader: Reader, period: Element | None, moment: str, day: str) -> dt.date | None:
    text = reader.text(period, moment, day)
    try:
        return parse_when(text)[0] if text else None
    except BadValueError:
        return None
