"""Lines over time as SVG text: hours on the axis, a unit, a limit to stay under."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.safestring import SafeString

from dashtam.ui.charts import BOTTOM, CHARACTER, GAP, RIGHT, TOP, amount_ticks, line_svg, plain_text

STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800)
Points = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line and what it is called."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a moment and a number fall."""

    left: float
    right: float
    bottom: float
    begin: datetime
    end: datetime
    top: float  # the highest number

    def x(self, moment: datetime) -> float:
        """From left to right."""
        return self.left + (self.right - self.left) * ((moment - self.begin) / (self.end - self.begin))

    def y(self, number: float) -> float:
        """From bottom to top."""
        return self.bottom - (self.bottom - TOP) * min(max(number / self.top, 0.0), 1.0)


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
        words, place = "Nothing was measured in this time", f'x="{size[0] / 2}" y="{size[1] / 2}"'
        return line_svg(size, title, description, f'<text class="chart-empty" {place}>{words}</text>')
    ticks, _ = amount_ticks(Decimal(0), Decimal(str(round(max([*numbers, limit or 0]), 6))) or Decimal(1))
    labels = [f"{tick.normalize():f}" for tick in ticks]
    left = max(map(len, labels)) * CHARACTER + GAP
    frame = Frame(left, size[0] - RIGHT, size[1] - BOTTOM, begin, end, float(ticks[-1]))
    parts = [
        f'<text class="chart-unit" x="0" y="11">{plain_text(unit)}</text>',
        *_grid(frame, [float(tick) for tick in ticks], labels),
        *_clock(frame),
        *_limit(frame, limit),
        *(stroke for index, line in enumerate(lines) for stroke in _strokes(frame, line, index, gap)),
        *_names(frame, lines),
    ]
    return line_svg(size, title, description, "".join(parts))


def _grid(frame: Frame, ticks: Sequence[float], labels: Sequence[str]) -> Iterator[str]:
    for tick, label in zip(ticks, labels, strict=True):
        y, kind = frame.y(tick), "chart-grid" if tick else "chart-zero"
        yield f'<line class="{kind}" x1="{frame.left:.1f}" x2="{frame.right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="chart-amount" x="{frame.left - GAP:.1f}" y="{y + 4:.1f}">{label}</text>'


def _clock(frame: Frame) -> Iterator[str]:
    span = (frame.end - frame.begin).total_seconds()
    room = int((frame.right - frame.left) // (8 * CHARACTER))
    step = next((each for each in STEPS if span / each <= room), STEPS[-1])
    moment = frame.begin + timedelta(seconds=step - frame.begin.timestamp() % step)
    while moment <= frame.end:
        x, label = frame.x(moment), f"{moment:%d %b}" if step >= 43_200 else f"{moment:%H:%M}"
        yield f'<path class="chart-tick" d="M{x:.1f} {frame.bottom:.1f}v5"/>'
        half = len(label) * CHARACTER / 2
        if half <= x <= frame.right + RIGHT - half:
            yield f'<text class="chart-day" x="{x:.1f}" y="{frame.bottom + 19:.1f}">{label}</text>'
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
