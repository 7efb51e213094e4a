"""Amounts as text: exact decimals, never with an exponent, never rounded."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import overload

from dashtam.ui.currencies import minor_units


@overload
def plain(amount: Decimal, currency: str) -> str: ...
@overload
def plain(amount: Decimal | None, currency: str) -> str | None: ...
def plain(amount: Decimal | None, currency: str) -> str | None:
    """Money with at least the currency's own decimals (ISO 4217): `12.50`, `500` yen, `0.000001`."""
    return padded(None if amount is None else _digits(amount), currency)


@overload
def padded(digits: str, currency: str) -> str: ...
@overload
def padded(digits: str | None, currency: str) -> str | None: ...
def padded(digits: str | None, currency: str) -> str | None:
    """Digits with at least the currency's own decimals; see `plain`."""
    if digits is None:
        return None
    whole, _, fraction = digits.partition(".")
    fraction = fraction.ljust(minor_units(currency), "0")
    return f"{whole}.{fraction}" if fraction else whole


@overload
def plain_number(number: Decimal) -> str: ...
@overload
def plain_number(number: Decimal | None) -> str | None: ...
def plain_number(number: Decimal | None) -> str | None:
    """A quantity or a price, with the digits it has: `1200`, `0.00052`."""
    return None if number is None else _digits(number)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; Python's own stops at 28 digits, and our columns hold 36."""
    with localcontext(prec=80):
        return sum(amounts, Decimal(0))


def _digits(number: Decimal) -> str:
    """The number's digits without trailing zeros; never minus zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
