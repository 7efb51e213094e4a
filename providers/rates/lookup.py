"""Reads of the rates that hold on given days. Rates are the same for all people, so no person is named."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from dashtam.bridge.doors import run_db
from providers.rates.conversion import EURO, MAX_AGE, DayRates, EuroRate
from providers.rates.models import ExchangeRate

SHOWN_DIGITS = 12

_HELD = """
SELECT point.day, held.day, held.currency, held.per_euro
FROM unnest(%(days)s::date[]) AS point (day)
CROSS JOIN unnest(%(currencies)s::text[]) AS unit (currency)
CROSS JOIN LATERAL (
    SELECT day, currency, per_euro FROM providers_exchangerate AS rate
    WHERE rate.currency = unit.currency AND rate.day BETWEEN point.day - %(age)s::int AND point.day
    ORDER BY rate.day DESC LIMIT 1
) AS held
"""


@dataclass(frozen=True, slots=True)
class ShownRate:
    """How much of `currency` one unit of the base bought; `date` is the day that the ECB published it for."""

    currency: str
    rate: Decimal
    date: date


def rates_of_days(days: Sequence[date], currencies: Iterable[str]) -> dict[date, DayRates]:
    """The rates of these currencies on each of the days, in one statement (sync)."""
    wanted = sorted(set(currencies) - {EURO})
    found: dict[date, dict[str, EuroRate]] = defaultdict(dict)
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(_HELD, {"days": list(days), "currencies": wanted, "age": MAX_AGE.days})
            for day, published, currency, per_euro in cursor.fetchall():
                found[day][currency] = EuroRate(published, currency, per_euro)
    return {day: DayRates(day, found.get(day, {})) for day in days}


async def rates_on(day: date, base: str) -> list[ShownRate]:
    """All rates of a day against the base, by currency; none where the base itself has no rate on that day.

    Against the euro they are as published; others are rounded to SHOWN_DIGITS significant digits.
    """
    rates = DayRates(day, await run_db(_held_on, day))
    shown = []
    for currency in sorted({*rates.known, EURO} - {base}):
        cross = rates.cross(currency, base)
        if cross is not None:
            used = [rates.known[unit].day for unit in (currency, base) if unit != EURO]
            shown.append(ShownRate(currency, _significant(cross), min(used)))
    return shown


def _held_on(day: date) -> dict[str, EuroRate]:
    rows = ExchangeRate.objects.filter(day__range=(day - MAX_AGE, day)).order_by("currency", "-day")
    newest = rows.distinct("currency").values_list("day", "currency", "per_euro")
    return {currency: EuroRate(published, currency, per_euro) for published, currency, per_euro in newest}


def _significant(number: Decimal) -> Decimal:
    """To SHOWN_DIGITS digits, without zeros at the end."""
    places = max(SHOWN_DIGITS - 1 - number.adjusted(), 0)
    return round(number, places).normalize()
