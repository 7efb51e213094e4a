"""Amounts and dates as OFX files write them."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache

from providers.formats.values import MAX_DECIMALS, MAX_INTEGER_DIGITS, BadValueError, clean_text

_NUMBER = re.compile(r"([+-]?) ?([0-9.,]{1,60})")
_SPACED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?![0-9 ])")
_SEPARATOR = re.compile(r"['\u2019]")
_COMMA_DECIMALS = re.compile(
    r"<(?:TRNAMT|BALAMT|TOTAL|UNITS|MKTVAL)>\s{0,20}[-+]?[0-9.]{1,30},[0-9]{1,2}\s{0,20}<", re.IGNORECASE
)
MAX_WHEN = 960  # characters that are looked at
_DATE = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[T ]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?(?:[.,:][0-9]{1,9})?)?"
    r"\s*(?:\[([^\]]{0,40})\]?|(Z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_SLASHED = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
_ISO_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_OFFSET = re.compile(r"\s*([+-]?)([0-9]{1,2})(?:([.:])([0-9]{1,2}))?\s*(?::.*)?")


# The currencies that each sign may stand for; beside them, an amount may name its ISO 4217 code.
_SIGNS = {
    "R$": "BRL",
    "US$": "USD",
    "$": "USD CAD AUD NZD HKD SGD MXN ARS CLP COP",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY CNY",
}
_SIGN = r"R\$|US\$|[$€£¥]|[A-Z]{3}"
_BEFORE, _AFTER = re.compile(rf"([+-]?) ?({_SIGN}) ?(.+)"), re.compile(rf"(.+?) ?({_SIGN})")


def uses_decimal_commas(text: str) -> bool:
    """True if the file has amounts that can only be decimal commas, such as `12,50`."""
    return _COMMA_DECIMALS.search(text) is not None


def parse_amount(raw: str, *, decimal_commas: bool = False, currency: str = "") -> Decimal:
    """An exact number. A lone point is a decimal point, as OFX says, unless the file uses decimal commas.

    `1,234` could be a thousand or a fraction (OFX allows the decimal comma): refused. So is `1.234` in a file
    with decimal commas, and a currency sign other than that of `currency`. Raises BadValueError.
    """
    text = _SEPARATOR.sub(" ", clean_text(raw, 80)).replace("\u2212", "-")
    if not text.isascii() or "$" in text or text[-1:].isalpha() or text[:1].isalpha():
        text = _without_sign(text, currency)
    match = _NUMBER.fullmatch(_SPACED.sub(lambda group: group.group().replace(" ", ""), text))
    if not match or not any(char.isdigit() for char in text):
        raise BadValueError(f"“{clean_text(raw, 40)}” is not a number.")
    whole, fraction = _split_number(match.group(2), decimal_commas=decimal_commas)
    if whole is None:
        raise BadValueError(f"“{clean_text(raw, 40)}” could be read as two different numbers.")
    whole, fraction = whole.lstrip("0"), fraction if len(fraction) <= MAX_DECIMALS else fraction.rstrip("0")
    if len(whole) > MAX_INTEGER_DIGITS or len(fraction) > MAX_DECIMALS:
        raise BadValueError(f"“{clean_text(raw, 40)}” has more digits than any amount of money.")
    point = "." if fraction else ""
    return Decimal(f"{match.group(1)}{whole or 0}{point}{fraction}")


def _without_sign(text: str, currency: str) -> str:
    if match := _BEFORE.fullmatch(text):
        minus, sign, number = match.groups()
    elif match := _AFTER.fullmatch(text):
        minus, (number, sign) = "", match.groups()
    else:
        return text
    if not currency or currency not in _SIGNS.get(sign, sign).split():
        raise BadValueError(f"“{text[:40]}” is not an amount in the currency of this account.")
    return minus + number


def _split_number(digits: str, *, decimal_commas: bool) -> tuple[str | None, str]:
    """Integer and fraction digits; None when it is not certain which is which."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        mark = "." if digits.rfind(".") > digits.rfind(",") else ","
        whole, _, fraction = digits.rpartition(mark)
        group = "," if mark == "." else "."
        return (whole.replace(group, ""), fraction) if _grouped(whole, group) else (None, "")
    if points + commas > 1:
        group = "." if points else ","
        return (digits.replace(group, ""), "") if _grouped(digits, group) else (None, "")
    mark = "," if commas else "."
    whole, _, fraction = digits.partition(mark)
    doubtful = bool(commas) or decimal_commas
    if doubtful and len(fraction) == 3 and 1 <= len(whole.lstrip("0")) <= 3:
        return None, ""
    return whole, fraction


