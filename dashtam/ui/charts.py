"""Charts of amounts over days as SVG text, with classes instead of inline styles (strict CSP)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from django.utils.safestring import SafeString, mark_safe

from dashtam.ui.axes import (
    BOTTOM,
    CHARACTER,
    GAP,
    RIGHT,
    TOP,
    Area,
    amount_ticks,
    box,
    empty_svg,
    left_edge,
    line_svg,
    most_labels,
    plain_text,
    time_axis,
    value_axis,
)
from dashtam.ui.formats import compact_text, date_text, money_text

Point = tuple[date, Decimal | None]

HOVER_MARKS = 60
YEARS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(frozen=True)
class Plot(Area):
    """The drawing area of amounts over days."""

    days: tuple[int, int]
    low: Decimal
    high: Decimal

    def x(self, day: date) -> float:
        """The x of a day; a single day falls in the middle."""
        first, last = self.days
        if first == last:
            return (self.left + self.right) / 2
        return self.left + (self.right - self.left) * (day.toordinal() - first) / (last - first)

    def y(self, amount: Decimal) -> float:
        """The y of an amount, never outside the area."""
        return self.height(float((amount - self.low) / (self.high - self.low)))


def _days(first: date, last: date, every: int) -> Iterator[tuple[date, str]]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1, every):
        day = date.fromordinal(ordinal)
        yield day, f"{day.day} {day:%b}"


def _months(first: date, last: date, every: int) -> Iterator[tuple[date, str]]:
    start = first.year * 12 + first.month - 1 + (first.day > 1)
    for month in range(start + -start % every, last.year * 12 + last.month, every):
        day = date(month // 12, month % 12 + 1, 1)
        yield day, str(day.year) if day.month == 1 else f"{day:%b}"


def day_ticks(first: date, last: date, room: int) -> list[tuple[date, str]]:
    """Days, firsts of months or of years to label: the finest that leaves at most `room` labels."""
    span = (last - first).days
    for every in (1, 2, 7, 14):
        if span // every + 1 <= room:
            return list(_days(first, last, every))
    for every in (1, 2, 3, 6, *(12 * years for years in YEARS)):
        if span // (30 * every) + 1 <= room:
            return list(_months(first, last, every)) or [(first, date_text(first))]
    return [(first, date_text(first))]


def _runs(points: Sequence[Point]) -> Iterator[list[tuple[date, Decimal]]]:
    """Stretches of points without a gap between them; None, NaN and infinity are gaps."""
    run: list[tuple[date, Decimal]] = []
    for day, amount in points:
        if amount is not None and amount.is_finite():
            run.append((day, amount))
        elif run:
            yield run
            run = []
    if run:
        yield run


def line_chart(
    points: Sequence[Point],
    *,
    title: str,
    description: str,
    currency: str,
    width: int = 640,
    height: int = 240,
) -> SafeString:
    """Amounts over days, oldest first; an amount of None leaves a gap in the line."""
    runs = list(_runs(points))
    known = [point for run in runs for point in run]
    if not known:
        return empty_svg((width, height // 3), title, description, "No numbers for this time yet")
    ticks, step = amount_ticks(min(amount for _, amount in known), max(amount for _, amount in known))
    labels = [compact_text(tick, step) for tick in ticks]
    left = left_edge(labels, width)
    days = (points[0][0].toordinal(), points[-1][0].toordinal())
    plot = Plot(left, width - RIGHT, TOP, height - BOTTOM, days, ticks[0], ticks[-1])
    parts = [
        *value_axis(
            plot,
            currency,
            ((plot.y(tick), label, tick == 0) for tick, label in zip(ticks, labels, strict=True)),
        ),
        *time_axis(plot, _day_marks(plot, points[0][0], points[-1][0], width)),
        *(_stroke(plot, run) for run in runs),
        _dot(plot, known[-1], "chart-last"),
        *_hover(plot, known, currency, width),
    ]
    return line_svg((width, height), title, description, "".join(parts))


def _day_marks(plot: Plot, first: date, last: date, width: int) -> Iterator[tuple[float, float, str]]:
    """Ticks whose labels fit beside the one before, each label moved inside the chart."""
    free = 0.0
    for day, label in day_ticks(first, last, most_labels(plot)):
        half = len(label) * CHARACTER / 2
        middle = min(max(plot.x(day), half), width - half)
        if middle - half >= free:
            free = middle + half + GAP
            yield plot.x(day), middle, label


def _stroke(plot: Plot, run: Sequence[tuple[date, Decimal]]) -> str:
    if len(run) == 1:
        return _dot(plot, run[0], "chart-single")
    places = [f"{plot.x(day):.1f} {plot.y(amount):.1f}" for day, amount in run]
    line, first, last = "L".join(places), plot.x(run[0][0]), plot.x(run[-1][0])
    ground = plot.y(min(max(Decimal(0), plot.low), plot.high))
    return (
        f'<path class="chart-area" d="M{first:.1f} {ground:.1f}L{line}L{last:.1f} {ground:.1f}Z"/>'
        f'<path class="chart-line" d="M{line}"/>'
    )


def _dot(plot: Plot, point: tuple[date, Decimal], kind: str) -> str:
    return f'<circle class="{kind}" cx="{plot.x(point[0]):.1f}" cy="{plot.y(point[1]):.1f}" r="4"/>'


def _hover(plot: Plot, known: Sequence[tuple[date, Decimal]], currency: str, width: int) -> Iterator[str]:
    """Bands that show their day and amount while pointed at, by CSS alone."""
    marks = list(reversed(known[:: -math.ceil(len(known) / HOVER_MARKS)]))
    places = [plot.x(day) for day, _ in marks]
    edges = [plot.left, *((a + b) / 2 for a, b in pairwise(places)), plot.right]
    for index, point in enumerate(marks):
        start, x = edges[index], places[index]
        words = f"{date_text(point[0])}: {money_text(point[1], currency)}"
        yield (
            f'<g class="chart-hover"><rect x="{start:.1f}" width="{edges[index + 1] - start:.1f}" '
            f'height="{plot.bottom:.1f}"/><path d="M{x:.1f} {plot.top:.1f}V{plot.bottom:.1f}"/>'
            f'{_dot(plot, point, "chart-mark")}<text x="{width - RIGHT}" y="11">{plain_text(words)}</text></g>'
        )


def sparkline(
    values: Sequence[Decimal | None], *, title: str, width: int = 96, height: int = 28
) -> SafeString:
    """A line the size of a word, evenly spaced and without axes; None leaves a gap."""
    known = [amount for amount in values if amount is not None and amount.is_finite()]
    low, high = (min(known), max(known)) if known else (Decimal(0), Decimal(0))
    if low == high:
        low, high = low - 1, high + 1
    # A page has hundreds: what follows is arithmetic on plain numbers, without a date or a Plot for each point.
    places, span, bottom, room = _even_places(4, width - 5, len(values)), high - low, height - 4, height - 8
    lines: list[list[str]] = [[]]
    for x, amount in zip(places, values, strict=True):
        if amount is not None and amount.is_finite():
            lines[-1].append(f"{x} {bottom - room * float((amount - low) / span):.1f}")
        elif lines[-1]:
            lines.append([])
    drawn = [line for line in lines if line]
    ground = f"{bottom - room * min(max(float(-low / span), 0.0), 1.0):.1f}"
    body = "".join(_small_stroke(line, ground) for line in drawn)
    body += _small_dot(drawn[-1][-1], "chart-last") if drawn else ""
    # Many of these may stand on one page, some alike: no ids.
    return mark_safe(  # noqa: S308 - numbers of ours and escaped words
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sparkline" {box((width, height))} role="img" '
        f'aria-label="{plain_text(title)}">{body}</svg>'
    )


@lru_cache(maxsize=64)
def _even_places(left: float, right: float, count: int) -> tuple[str, ...]:
    """The x of each of so many points, as a drawing says them; a single one stands in the middle."""
    if count == 1:
        return (f"{(left + right) / 2:.1f}",)
    return tuple(f"{left + (right - left) * index / (count - 1):.1f}" for index in range(count))


def _small_stroke(line: list[str], ground: str) -> str:
    if len(line) == 1:
        return _small_dot(line[0], "chart-single")
    path, first, last = "L".join(line), line[0].partition(" ")[0], line[-1].partition(" ")[0]
    return (
        f'<path class="chart-area" d="M{first} {ground}L{path}L{last} {ground}Z"/>'
        f'<path class="chart-line" d="M{path}"/>'
    )


def _small_dot(place: str, kind: str) -> str:
    x, _, y = place.partition(" ")
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="4"/>'


def balance_bars(assets: Decimal, liabilities: Decimal) -> SafeString:
    """Two bars on one scale, owned above owed; `liabilities` may have either sign. Words stand beside."""
    owned, owed = max(assets, Decimal(0)), abs(liabilities)
    scale = max(owned, owed) or Decimal(1)
    bars = "".join(
        f'<rect class="{kind}" x="0" y="{y}" width="{float(amount / scale) * 400:.1f}" height="10"/>'
        for kind, y, amount in (("bar-owned", 7, owned), ("bar-owed", 31, owed))
    )
    return mark_safe(  # noqa: S308 - numbers of ours
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 48" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false">{bars}</svg>'
    )
