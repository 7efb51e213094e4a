"""Exact decimals as text, as the API promises them."""

from decimal import Decimal

DECIMALS = {"JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}


def plain(amount: Decimal | None, currency: str) -> str | None:
    """With at least the currency's own decimals."""
    if amount is None:
        return None
    whole, _, fraction = _digits(amount).partition(".")
    fraction = fraction.ljust(DECIMALS.get(currency, 2), "0")
    return f"{whole}.{fraction}" if fraction else whole


def plain_number(number: Decimal | None) -> str | None:
    """With the digits it has."""
    return None if number is None else _digits(number)


def _digits(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
