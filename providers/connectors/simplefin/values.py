"""Values of SimpleFIN's JSON: read as the protocol has them, and refused where they are something else."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dashtam.plain_text import visible

_MONEY = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([Ee][+-]?\d{1,2})?")
_LATEST = 253_402_300_799  # the last second of the year 9999


class Misread(ValueError):
    """A value that is not what the protocol says; the message is its name alone."""


def money(found: Mapping[str, Any], name: str) -> Decimal | None:
    """An exact decimal, which the protocol writes as a string; None for none. Raises Misread."""
    value = found.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and _MONEY.fullmatch(value.strip()):
        return _unsigned_zero(_plain(Decimal(value.strip())))
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return _unsigned_zero(_plain(Decimal(value)))
    raise Misread(name)


def _plain(value: Decimal) -> Decimal:
    """The same without a power of ten above it: 1E+3 is 1000."""
    return value if int(value.as_tuple().exponent) <= 0 else Decimal(int(value))


def _unsigned_zero(value: Decimal) -> Decimal:
    return value or value.copy_abs()


def needed(found: Mapping[str, Any], name: str) -> Decimal:
    """A decimal that has to be there. Raises Misread."""
    value = money(found, name)
    if value is None:
        raise Misread(name)
    return value


def moment(found: Mapping[str, Any], name: str) -> datetime | None:
    """A time in seconds since 1970; None where it is absent, which 0 means too. Raises Misread."""
    value = found.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value > _LATEST:
        raise Misread(name)
    return datetime.fromtimestamp(int(value), UTC) if value > 0 else None


def text(found: Mapping[str, Any], *names: str, longest: int = 1000) -> str:
    """The first of these that says something, as people may see it."""
    for name in names:
        value = found.get(name)
        if isinstance(value, str) and (shown := visible(value).strip()):
            return shown[:longest]
    return ""


def mapping(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Any]:
    """The list, or an empty one in place of anything else."""
    return value if isinstance(value, list) else []
