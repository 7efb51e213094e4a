"""Days, amounts, balances and rows of MT940 as its fields write them, exact or refused."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import msgspec

from providers.formats.values import BadValueError, clean_text

_AMOUNT = re.compile(
    r"([0-9]{1,15}|[0-9]{1,3}(?:[.'][0-9]{3}){1,4}),([0-9]{0,8})|([0-9]{1,15})\.([0-9]{1,2})"
)
_BALANCE = re.compile(r"(R?)([CD])R?[ ]?([0-9]{6})[ ]?([A-Z]{3})?[ ]?([0-9.,']{1,24})[ \t]*")
_LINE = re.compile(
    r"([0-9]{6})([0-9]{4}|[ ]{4})?(E?R?)([CD])([A-Z])?[ ]?([0-9][0-9.,']{0,24}|,[0-9]{1,2})"
    r"(?:([A-Z][A-Z0-9 ]{3}))?(.*)"
)
_NOTHING = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED", "NREF"})


@dataclass(frozen=True, slots=True)
class BalanceField:
    """A balance of :60:, :62: or :64:."""

    amount: Decimal
    day: dt.date
    currency: str | None


class LineField(msgspec.Struct, gc=False):
    """The first line of :61:. `booked` is the entry date, which takes its year from the value date."""

    valued: dt.date
    booked: dt.date | None
    amount: Decimal
    expected: bool
    reversal: bool
    code: str
    own_reference: str
    bank_reference: str


def parse_amount(text: str, *, whole: bool = False) -> Decimal:
    """An amount without a sign, with a decimal comma. Raises BadValueError.

    A comma is always there (SWIFT: 15d): without one, digits may be missing, unless it is certain to be `whole`. Some
    banks write a point and cents.
    """
    if whole and text.isdigit():
        return Decimal(text)
    units, comma, fraction = text.partition(",")
    if comma and len(units) < 16 and len(fraction) < 9 and f"{units}0{fraction}".isdigit() and text.isascii():
        return Decimal(f"{units or 0}.{fraction}" if fraction else units or 0)
    match = _AMOUNT.fullmatch(text if text[:1] != "," else f"0{text}")
    if match is None:
        raise BadValueError(f"“{clean_text(text, 40)}” is not an amount with a decimal comma.")
    units, fraction, plain, cents = match.groups()
    if plain is not None:
        return Decimal(f"{plain}.{cents}")
    units = units.replace(".", "").replace("'", "")
    return Decimal(f"{units}.{fraction}" if fraction else units)


@lru_cache(4096)  # a file has many rows of few days
def parse_day(text: str) -> dt.date:
    """A day of YYMMDD: years from 80 on are of the last century. Raises BadValueError."""
    year = int(text[:2])
    try:
        return dt.date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise BadValueError(f"“{text}” is not a date in the calendar.") from None


@lru_cache(4096)
def entry_day(text: str, valued: dt.date) -> dt.date:
    """The day of MMDD that is nearest to the value date, perhaps in another year. Raises BadValueError."""
    days = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            days.append(dt.date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    if not days:
        raise BadValueError(f"“{text}” is not a day in the calendar.")
    return min(days, key=lambda day: abs(day - valued))


def parse_balance(text: str) -> BalanceField:
    """A balance. Raises BadValueError."""
    match = _BALANCE.fullmatch(text.strip())
    if match is None:
        raise BadValueError(f"“{clean_text(text, 40)}” is not a balance.")
    reversed_, mark, day, currency, amount = match.groups()
    value = parse_amount(amount)
    negative = (mark == "D") != bool(reversed_)
    return BalanceField(value.copy_negate() if negative and value else value, parse_day(day), currency)


def parse_line(text: str) -> LineField:
    """The first line of :61:. Raises BadValueError.

    RC takes a credit back, so that money goes out, and RD brings money in. EC and ED are expected.
    """
    match = _LINE.fullmatch(text.rstrip())
    if match is None:
        raise BadValueError("This row (:61:) does not have day, direction and amount where they belong.")
    valued_text, booked_text, before, mark, _, amount_text, code, rest = match.groups()
    valued = parse_day(valued_text)
    booked = entry_day(booked_text, valued) if booked_text and booked_text.strip() else None
    amount = parse_amount(
        amount_text, whole=bool(code)
    )  # the code follows, so no digit is missing at its end
    reversal = "R" in before
    negative = (mark == "D") != reversal
    own, _, bank = rest.partition("//")
    return LineField(
        valued=valued,
        booked=booked,
        amount=amount.copy_negate() if negative and amount else amount,
        expected="E" in before,
        reversal=reversal,
        code=(code or "").strip(),
        own_reference=reference(own),
        bank_reference=reference(bank),
    )


def reference(text: str) -> str:
    """A reference; empty where the bank says that there is none."""
    if text in _NOTHING:
        return ""
    found = clean_text(text, 80)
    return "" if found.upper() in _NOTHING else found
