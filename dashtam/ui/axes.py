"""Axes of SVG charts: the area they enclose, round ticks, their lines and labels, and the frame of the document."""

import html
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString, mark_safe

CHARACTER = 7.0  # width of a digit at 12 px, rounded up
TOP, BOTTOM, RIGHT, GAP = 26.0, 26.0, 14.0, 8.0


@dataclass(frozen=True)
class Area:
    """The drawing area between the axes."""

    left: float
    right: float
    top: float
    bottom: float

    def height(self, share: float) -> float:
        """The y of a share of the highest number, never outside the area."""
        return self.bottom - (self.bottom - self.top) * min(max(share, 0.0), 1.0)


def left_edge(labels: Sequence[str], width: int) -> float:
    """The x at which the area begins, so that the labels of the values have room beside it."""
    return min(max(map(len, labels)) * CHARACTER + GAP, width / 2)


def nice_step(span: Decimal, count: int) -> Decimal:
    """The smallest of 1, 2 or 5 times a power of ten that covers `span` in at most `count` steps."""
    rough = span / count
    power = Decimal(1).scaleb(rough.adjusted())
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def amount_ticks(low: Decimal, high: Decimal, count: int = 4) -> tuple[list[Decimal], Decimal]:
    """Round ticks that enclose both ends, and the step between them. Zero joins when it is not far off."""
    span = high - low
    if 0 < low <= span:
        low = Decimal(0)
    elif 0 < -high <= span:
        high = Decimal(0)
    # A flat line, or a change too small to label, gets room around it.
    room = max(abs(low), abs(high)) / 10 or Decimal(1)
    if high - low < room / 10**6:
        low, high = low - room, high + room
    step = nice_step(high - low, count)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [index * step for index in range(first, last + 1)], step


def value_axis(area: Area, unit: str, marks: Iterable[tuple[float, str, bool]]) -> Iterator[str]:
    """The unit, and for each y, label and whether it is zero a line across the area with its label."""
    yield f'<text class="chart-unit" x="0" y="11">{plain_text(unit)}</text>'
    for y, label, is_zero in marks:
        kind = "chart-zero" if is_zero else "chart-grid"
        yield f'<line class="{kind}" x1="{area.left:.1f}" x2="{area.right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="chart-amount" x="{area.left - GAP:.1f}" y="{y + 4:.1f}">{label}</text>'


def time_axis(area: Area, marks: Iterable[tuple[float, float | None, str]]) -> Iterator[str]:
    """A tick at each x, and its label around another x, unless that is None."""
    for x, middle, label in marks:
        yield f'<path class="chart-tick" d="M{x:.1f} {area.bottom:.1f}v5"/>'
        if middle is not None:
            yield f'<text class="chart-day" x="{middle:.1f}" y="{area.bottom + 19:.1f}">{label}</text>'


def most_labels(area: Area) -> int:
    """The number of labels that have room side by side on the axis of time."""
    return int((area.right - area.left) // (8 * CHARACTER))


def plain_text(words: str) -> str:
    """Escaped, without the control characters that XML has no place for."""
    return html.escape("".join(sign for sign in words if sign.isprintable()))


def box(size: tuple[int, int]) -> str:
    """The attributes of an SVG element of this width and height."""
    return f'viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" height="{size[1]}"'


def empty_svg(size: tuple[int, int], title: str, description: str, words: str) -> SafeString:
    """A chart without a line: a sentence in the middle."""
    place = f'x="{size[0] / 2}" y="{size[1] / 2}"'
    return line_svg(size, title, description, f'<text class="chart-empty" {place}>{words}</text>')


def line_svg(size: tuple[int, int], title: str, description: str, body: str) -> SafeString:
    """The whole chart, with a title and a description that screen readers announce."""
    key = f"{zlib.crc32(f'{size}{title}{description}{body}'.encode()):08x}"
    words = (
        f'<title id="t{key}">{plain_text(title)}</title><desc id="d{key}">{plain_text(description)}</desc>'
    )
    return mark_safe(  # noqa: S308 - numbers of ours and escaped words
        f'<svg xmlns="http://www.w3.org/2000/svg" class="line-chart" {box(size)} role="img" '
        f'aria-labelledby="t{key} d{key}">{words}{body}</svg>'
    )
