"""The balance, its time and the holdings of a statement, as an account can keep them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from zoneinfo import ZoneInfo

from dashtam.ui.currencies import minor_units
from providers.formats import Statement, StatementHolding
from providers.imports.arriving.told import ImportNotice
from providers.imports.statement_rows import security_id, security_record
from providers.ledger.models import FinancialAccount
from providers.ledger.money import total
from providers.records import HoldingRecord, HoldingsRecord, Lacking

_EXACT = 160


@dataclass(frozen=True, slots=True)
class Time:
    """When a balance was so: the day where the institution is, and the moment. Neither is ever in the future."""

    day: date
    moment: datetime
    notice: ImportNotice | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A closing balance, and the part of the account that it does not count."""

    amount: Decimal
    lacks: Lacking = ""


def time_of(statement: Statement, now: datetime, time_zone: str) -> Time:
    """The time of the balance; for a day that has not come, the end of the statement, today at the latest.

    Today is the person's own day, where it is already later than in UTC. A time with a zone that has passed keeps
    its day, wherever that is.
    """
    today = max(now.astimezone(UTC).date(), now.astimezone(ZoneInfo(time_zone)).date())
    day, moment = statement.balance_date, statement.balance_as_of
    if day is not None:
        told = moment or datetime.combine(day, time(12), UTC)  # a table says the day alone
        if day <= today or told <= now:
            return Time(day, min(told, now))
    latest = min(today, statement.end or today)
    at_latest = min(now, datetime.combine(latest, time(12), UTC))
    if day is None:
        return Time(latest, at_latest if statement.end else now)
    detail = f"The file dates the balance {day}, which has not come yet. It counts for {latest}."
    return Time(latest, at_latest, {"code": "date_in_future", "detail": detail, "line": None})


def value_of(statement: Statement, currency: str) -> Value | None:
    """The closing balance; of an investment account its stated value, else the sum of cash and valued holdings."""
    if statement.ledger_balance is not None:
        return Value(statement.ledger_balance)
    if statement.stated_value is not None:
        return Value(statement.stated_value)
    if statement.account.type != "investment":
        return None
    values = [_value_in(holding, currency) for holding in statement.holdings]
    known = [value for value in values if value is not None]
    if statement.cash_balance is None and not known and not _holds_nothing(statement):
        return None
    complete = statement.lists_holdings and not statement.unread_holdings and len(known) == len(values)
    cash = (statement.cash_balance, statement.margin_balance, statement.short_balance)
    amount = total([*known, *(each for each in cash if each is not None)])
    return Value(amount, _lacks(cash=statement.cash_balance is not None, holdings=complete))


def _holds_nothing(statement: Statement) -> bool:
    return statement.lists_holdings and not statement.holdings and not statement.unread_holdings


def _lacks(*, cash: bool, holdings: bool) -> Lacking:
    if cash:
        return "" if holdings else "holdings"
    return "cash" if holdings else "cash_and_holdings"


def _value_in(holding: StatementHolding, currency: str) -> Decimal | None:
    """The value of a holding in the account's currency, if the file states it or the rate."""
    value = holding.market_value
    if value is None or (holding.currency or currency) == currency:
        return value
    if holding.exchange_rate is None:
        return None
    with localcontext(prec=_EXACT):
        cents = Decimal(1).scaleb(-minor_units(currency))
        return (value * holding.exchange_rate).quantize(cents, rounding=ROUND_HALF_EVEN)


def holdings_of(account: FinancialAccount, statement: Statement, as_of: datetime) -> HoldingsRecord:
    """One holding per security: a file lists the same one again for each sub-account.

    The cost basis stays open, because files do not say whether theirs is per unit or of the holding.
    """
    holdings: dict[str, HoldingRecord] = {}
    for holding in statement.holdings:
        name = security_id(account.user_id, holding.security)
        currency = holding.currency or account.currency
        quantity, value = holding.quantity, holding.market_value
        before = holdings.get(name)
        if before is not None:
            quantity = total([quantity, before.quantity])
            value = _sum([value, before.market_value]) if currency == before.currency else None
        holdings[name] = HoldingRecord(
            security_id=name,
            quantity=quantity,
            price=holding.price,
            market_value=value,
            cost_basis=None,
            currency=currency,
        )
    described = [
        security_record(account.user_id, each.security, account.currency) for each in statement.holdings
    ]
    complete = not statement.unread_holdings
    return HoldingsRecord(as_of, list(holdings.values()), described, complete=complete)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = list(amounts)
    return None if None in known else total(amount for amount in known if amount is not None)
