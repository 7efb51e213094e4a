"""Checks of provider data before it may touch a row; a failed check refuses the whole page."""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from dashtam.plain_text import visible
from providers.errors import ProviderUnreadable
from providers.ledger.models.numbers import DIGITS

_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{1,31}", re.ASCII)
LIMIT = Decimal(10) ** DIGITS


def numbers(*values: Decimal | None) -> None:
    """Raise ProviderUnreadable for NaN, infinity, and numbers that a column could only hold rounded."""
    for value in values:
        if value is None:
            continue
        if not value.is_finite() or not -LIMIT < value < LIMIT or _too_fine(value):
            raise ProviderUnreadable(code="absurd_number")


def _too_fine(value: Decimal) -> bool:
    """True if a digit other than zero lies beyond the last decimal of a column."""
    _, digits, exponent = value.as_tuple()
    beyond = -int(exponent) - DIGITS
    return beyond > 0 and any(digits[-beyond:])


def currency(code: str) -> None:
    """Raise ProviderUnreadable unless it can name a unit: `USD`, `BTC`, `USDC.e`, `chase:points`."""
    if len(code) > 32 or not _is_unit(code):
        raise ProviderUnreadable(code="unknown_currency")


@lru_cache(1024)  # rows name few units
def _is_unit(code: str) -> bool:
    return _UNIT.fullmatch(code) is not None


def ids(values: Iterable[str], *, longest: int) -> None:
    """Raise ProviderUnreadable for an empty or over-long id: a cut id could be another row's."""
    for value in values:
        if not value or len(value) > longest or "\x00" in value:
            raise ProviderUnreadable(code="bad_id")


def opaque(value: str, longest: int) -> str:
    """A text that only its provider reads, as a column can hold it: without NUL and lone surrogates."""
    return value.replace("\x00", "").encode(errors="replace").decode()[:longest]


def text(value: str, longest: int) -> str:
    """The text as people may see it, without invisible characters and controls: at most `longest` characters."""
    return visible(value)[:longest]
