"""A Flex document taken apart: statements of accounts, their sections, and the rows in these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from xml.etree.ElementTree import Element

from providers.connectors.ibkr_flex.values import NOTHING, Calendar, Misread, number
from providers.errors import ProviderUnreadable

T = TypeVar("T")
SUMMARY = "BASE_SUMMARY"  # in place of a currency: the sum of all, in the base currency


@dataclass(frozen=True, slots=True)
class Row:
    """An element with its attributes. Its readers raise Misread, with the attribute's name."""

    tag: str
    attributes: Mapping[str, str]
    calendar: Calendar

    def text(self, *names: str) -> str:
        """The first of these attributes that says something."""
        found = (self.attributes.get(name, "").strip() for name in names)
        return next((value for value in found if value not in NOTHING), "")

    def number(self, *names: str) -> Decimal | None:
        """The first of these that says something, as an exact number."""
        for name in names:
            try:
                value = number(self.attributes.get(name, "").strip())
            except Misread:
                raise Misread(name) from None
            if value is not None:
                return value
        return None

    def day(self, *names: str) -> date | None:
        """The first of these that says something, as a day."""
        for name in names:
            try:
                value = self.calendar.day(self.attributes.get(name, "").strip())
            except Misread:
                raise Misread(name) from None
            if value is not None:
                return value
        return None

    def moment(self, name: str) -> datetime | None:
        """The time that this attribute says; None where it says only a day, or nothing."""
        try:
            return self.calendar.moment(self.attributes.get(name, "").strip())
        except Misread:
            raise Misread(name) from None

    @property
    def currency(self) -> str:
        """Its currency. Raises Misread where it has none."""
        return require(self.text("currency"), "currency")


def require(value: T | None, name: str) -> T:
    """The value. Raises Misread with the name of what is missing."""
    if value is None or value == "":
        raise Misread(name)
    return value


@dataclass(frozen=True, slots=True)
class Statement:
    """One account and one period. A section that the query leaves out is not in `sections`; an empty one is."""

    account: str
    first: date | None
    last: date | None
    made_at: datetime | None
    sections: Mapping[str, Sequence[Row]]

    def rows(self, section: str) -> Sequence[Row]:
        """The rows of a section; none, if it was left out."""
        return self.sections.get(section, ())

    def row(self, section: str) -> Row | None:
        """The first row of a section, or the section itself where it has no rows."""
        return next(iter(self.rows(section)), None)


def statements(root: Element) -> list[Statement]:
    """The statements of a document. Raises ProviderUnreadable for another document."""
    if root.tag != "FlexQueryResponse":
        raise ProviderUnreadable
    calendar = Calendar.of(
        (value for element in root.iter() for value in element.attrib.values()), _periods(root)
    )
    try:
        return [_statement(element, calendar) for element in root.iter("FlexStatement")]
    except Misread:
        raise ProviderUnreadable(detail=AMBIGUOUS) from None


def _periods(root: Element) -> Iterator[Sequence[str]]:
    """The days in each statement that have to follow each other: its first, that of each row, its last, its making."""
    for element in root.iter("FlexStatement"):
        ends = [element.get(name, "").strip() for name in ("fromDate", "toDate", "whenGenerated")]
        yield ends
        for row in element.iter():
            if day := row.get("reportDate", "").strip():
                yield ends[0], day, ends[1]


AMBIGUOUS = "Its dates can be read in two ways. Choose the date format yyyyMMdd in the query at IBKR."


def _statement(element: Element, calendar: Calendar) -> Statement:
    head = Row(element.tag, element.attrib, calendar)
    made = head.text("whenGenerated")
    sections: dict[str, list[Row]] = {}
    for part in element:  # a section may come in several pieces, one for each account
        sections.setdefault(part.tag, []).extend(_rows(part, calendar))
    return Statement(
        account=head.text("accountId"),
        first=head.day("fromDate"),
        last=head.day("toDate"),
        made_at=calendar.moment(made) if made else None,
        sections=sections,
    )


def _rows(section: Element, calendar: Calendar) -> Iterator[Row]:
    """The rows of a section, those in others included; a section without any may be a row itself."""
    if section.attrib:
        yield Row(section.tag, section.attrib, calendar)
    for element in section.iter():
        if element is not section and element.attrib:
            yield Row(element.tag, element.attrib, calendar)
