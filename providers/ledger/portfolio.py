"""Holdings added up by type, security, currency and account, in one currency: pure, and rounded once in each sum."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from uuid import UUID

from providers.rates.conversion import DIGITS, DayRates, rounded

SAME_TYPES = {"mf": "mutual_fund", "mutualfund": "mutual_fund", "stock": "equity"}


@dataclass(frozen=True, slots=True)
class Position:
    """One holding in its own currency, with its account. `cost` is of the whole holding."""

    account_id: UUID
    account_name: str
    symbol: str
    name: str
    type: str
    cusip: str
    isin: str
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None
    cost: Decimal | None
    currency: str
    as_of: datetime
    provider: str

    @property
    def security(self) -> str:
        """Equal for the same security at two institutions: its ISIN, CUSIP or symbol, else its name."""
        return self.isin or self.cusip or self.symbol or self.name


@dataclass(frozen=True, slots=True)
class Part:
    """Some holdings together, in the base.

    `value` is None where none has a value that can be converted; `cost` and `gain` are of the `compared` holdings,
    whose value and cost are both known, and None where there are none. `share` is of the value of all holdings.
    """

    key: str
    positions: Sequence[Position]
    value: Decimal | None
    cost: Decimal | None
    gain: Decimal | None
    compared: int
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All holdings, and their parts: the most valuable first, those of unknown value last.

    `unpriced` have no value at their institution; `unconverted` are the values, by currency, that have no rate.
    `rates_of` is the day of the oldest rate used; `empty` names investment accounts without a holding.
    """

    currency: str
    total: Part
    by_type: Sequence[Part]
    by_security: Sequence[Part]
    by_currency: Sequence[Part]
    by_account: Sequence[Part]
    unpriced: int
    unconverted: Mapping[str, Decimal]
    rates_of: date | None
    empty: Sequence[str]

    @property
    def priced_from(self) -> datetime | None:
        """The time of the oldest price."""
        return min((each.as_of for each in self.total.positions), default=None)


def portfolio(
    positions: Sequence[Position], rates: DayRates, base: str, empty: Sequence[str] = ()
) -> Portfolio:
    """The holdings added up. All amounts, costs too, are converted at the same rates."""
    with localcontext(prec=DIGITS):
        units = {each.currency for each in positions if rates.convertible(each.currency, base)}
        whole = _part("", positions, rates, base)
        unconverted: dict[str, Decimal] = defaultdict(Decimal)
        for each in positions:
            if each.value is not None and each.currency not in units:
                unconverted[each.currency] += each.value

        def parts(key: Callable[[Position], str]) -> list[Part]:
            return _parts(positions, key, whole.value, rates, base)

        return Portfolio(
            currency=base,
            total=whole,
            by_type=parts(_type),
            by_security=parts(lambda each: each.security),
            by_currency=parts(lambda each: each.currency),
            by_account=parts(lambda each: str(each.account_id)),
            unpriced=sum(each.value is None for each in positions),
            unconverted=dict(unconverted),
            rates_of=min((rate.day for rate in rates.used(units, base)), default=None),
            empty=empty,
        )


def _type(position: Position) -> str:
    """The type of a security, under one name where institutions have several for it."""
    code = position.type.lower().replace(" ", "_")
    return SAME_TYPES.get(code, code)


def _parts(
    positions: Iterable[Position],
    key: Callable[[Position], str],
    whole: Decimal | None,
    rates: DayRates,
    base: str,
) -> list[Part]:
    groups: dict[str, list[Position]] = defaultdict(list)
    for each in positions:
        groups[key(each)].append(each)
    parts = [_part(name, group, rates, base, whole) for name, group in groups.items()]
    return sorted(parts, key=lambda part: (part.value is None, -(part.value or 0), part.key))


def _part(
    key: str, positions: Sequence[Position], rates: DayRates, base: str, whole: Decimal | None = None
) -> Part:
    told = [each for each in positions if rates.convertible(each.currency, base)]
    values = _total([(each.value, each.currency) for each in told], rates, base)
    both = [each for each in told if each.value is not None and each.cost is not None]
    cost = _total([(each.cost, each.currency) for each in both], rates, base)
    compared = _total([(each.value, each.currency) for each in both], rates, base)
    gain = compared - cost if compared is not None and cost is not None else None
    share = values / whole if values is not None and whole is not None and whole > 0 else None
    return Part(key, positions, values, cost, gain, len(both), share)


def _total(amounts: Iterable[tuple[Decimal | None, str]], rates: DayRates, base: str) -> Decimal | None:
    by_unit: dict[str, Decimal] = defaultdict(Decimal)
    for amount, unit in amounts:
        if amount is not None:
            by_unit[unit] += amount
    if not by_unit:
        return None
    total = sum((rates.in_base(amount, unit, base) for unit, amount in by_unit.items()), Decimal(0))
    return total if by_unit.keys() == {base} else rounded(total, base)
