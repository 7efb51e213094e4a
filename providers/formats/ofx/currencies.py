"""Currencies of a statement and of its rows: CURDEF, CURRENCY, ORIGCURRENCY."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from providers.formats.ofx.fields import Fields
from providers.formats.ofx.findings import OfxFindings
from providers.formats.statement import StatementAccount, StatementHolding, StatementTransaction
from providers.formats.values import BadValueError


def row_currencies(fields: Fields, default: str | None) -> tuple[str | None, str | None, Decimal | None]:
    """Currency of the amounts, original currency, and rate (account currency per unit of the other).

    CURRENCY: the amounts are in CURSYM. ORIGCURRENCY: they were converted from CURSYM (OFX 5.2).
    """
    if not fields.node.children and not {"CURRENCY", "ORIGCURRENCY"} & fields.node.values.keys():
        return default, None, None
    own, original = fields.within("CURRENCY"), fields.within("ORIGCURRENCY")
    currency = own.currency("CURSYM") or fields.currency("CURRENCY") or default
    foreign = original.currency("CURSYM") or fields.currency("ORIGCURRENCY")
    if foreign:
        return currency, foreign, _rate(original)
    return currency, None, _rate(own) if currency != default else None


def _rate(fields: Fields) -> Decimal | None:
    try:
        rate = fields.maybe_amount("CURRATE")
    except BadValueError:
        return None
    return rate if rate and rate > 0 else None


def with_currency(
    account: StatementAccount,
    rows: Iterable[StatementTransaction | StatementHolding],
    fields: Fields,
    findings: OfxFindings,
) -> StatementAccount:
    """The account with a currency: that of CURDEF, else the one that every single row states at the rate of 1.

    Without CURDEF a notice is added, which says where the currency is from.
    """
    if account.currency is not None:
        return account
    stated = {(row.currency, row.exchange_rate or Decimal(1)) for row in rows}
    currency, rate = stated.pop() if len(stated) == 1 else (None, None)
    detail = "The file does not say which currency this account is in."
    if currency and rate == 1:
        account = replace(account, currency=currency)
        detail += f" Every row of it is in {currency}, so that is taken."
    findings.notice("currency_missing", fields.node.line, detail)
    return account
