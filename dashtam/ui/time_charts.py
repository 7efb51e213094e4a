"""Charts of numbers over hours as SVG text: several lines with a unit, and a limit to stay under."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.safestring import SafeString

from dashtam.ui.axes import (
    BOTTOM,
    CHARACTER,
    RIGHT,
    TOP,
    Area,
    amount_ticks,
    empty_svg,
    left_edge,
    line_svg,
    most_labels,
    plain_text,
    time_axis,
    value_axis,
)

STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800)
Points = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line and its name."""

    name: str
    points: Points


@dataclass(frozen=True)
class Frame(Area):
    """The drawing area of numbers over time, from zero to `highest`."""

    begin: datetime
    end: datetime
    highest: float

    def x(self, moment: datetime) -> float:
        """The x of a moment."""
        return self.left + (self.right - self.left) * ((moment - self.begin) / (self.end - self.begin))

    def y(self, number: float) -> float:
        """The y of a number, never outside the area."""
        return self.height(number / self.highest)


def time_chart(
    lines: Sequence[Line],
    *,
    begin: datetime,
    end: datetime,
    title: str,
    unit: str,
    limit: float | None = None,
    gap: timedelta = timedelta(minutes=1),
    size: tuple[int, int] = (560, 200),
) -> SafeString:
    """Lines from zero up; a stretch longer than `gap` without a point stays empty, and so does None."""
    numbers = [number for line in lines for _, number in line.points if number is not None]
    description = f"{unit}, from {begin:%H:%M} to {end:%H:%M} UTC: {', '.join(line.name for line in lines)}."
    if not numbers:
        return empty_svg(size, title, description, "Nothing was measured in this time")
    ticks, _ = amount_ticks(Decimal(0), Decimal(str(round(max([*numbers, limit or 0]), 6))) or Decimal(1))
    labels = [f"{tick.normalize():f}" for tick in ticks]
    left = left_edge(labels, size[0])
    frame = Frame(left, size[0] - RIGHT, TOP, size[1] - BOTTOM, begin, end, float(ticks[-1]))
    parts = [
        *value_axis(
            frame,
            unit,
            ((frame.y(float(tick)), label, tick == 0) for tick, label in zip(ticks, labels, strict=True)),
        ),
        *time_axis(frame, _clock_marks(frame)),
        *_limit(frame, limit),
        *(stroke for index, line in enumerate(lines) for stroke in _strokes(frame, line, index, gap)),
        *_names(frame, lines),
    ]
    return line_svg(size, title, description, "".join(parts))


def _clock_marks(frame: Frame) -> Iterator[tuple[float, float | None, str]]:
    """Ticks at round times of day, labelled where the label stays inside the chart."""
    span = (frame.end - frame.begin).total_seconds()
    step = next((each for each in STEPS if span / each <= most_labels(frame)), STEPS[-1])
    moment = frame.begin + timedelta(seconds=step - frame.begin.timestamp() % step)
    while moment <= frame.end:
        x, label = frame.x(moment), f"{moment:%d %b}" if step >= 43_200 else f"{moment:%H:%M}"
        half = len(label) * CHARACTER / 2
        yield x, x if half <= x <= frame.right + RIGHT - half else None, label
        moment += timedelta(seconds=step)


def _limit(frame: Frame, limit: float | None) -> Iterator[str]:
    if limit is not None:
        y = frame.y(limit)
        yield f'<path class="chart-limit" d="M{frame.left:.1f} {y:.1f}H{frame.right:.1f}"/>'


def _strokes(frame: Frame, line: Line, index: int, gap: timedelta) -> Iterator[str]:
    run: list[tuple[datetime, float]] = []
    for moment, number in [*line.points, (frame.end, None)]:
        if run and (number is None or moment - run[-1][0] > gap):
            yield _stroke(frame, run, index)
            run = []
        if number is not None:
            run.append((moment, number))


def _stroke(frame: Frame, run: Sequence[tuple[datetime, float]], index: int) -> str:
    places = [f"{frame.x(moment):.1f} {frame.y(number):.1f}" for moment, number in run]
    if len(places) == 1:
        x, y = places[0].split()
        return f'<circle class="chart-dot chart-dot-{index}" cx="{x}" cy="{y}" r="2.5"/>'
    return f'<path class="chart-line chart-line-{index}" d="M{"L".join(places)}"/>'


def _names(frame: Frame, lines: Sequence[Line]) -> Iterator[str]:
    x = frame.right
    for index, line in reversed(list(enumerate(lines))):
        x -= len(line.name) * CHARACTER
        yield f'<text class="chart-name" x="{x:.1f}" y="11">{plain_text(line.name)}</text>'
        yield f'<path class="chart-line chart-line-{index}" d="M{x - 22:.1f} 7h16"/>'
        x -= 34
