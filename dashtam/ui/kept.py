"""Charts that are kept for the next page with the same numbers.

Drawing them and writing their tables took half of the dashboard's time, and between two looks at it the numbers are
mostly the same. What is kept is told apart by every digit it shows, never by whose numbers they are.
"""

import functools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from dashtam.ui import charts

Texts = tuple[str | None, ...]  # Decimal("1.0") and Decimal("1.00") are equal, and shown differently
CHARTS, SPARKLINES = 64, 2_048  # together about 6 MB


def line_chart(
    points: Sequence[tuple[date, Decimal | None]], title: str, description: str, currency: str
) -> SafeString:
    """Two drawings of amounts over days, and their table."""
    days = tuple(day for day, _ in points)
    return _line_chart(days, _texts([amount for _, amount in points]), title, description, currency)


def sparkline(values: Sequence[Decimal | None], title: str) -> SafeString:
    """A line the size of a word."""
    return _sparkline(_texts(values), title)


def _texts(amounts: Sequence[Decimal | None]) -> Texts:
    return tuple(None if amount is None else str(amount) for amount in amounts)


def _amounts(texts: Texts) -> list[Decimal | None]:
    return [None if text is None else Decimal(text) for text in texts]


@functools.lru_cache(CHARTS)
def _line_chart(
    days: tuple[date, ...], texts: Texts, title: str, description: str, currency: str
) -> SafeString:
    points = list(zip(days, _amounts(texts), strict=True))
    draw = functools.partial(
        charts.line_chart, points, title=title, description=description, currency=currency
    )
    context = {
        "wide": draw(),
        "narrow": draw(width=340, height=210),
        "rows": points[::-1],
        "title": title,
        "currency": currency,
    }
    return render_to_string("components/chart.html", context)


@functools.lru_cache(SPARKLINES)
def _sparkline(texts: Texts, title: str) -> SafeString:
    return charts.sparkline(_amounts(texts), title=title)
