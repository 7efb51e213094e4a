"""Closing prices: a daily random walk per security, the same for everyone, weekends flat."""

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from providers.simulator.books.dice import Dice
from providers.simulator.books.securities import SECURITIES

EPOCH = date(2020, 1, 1)  # no price exists before this day
_SCALE = 100  # walk in hundredths of a cent, quote in cents


def price(security_id: str, day: date) -> Decimal:
    """The close of the day, or of the last trading day before it."""
    return Decimal(_walk(security_id, day.year)[(day - EPOCH).days]).scaleb(-2)


def is_trading_day(day: date) -> bool:
    """Monday to Friday; this market knows no holidays."""
    return day.weekday() < 5


@lru_cache(maxsize=32)
def _walk(security_id: str, through_year: int) -> tuple[int, ...]:
    security = SECURITIES[security_id]
    dice = Dice("price", security_id)
    level = security.price * _SCALE
    prices = []
    for number in range((date(through_year + 1, 1, 1) - EPOCH).days):
        if is_trading_day(EPOCH + timedelta(days=number)):
            # Three dice make small steps common and large ones rare.
            step = sum(dice.between(-security.swing, security.swing) for _ in range(3)) // 2 + security.drift
            level = max(level + level * step // 10_000, _SCALE)
        prices.append(level // _SCALE)
    return tuple(prices)
