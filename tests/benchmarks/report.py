"""Rows of measurements: a value, its yardstick and target, and the verdict."""

import json
import os
import platform
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dashtam.installation.demo.processes import ROOT
from tests.benchmarks.curves import Curve
from tests.benchmarks.scene import Scene


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. `ratio` is value ÷ yardstick, both taken in the same run."""

    id: str
    name: str
    value: float
    unit: str
    yardstick: float
    ratio: float
    target: str
    holds: bool


def row(
    id: str,
    name: str,
    value: float,
    unit: str,
    *,
    yardstick: float,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """A row that holds when value ÷ yardstick is at least, or at most, the given ratio."""
    ratio = value / yardstick
    holds = (at_least is None or ratio >= at_least) and (at_most is None or ratio <= at_most)
    target = f"≥ {at_least}" if at_least is not None else f"≤ {at_most}"
    return Row(id, name, value, unit, yardstick, ratio, target, holds)


def take(ids: Sequence[str], measure: Callable[[Scene], list[Row]], scene: Scene) -> list[Row]:
    """Rows of one measure, told as soon as they are known. One that breaks off is a row that does not hold."""
    started = time.monotonic()
    try:
        rows = measure(scene)
    except Exception:  # noqa: BLE001 the other measures are still to come
        traceback.print_exc()
        rows = [Row(name, "broken off", 0.0, "", 0.0, 0.0, "to end", holds=False) for name in ids]
    print(f"{', '.join(ids)}: {time.monotonic() - started:.0f} s", flush=True)
    for r in rows:
        print(f"  {r.id} {r.ratio:.2f} ({r.target}) {'holds' if r.holds else 'SHORT'}", flush=True)
    return rows


def publish(rows: Sequence[Row], home: Path, *, seconds: float) -> None:
    """Print the table and write `bench.json`."""
    table = Table(title=machine(), caption=f"{seconds:.0f} seconds, {load_average()}")
    for column in ("", "measure", "value", "yardstick", "ratio", "target", ""):
        table.add_column(column, justify="left" if column in {"", "measure"} else "right", no_wrap=True)
    for r in rows:
        holds = "holds" if r.holds else "[bold]short[/]"
        yardstick = f"{_figure(r.yardstick)} {r.unit}"
        value = f"{_figure(r.value)} {r.unit}"
        table.add_row(r.id, r.name, value, yardstick, f"{r.ratio:.2f}", r.target, holds)
    Console(width=140).print(table)
    found = {r.id: {name: value for name, value in asdict(r).items() if name != "id"} for r in rows}
    (home / "bench.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def write_down(rows: Sequence[Row], curves: Sequence[Curve]) -> None:
    """Put figures and curves into the document, between its marks."""
    (ROOT / "docs/performance").mkdir(exist_ok=True)
    for curve in curves:
        (ROOT / f"docs/performance/{curve.file}.svg").write_text(curve.svg())
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine()}.",
        "",
        "| row | measure | value | yardstick | ratio | target | |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for r in rows:
        value, yardstick = (f"{_figure(number)} {r.unit}".strip() for number in (r.value, r.yardstick))
        holds = "holds" if r.holds else "**short**"
        lines.append(f"| {r.id} | {r.name} | {value} | {yardstick} | {r.ratio:.2f} | {r.target} | {holds} |")
    lines += ["", *(f"![{curve.title}](performance/{curve.file}.svg)\n" for curve in curves)]
    document = ROOT / "docs/performance.md"
    before, begin, rest = document.read_text().partition(
        "<!-- figures: written by `make bench ARGS=--docs` -->\n"
    )
    _, end, after = rest.partition("<!-- end of figures -->\n")
    document.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{after}")


def machine() -> str:
    """The machine that the figures were taken on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def load_average() -> str:
    """The load average of the last minute, this run included."""
    return f"load {os.getloadavg()[0]:.1f}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
