"""Charts and rows that are kept for the next page with the same numbers.

Writing them took most of the dashboard's time, and between two looks at it the numbers are mostly the same. What is
kept is told apart by every digit and word that it shows, never by whose numbers they are.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from dashtam.ui import charts

Texts = tuple[str | None, ...]  # Decimal("1.0") and Decimal("1.00") are equal, and shown differently
CHARTS, SPARKLINES, ROWS = 64, 1_024, 2_048  # together about 8 MB


def line_chart(
    points: Sequence[tuple[date, Decimal | None]], title: str, description: str, currency: str
) -> SafeString:
    """Two drawings of amounts over days, and their table."""
    days = tuple(day for day, _ in points)
    return _line_chart(days, _texts([amount for _, amount in points]), title, description, currency)


def sparkline(values: Sequence[Decimal | None], title: str) -> SafeString:
    """A line the size of a word."""
    return _sparkline(_texts(values), title)


def account_row(
    view: str,
    id_: object,
    *,
    dated: SafeString,
    balance: object,
    trend: Sequence[Decimal | str | None],
    **words: Any,
) -> SafeString:
    """components/account_row.html; `words` are its other parameters, `dated` its date in words, which grow old."""
    told = None if balance is None else str(balance)
    return _account_row(view, str(id_), dated, told, _texts(trend), tuple(words.items()))


class Parts:
    """Parts of pages by what they show, the least recently used ones leaving."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: OrderedDict[Hashable, SafeString] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable, write: Callable[[], SafeString]) -> SafeString:
        """The part of that key, written if it is not kept."""
        with self.lock:
            found = self.kept.get(key)
            if found is not None:
                self.kept.move_to_end(key)
                return found
        part = write()
        with self.lock:
            self.kept[key] = part
            if len(self.kept) > self.most:
                self.kept.popitem(last=False)
        return part


def _texts(amounts: Sequence[Decimal | str | None]) -> Texts:
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


@functools.lru_cache(ROWS)
def _account_row(
    view: str, id_: str, dated: str, balance: str | None, trend: Texts, words: tuple[tuple[str, Any], ...]
) -> SafeString:
    own = {"url": reverse(view, args=[id_]), "dated": dated, "balance": balance, "trend": _amounts(trend)}
    return render_to_string("components/account_row.html", {**dict(words), **own})


@functools.lru_cache(SPARKLINES)
def _sparkline(texts: Texts, title: str) -> SafeString:
    return charts.sparkline(_amounts(texts), title=title)
