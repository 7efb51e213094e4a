"""A cash flow in words and rows, with links to the transactions behind each number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashtam.ui.bar_charts import Bar
from dashtam.ui.formats import MINUS, date_text, money_text, share_text
from providers.pages import words
from providers.pages.forms import UNCATEGORISED

SAME = Decimal("0.0005")  # what would read 0.0%


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A month with its money in, out and net, and the link to its transactions."""

    name: str
    flow: Mapping[str, Any]
    url: str


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """Spending in a category. `change` is empty where the time before is not known."""

    name: str
    amount: Decimal
    share: Decimal
    share_text: str
    change: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class FlowRows:
    """The rows of a cash flow, newest month first, the bars of its chart, and its description."""

    bars: Sequence[Bar]
    spans: Sequence[SpanRow]
    categories: Sequence[CategoryRow]
    description: str


def flow_rows(flow: Mapping[str, Any]) -> FlowRows:
    """The rows of this cash flow."""
    spans = [_span_row(each) for each in flow["series"]]
    bars = [
        Bar(_label(row.flow["start"]), row.name, Decimal(row.flow["in"]), Decimal(row.flow["out"]))
        for row in spans
    ]
    days = (flow["start"], flow["end"])
    categories = [_category_row(each, *days) for each in flow["categories"]]
    return FlowRows(bars, spans[::-1], categories, _description(flow))


def transactions_url(**filters: Any) -> str:
    """The page of the transactions behind a number."""
    return f"{reverse('transactions')}?{urlencode(filters)}#transactions"


def _span_row(flow: Mapping[str, Any]) -> SpanRow:
    start: date = flow["start"]
    return SpanRow(f"{start:%b} {start.year}", flow, _between(start, flow["end"]))


def _label(start: date) -> str:
    return str(start.year) if start.month == 1 else f"{start:%b}"


def _between(start: date, end: date, **more: str) -> str:
    return transactions_url(**more, **{"from": start.isoformat(), "to": end.isoformat()})


def _category_row(category: Mapping[str, Any], start: date, end: date) -> CategoryRow:
    code, share = category["category"], Decimal(category["share"])
    only_out = {"category": code or UNCATEGORISED, "max_amount": "0"}
    return CategoryRow(
        name=words.category(code) or "Without a category",
        amount=Decimal(category["amount"]),
        share=share,
        share_text=share_text(share),
        change=_change(Decimal(category["amount"]), category["before"]),
        count=category["count"],
        url=_between(start, end, **only_out),
    )


def _change(amount: Decimal, before: str | None) -> str:
    """`+12.3%` for more spending than before, `−4.0%` for less; both amounts are negative."""
    if before is None:
        return ""
    if not Decimal(before):
        return "New"
    change = amount / Decimal(before) - 1
    if abs(change) < SAME:
        return "Unchanged"
    return f"{'+' if change > 0 else MINUS}{abs(change) * 100:,.1f}%"


def _description(flow: Mapping[str, Any]) -> str:
    """The chart in two sentences, for people who cannot see it."""
    if flow["total"] is None:
        return "Nothing is known for this time yet."
    unit, total = flow["currency"], flow["total"]
    known: Iterable[Mapping[str, Any]] = flow["series"]
    most = max(known, key=lambda each: Decimal(each["net"]), default=None)
    whole = (
        f"From {date_text(flow['start'])} to {date_text(flow['end'])} {money_text(total['in'], unit)} came in "
        f"and {money_text(Decimal(total['out']).copy_abs(), unit)} went out."
    )
    return f"{whole} Most was left in {most['start']:%B} {most['start'].year}." if most else whole
