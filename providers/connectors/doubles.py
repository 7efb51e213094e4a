"""Decimals from vendors that send JSON numbers made of binary doubles."""

from decimal import Context, Decimal

DIGITS = Context(prec=15)  # a double keeps 15 digits of any decimal; those after them are its own


def exact(number: Decimal) -> Decimal:
    """The decimal that was meant: `0.30000000000000004` is 0.3. One of up to 15 digits stays as it is written."""
    if len(number.as_tuple().digits) <= DIGITS.prec:
        return number
    return Decimal(format(DIGITS.plus(number).normalize(), "f"))


def exact_or_none(number: Decimal | None) -> Decimal | None:
    """The same, for a number that may not be told."""
    return None if number is None else exact(number)