def _grouped(whole: str, group: str) -> bool:
    """Thousands groups, Indian ones included: 1,234,567 and 12,34,567."""
    head, *middle, tail = whole.split(group)
    return 1 <= len(head) <= 3 and len(tail) == 3 and all(2 <= len(part) <= 3 for part in middle)


def parse_when(raw: str) -> tuple[dt.date, dt.datetime]:
    """The calendar day as written, and the moment in UTC; see StatementTransaction for the rules.

    Reads `YYYYMMDD[HHMM[SS[.XXX]]][[+-]h[.frac][:TZ]]`, also with ISO 8601 punctuation and offset, and a day
    with slashes if it can only be read in one way. A time or zone that is not certain costs the time, not the
    day. Raises BadValueError.
    """
    return _when(clean_text(raw, 80))


@lru_cache(4096)  # a file has many rows of few days
def maybe_when(raw: str) -> tuple[dt.date, dt.datetime] | None:
    """Day and moment; None for an empty one, which some banks fill with zeros. Raises BadValueError."""
    text = clean_text(raw, 80)
    return _when(text) if text.strip("0") else None


def _when(text: str) -> tuple[dt.date, dt.datetime]:
    match = _DATE.fullmatch(text)
    if not match:
        return _at_noon(text, *_slashed(text))
    year, month, day = (int(part) for part in match.groups()[:3])
    written, noon = _at_noon(text, year, month, day)
    hour, minute, second, zone, iso = match.groups()[3:]
    offset = _offset(zone or "0") if iso is None else _iso_offset(iso)
    if hour is None or offset is None:
        return written, noon
    try:
        local = noon.replace(hour=int(hour), minute=int(minute), second=int(second or 0))
    except ValueError:
        return written, noon
    return written, local - offset


def _at_noon(text: str, year: int, month: int, day: int) -> tuple[dt.date, dt.datetime]:
    try:
        noon = dt.datetime(year, month, day, 12, tzinfo=dt.UTC)
    except ValueError:
        raise BadValueError(f"“{text[:40]}” is not a date in the calendar.") from None
    if not 1900 <= year < 2200:
        raise BadValueError(f"“{text[:40]}” is not a plausible date.")
    return noon.date(), noon


def _slashed(text: str) -> tuple[int, int, int]:
    """Year, month and day of `30/06/2026`. Raises BadValueError for `05/06/2026`, which has two readings."""
    match = _SLASHED.fullmatch(text)
    if not match:
        raise BadValueError(f"“{text[:40]}” is not a date.")
    one, other, year = (int(part) for part in match.groups())
    if one <= 12 and other <= 12 and one != other:
        raise BadValueError(f"“{text[:40]}” could be read as two different days.")
    return (year, other, one) if one > 12 else (year, one, other)


def _iso_offset(text: str) -> dt.timedelta | None:
    """`Z`, `+0100`, `-05:30` of ISO 8601."""
    match = _ISO_OFFSET.fullmatch(text)
    if not match:
        return dt.timedelta(0)  # Z
    sign, hours, minutes = match.groups()
    return _signed(sign, int(hours), int(minutes or 0))


def _offset(raw: str) -> dt.timedelta | None:
    """`-5:EST`, `+5.5:IST`, `+5:30`: fractions of an hour, unless only minutes make a quarter (`5.30`)."""
    match = _OFFSET.fullmatch(raw)
    if not match:
        return None
    sign, hours, point, digits = match.groups()
    minutes = Decimal(f"0.{digits or 0}") * 60
    if point == ":" or minutes % 15:
        minutes = Decimal(digits)
    return _signed(sign, int(hours), int(minutes)) if not minutes % 15 else None


def _signed(sign: str, hours: int, minutes: int) -> dt.timedelta | None:
    offset = dt.timedelta(hours=hours, minutes=minutes)
    if offset > dt.timedelta(hours=14):
        return None
    return -offset if sign == "-" else offset
