"""Curves as SVG files, readable in light and dark: an axis that grows tenfold, one or two lines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from dashtam.ui.axes import amount_ticks

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 52, 36
COLOURS = ("#2f7fd1", "#d1792f")
GREY = "#8a8f98"


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines over the same numbers: readers, people or rows."""

    file: str
    title: str
    note: str
    lines: dict[str, list[tuple[int, float]]]

    def svg(self) -> str:
        """The whole drawing."""
        numbers = [x for x, _ in next(iter(self.lines.values()))]
        ticks, _ = amount_ticks(Decimal(0), Decimal(max(y for line in self.lines.values() for _, y in line)))
        parts = [
            f'<text x="0" y="16" font-size="14" font-weight="600">{escape(self.title)}</text>',
            f'<text x="{WIDTH - RIGHT}" y="38" text-anchor="end">{escape(self.note)}</text>',
        ]
        for tick in ticks:
            y = _y(float(tick), ticks)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GREY}" stroke-opacity=".3"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,f}</text>')
        for x in numbers:
            at = _x(x, numbers)
            parts.append(f'<text x="{at:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{x:,}</text>')
        for index, (name, line) in enumerate(self.lines.items()):
            parts += _line(index, name, [(_x(x, numbers), _y(y, ticks)) for x, y in line])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="{GREY}">'
            f"<title>{escape(self.title)}</title>{''.join(parts)}</svg>\n"
        )


def _line(index: int, name: str, places: Sequence[tuple[float, float]]) -> list[str]:
    colour, across = COLOURS[index], LEFT + index * 110
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return [
        f'<path d="M{across} 34h14" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{across + 20}" y="38">{escape(name)}</text>',
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places),
    ]


def _x(number: int, numbers: Sequence[int]) -> float:
    first, last = math.log10(numbers[0]), math.log10(numbers[-1])
    return LEFT + 20 + (WIDTH - RIGHT - LEFT - 40) * (math.log10(number) - first) / (last - first)


def _y(value: float, ticks: Sequence[Decimal]) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / float(ticks[-1])
