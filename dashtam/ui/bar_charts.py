"""Charts of bars as SVG text: money in and out side by side for each month, and shares of a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe

from dashtam.ui.axes import (
    BOTTOM,
    CHARACTER,
    GAP,
    RIGHT,
    TOP,
    Area,
    amount_ticks,
    empty_svg,
    left_edge,
    line_svg,
    plain_text,
    time_axis,
    value_axis,
)
from dashtam.ui.formats import compact_text, money_text

WIDEST = 28.0
SHARE = 400


@dataclass(frozen=True, slots=True)
class Bar:
    """Money in (positive) and out (negative) of one month; `label` stands on the axis, `name` is spoken."""

    label: str
    name: str
    into: Decimal
    out: Decimal


@dataclass(frozen=True)
class Slots(Area):
    """The drawing area of amounts in a row of slots of one width."""

    count: int
    low: Decimal
    high: Decimal

    @property
    def slot(self) -> float:
        """The width of a slot."""
        return (self.right - self.left) / self.count

    def middle(self, index: int) -> float:
        """The x of a slot's middle."""
        return self.left + self.slot * (index + 0.5)

    def y(self, amount: Decimal) -> float:
        """The y of an amount, never outside the area."""
        return self.height(float((amount - self.low) / (self.high - self.low)))


def flow_chart(
    bars: Sequence[Bar], *, title: str, description: str, currency: str, width: int = 640, height: int = 240
) -> SafeString:
    """Money in above zero and out below it, with a line through the sums of both; oldest first."""
    if not any(bar.into or bar.out for bar in bars):
        return empty_svg((width, height // 3), title, description, "No money in or out in this time")
    lowest, highest = min(bar.out for bar in bars), max(bar.into for bar in bars)
    ticks, step = amount_ticks(min(lowest, Decimal(0)), max(highest, Decimal(0)))
    labels = [compact_text(tick, step) for tick in ticks]
    area = Slots(
        left_edge(labels, width), width - RIGHT, TOP, height - BOTTOM, len(bars), ticks[0], ticks[-1]
    )
    marks = ((area.y(tick), label, tick == 0) for tick, label in zip(ticks, labels, strict=True))
    parts = [
        *value_axis(area, currency, marks),
        *time_axis(area, _slot_marks(area, bars, width)),
        *(part for index, bar in enumerate(bars) for part in _pair(area, index, bar)),
        _net(area, bars),
        *_hover(area, bars, currency, width),
    ]
    return line_svg((width, height), title, description, "".join(parts))


def _slot_marks(area: Slots, bars: Sequence[Bar], width: int) -> Iterator[tuple[float, float | None, str]]:
    """A tick under each slot, labelled where the label fits beside the one before."""
    free = 0.0
    for index, bar in enumerate(bars):
        x, half = area.middle(index), len(bar.label) * CHARACTER / 2
        fits = x - half >= free and x + half <= width
        if fits:
            free = x + half + GAP
        yield x, x if fits else None, bar.label


def _pair(area: Slots, index: int, bar: Bar) -> Iterator[str]:
    size, ground = min(area.slot * 0.64, WIDEST), area.y(Decimal(0))
    x = area.middle(index) - size / 2
    for kind, amount in (("bar-in", bar.into), ("bar-out", bar.out)):
        if amount:
            top, bottom = sorted((area.y(amount), ground))
            shape = f'x="{x:.1f}" y="{top:.1f}" width="{size:.1f}" height="{max(bottom - top, 1):.1f}"'
            yield f'<rect class="{kind}" {shape}/>'


def _net(area: Slots, bars: Sequence[Bar]) -> str:
    places = [(area.middle(index), area.y(bar.into + bar.out)) for index, bar in enumerate(bars)]
    dots = "".join(f'<circle class="bar-net" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="bar-net-line" d="M{line}"/>{dots}'


def _hover(area: Slots, bars: Sequence[Bar], currency: str, width: int) -> Iterator[str]:
    """Bands that show their amounts while pointed at, by CSS alone."""
    for index, bar in enumerate(bars):
        into, out = money_text(bar.into, currency, signed=True), money_text(bar.out, currency)
        words = f"{bar.name}: {into}, {out}"
        yield (
            f'<g class="chart-hover"><rect x="{area.middle(index) - area.slot / 2:.1f}" width="{area.slot:.1f}" '
            f'height="{area.bottom:.1f}"/><text x="{width - RIGHT}" y="11">{plain_text(words)}</text></g>'
        )


def share_bar(share: Decimal) -> SafeString:
    """A bar as long as the share, from nothing (0) to the whole (1). The number stands beside it."""
    length = min(max(float(share), 0.0), 1.0) * SHARE
    return mark_safe(  # noqa: S308 - numbers of ours
        f'<svg xmlns="http://www.w3.org/2000/svg" class="share" viewBox="0 0 {SHARE} 8" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false"><rect class="share__whole" width="{SHARE}" height="8"/>'
        f'<rect class="share__part" width="{length:.1f}" height="8"/></svg>'
    )
