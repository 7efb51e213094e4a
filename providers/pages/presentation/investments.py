"""Investments in rows: parts of the whole with shares and gains, and each security with its accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from dashtam.ui.formats import MINUS, share_text
from providers import connectors
from providers.ledger.portfolio import Part, Portfolio

# types of securities as providers name them, where a capital letter does not make a word
TYPES = {
    "etf": "ETF",
    "mutual_fund": "Mutual fund",
    "reit": "REIT",
    "cd": "CD",
    "": "Not classified",
}


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part with its name. `gain_percent` and `share_text` are empty where they are not known."""

    name: str
    part: Part
    share_text: str
    gain_percent: str
    partly: str


@dataclass(frozen=True, slots=True)
class AccountOf:
    """An account that holds some units of a security."""

    id: UUID
    name: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class SecurityRow:
    """A security over all accounts. `price` is None where the accounts do not agree in its currency."""

    row: PartRow
    symbol: str
    quantity: Decimal
    price: Decimal | None
    currency: str
    as_of: datetime
    accounts: Sequence[AccountOf]


@dataclass(frozen=True, slots=True)
class InvestmentRows:
    """The rows of the page. `stale` is true where a price is older than its source lets one expect."""

    total: PartRow
    stale: bool
    types: Sequence[PartRow]
    currencies: Sequence[PartRow]
    accounts: Sequence[PartRow]
    securities: Sequence[SecurityRow]


def investment_rows(found: Portfolio) -> InvestmentRows:
    """The rows of these investments."""
    now = timezone.now()
    return InvestmentRows(
        total=_row("All investments", found.total),
        stale=any(
            connectors.prices_overdue(each.provider, each.as_of, now) for each in found.total.positions
        ),
        types=[_row(_type_name(part.key), part) for part in found.by_type],
        currencies=[_row(part.key, part) for part in found.by_currency],
        accounts=[_row(part.positions[0].account_name, part) for part in found.by_account],
        securities=[_security_row(part) for part in found.by_security],
    )


def _type_name(code: str) -> str:
    return TYPES.get(code) or code.replace("_", " ").capitalize()


def _row(name: str, part: Part) -> PartRow:
    count = len(part.positions)
    return PartRow(
        name=name,
        part=part,
        share_text="" if part.share is None else share_text(part.share),
        gain_percent=_percent(part.gain, part.cost),
        partly=f"known for {part.compared:,} of {count:,} holdings" if 0 < part.compared < count else "",
    )


def _percent(gain: Decimal | None, cost: Decimal | None) -> str:
    """A percentage with a real minus sign, or a plus, so that the direction does not depend on colour."""
    if gain is None or not cost:
        return ""
    sign = "+" if gain > 0 else MINUS if gain < 0 else ""
    return f"{sign}{abs(gain / cost) * 100:,.1f}%"


def _security_row(part: Part) -> SecurityRow:
    newest = max(part.positions, key=lambda each: each.as_of)
    units: dict[UUID, AccountOf] = {}
    for each in part.positions:
        before = units[each.account_id].quantity if each.account_id in units else Decimal(0)
        units[each.account_id] = AccountOf(each.account_id, each.account_name, before + each.quantity)
    one_currency = len({each.currency for each in part.positions}) == 1
    return SecurityRow(
        row=_row(newest.name, part),
        symbol=newest.symbol,
        quantity=sum((each.quantity for each in part.positions), Decimal(0)),
        price=newest.price if one_currency else None,
        currency=newest.currency,
        as_of=min(each.as_of for each in part.positions),
        accounts=list(units.values()),
    )
