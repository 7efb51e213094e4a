"""Rows of measurements: a value, what it is held against, and whether it holds."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. `ratio` is value ÷ yardstick, both taken in the same run."""

    name: str
    value: float
    unit: str
    yardstick: float
    ratio: float
    target: str
    holds: bool


def row(
    name: str, value: float, unit: str, *, yardstick: float, at_least: float = 0, at_most: float = 0
) -> Row:
    """A row that holds when value ÷ yardstick is at least, or at most, the given ratio."""
    ratio = value / yardstick
    target = f"≥ {at_least}" if at_least else f"≤ {at_most}"
    return Row(
        name, value, unit, yardstick, ratio, target, ratio >= at_least if at_least else ratio <= at_most
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of all are not above."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def publish(rows: Sequence[Row], home: Path) -> None:
    """Print the table and write `bench.json`."""
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for column in ("measure", "value", "yardstick", "ratio", "target", ""):
        table.add_column(column, justify="left" if column == "measure" else "right")
    for r in rows:
        holds = "holds" if r.holds else "[bold]short[/]"
        table.add_row(
            r.name, f"{r.value:,.3f} {r.unit}", f"{r.yardstick:,.3f}", f"{r.ratio:.2f}", r.target, holds
        )
    Console(width=140).print(table)
    (home / "bench.json").write_text(
        json.dumps({r.name: asdict(r) for r in rows}, indent=2, ensure_ascii=False)
    )
