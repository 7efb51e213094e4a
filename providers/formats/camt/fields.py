"""Typed reading of CAMT elements: by their local names, exact or refused."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from xml.etree.ElementTree import Element

from providers.formats.values import BadValueError, clean_id, clean_text

_AMOUNT = re.compile(r"\+?([0-9]{1,32}(?:\.[0-9]{0,32})?|\.[0-9]{1,32})")
_CURRENCY = re.compile(r"[A-Z]{3}")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_NOTHING = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF"})
_ONCE = frozenset(
    {"Amt", "CdtDbtInd", "Sts", "BookgDt", "ValDt", "RvslInd", "AcctSvcrRef", "Dt", "Tp", "Ccy", "IBAN"}
)

When = tuple[dt.date, dt.datetime]


class Reader:
    """Reads elements of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._paths: dict[str, tuple[str, ...]] = {}
        self._locals: dict[str, str] = {}
        self._days = frozenset({f"{namespace}Dt", f"{namespace}DtTm"})

    def at(self, element: Element | None, path: str) -> Element | None:
        """The first element at the end of a path such as `Acct/Id/IBAN`."""
        if element is None:
            return None
        tags = self._paths.get(path)
        if tags is None:
            tags = self._paths[path] = tuple(self.namespace + name for name in path.split("/"))
        for tag in tags:
            if element is None:
                return None
            element = element.find(tag)
        return element

    def every(self, element: Element, name: str) -> list[Element]:
        """The elements of that name directly inside."""
        return element.findall(self.namespace + name)

    def index(self, element: Element | None) -> dict[str, Element]:
        """The first element of each name directly inside."""
        found: dict[str, Element] = {}
        for child in element if element is not None else ():
            name = self._locals.get(child.tag)
            if name is None:
                name = self._locals[child.tag] = child.tag.removeprefix(self.namespace)
            found.setdefault(name, child)
        return found

    def children(self, element: Element) -> dict[str, Element]:
        """The first element of each name directly inside. Raises BadValueError where one of weight is there twice."""
        found: dict[str, Element] = {}
        for child in element:
            name = self._locals.get(child.tag)
            if name is None:
                name = self._locals[child.tag] = child.tag.removeprefix(self.namespace)
            if found.setdefault(name, child) is not child and name in _ONCE:
                raise BadValueError(f"{name} is there twice.")
        return found

    def text(self, element: Element | None, *paths: str) -> str:
        """The text at the first of the paths that has one; empty if none has."""
        for path in paths:
            found = self.at(element, path)
            if found is not None and found.text and (text := clean_text(found.text)):
                return text
        return ""

    def id(self, element: Element | None, *paths: str) -> str:
        """An identifier; empty where the file says that there is none."""
        if element is None:
            return ""
        return next((text for path in paths if (text := identifier(self.at(element, path)))), "")

    def when(self, element: Element | None) -> When | None:
        """Day and moment of a choice between Dt and DtTm. Raises BadValueError."""
        if element is None:
            return None
        if len(element) == 1 and element[0].tag in self._days:
            return parse_when(leaf(element[0]))
        found = self.children(element)
        if {"Dt", "DtTm"} <= found.keys():
            raise BadValueError("A day is there twice.")
        for name in ("Dt", "DtTm"):
            if name in found:
                return parse_when(leaf(found[name]))
        return parse_when(element.text.strip()) if element.text and element.text.strip() else None


def plain(element: Element | None) -> str:
    """The text of an element, for people; empty if it is missing."""
    return clean_text(element.text) if element is not None and element.text else ""


def identifier(element: Element | None) -> str:
    """An identifier; empty where it is missing, and where the file says that there is none."""
    if element is None or not element.text:
        return ""
    text = clean_id(element.text)
    return "" if text.upper() in _NOTHING else text


def leaf(element: Element) -> str:
    """The text of an element. Raises BadValueError if anything else is inside."""
    if len(element):
        raise BadValueError("A value is broken by another element.")
    return (element.text or "").strip()


def amount_of(element: Element | None) -> tuple[Decimal, str | None]:
    """Amount, without a sign, and currency. Raises BadValueError."""
    if element is None:
        raise BadValueError("The amount (Amt) is missing.")
    text = leaf(element)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise BadValueError(f"“{clean_text(text, 40)}” is not an amount.")
    currency = element.get("Ccy")
    if currency is not None and not _is_currency(currency):
        raise BadValueError(f"“{clean_text(currency, 10)}” is not a currency.")
    return Decimal(match.group(1)), currency


@lru_cache(256)  # a file names one currency in all its rows
def _is_currency(code: str) -> bool:
    return _CURRENCY.fullmatch(code) is not None


def signed(amount: Decimal, indicator: Element | None) -> Decimal:
    """The amount as it changes the account. Raises BadValueError unless it says in which direction."""
    word = leaf(indicator) if indicator is not None else ""
    if word == "CRDT":
        return amount
    if word == "DBIT":
        return amount.copy_negate() if amount else amount
    if not amount and not word:
        return amount
    raise BadValueError("It does not say if this is money in or out (CdtDbtInd).")


@lru_cache(4096)  # a file has many rows of few days
def parse_when(text: str) -> When:
    """Day as written, and moment in UTC: noon of a day without a time or zone. Raises BadValueError."""
    try:
        match = _DAY.fullmatch(text)
        if match:
            day = dt.date(*map(int, match.groups()))
            return _plausible(day), dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
        if not _MOMENT.match(text):
            raise ValueError
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError(f"“{clean_text(text, 40)}” is not a day.") from None
    day = _plausible(moment.date())
    if moment.tzinfo is None:
        return day, dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
    return day, moment.astimezone(dt.UTC)


def _plausible(day: dt.date) -> dt.date:
    if not 1900 <= day.year < 2200:
        raise BadValueError(f"“{day}” is not a plausible date.")
    return day
