"""Reads of the rates that hold on given days. Rates are the same for all people, so no person is named."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from dashtam.bridge.doors import run_db
from providers.rates.conversion import EURO, MAX_AGE, DayRates, EuroRate
from providers.rates.models import MARKER

SHOWN_DIGITS = 12

_HELD = """
SELECT point.day, published.day, held.day, held.currency, held.per_euro
FROM unnest(%(days)s::date[]) AS point (day)
CROSS JOIN LATERAL (
    SELECT max(day) AS day FROM providers_exchangerate WHERE currency = %(marker)s AND day <= point.day
) AS published
CROSS JOIN unnest(%(currencies)s::text[]) AS unit (currency)
CROSS JOIN LATERAL (
    SELECT day, currency, per_euro FROM providers_exchangerate AS rate
    WHERE rate.currency = unit.currency AND rate.day BETWEEN published.day - %(age)s::int AND published.day
    ORDER BY rate.day DESC LIMIT 1
) AS held
"""

_PUBLISHED = """
SELECT DISTINCT ON (rate.currency) published.day, rate.day, rate.currency, rate.per_euro
FROM (SELECT max(day) AS day FROM providers_exchangerate WHERE currency = %(marker)s AND day <= %(day)s) AS published
JOIN providers_exchangerate AS rate ON rate.day BETWEEN published.day - %(age)s::int AND published.day
ORDER BY rate.currency, rate.day DESC
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
    publications: dict[date, date] = {}
    if wanted:
        with connection.cursor() as cursor:
            age = MAX_AGE.days
            parameters: dict[str, Any] = {"currencies": wanted, "age": age, "marker": MARKER}
            cursor.execute(_HELD, {"days": list(days), **parameters})
            for day, published, held, currency, per_euro in cursor.fetchall():
                publications[day] = published
                found[day][currency] = EuroRate(held, currency, per_euro)
    return {day: DayRates(publications.get(day, day), found.get(day, {})) for day in days}


async def rates_on(day: date, base: str) -> list[ShownRate]:
    """All rates of a day against the base, by currency; none where the base itself has no rate on that day.

    Against the euro they are as published; others are rounded to SHOWN_DIGITS significant digits.
    """
    rates = await run_db(_rates_on, day)
    shown = []
    for currency in sorted({*rates.known, EURO} - {base}):
        cross = rates.cross(currency, base)
        if cross is not None:
            used = [rates.known[unit].day for unit in (currency, base) if unit != EURO]
            shown.append(ShownRate(currency, _significant(cross), min(used)))
    return shown


def _rates_on(day: date) -> DayRates:
    with connection.cursor() as cursor:
        cursor.execute(_PUBLISHED, {"day": day, "age": MAX_AGE.days, "marker": MARKER})
        rows = cursor.fetchall()
    known = {currency: EuroRate(held, currency, per_euro) for _, held, currency, per_euro in rows}
    return DayRates(rows[0][0] if rows else day, known)


def _significant(number: Decimal) -> Decimal:
    """To SHOWN_DIGITS digits, without zeros at the end."""
    places = max(SHOWN_DIGITS - 1 - number.adjusted(), 0)
    return round(number, places).normalize()
