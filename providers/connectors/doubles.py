"""Decimals from vendors that send JSON numbers made of binary doubles."""

from decimal import Context, Decimal, InvalidOperation

DIGITS = Context(prec=15)  # a double keeps 15 digits of any decimal; those after them are its own


def exact(number: Decimal) -> Decimal:
    """The decimal that was meant: `0.30000000000000004` is 0.3. One of up to 15 digits stays as it is written."""
    if len(number.as_tuple().digits) <= DIGITS.prec:
        return number
    return Decimal(format(DIGITS.plus(number).normalize(), "f"))


def exact_or_none(number: Decimal | None) -> Decimal | None:
    """The same, for a number that may not be told."""
    return None if number is None else exact(number)


def number_or_none(told: str | float | None) -> Decimal | None:
    """The number in a text or in JSON, for a detail that is not worth refusing an answer; None for what is none."""
    try:
        number = Decimal(str(told).strip())
    except InvalidOperation:
        return None
    return exact(number) if number.is_finite() else None
