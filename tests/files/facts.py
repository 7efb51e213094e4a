"""Facts about files, from an `INDEX.tsv` beside them: what was counted in each, and which must be refused.

Columns are found by how their names begin: path, format, special, expected, counted. In `counted` these are read:
`Ntry 3`, `:61: 4`, `STMTTRN 3; INVTRAN 1` and `rows 5` count rows; `LEDGERBAL 1.00, -2.00`, `close C240131EUR2157,84`
and `closing 1.00` are closing balances; `sum 1.00` is the sum of all rows.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

_ROWS = (r"\bNtry (\d+)", r":61: (\d+)", r"\brows (\d+)", r"STMTTRN (\d+)", r"INVTRAN (\d+)")
_CLOSING = re.compile(r"\bclosing (-?[0-9.]+)")
_LEDGER = re.compile(r"LEDGERBAL ((?:-?[0-9.]+(?:, )?)+)")
_SUM = re.compile(r"\bsum (-?[0-9.]+)")
_MUST_BE_REFUSED = re.compile(r"must be refused|refused sign-on|ACCTINFO listing")


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that are known of one file; None and empty where none is."""

    rows: int | None = None
    refused: bool = False
    closing: tuple[Decimal, ...] = ()
    sum: Decimal | None = None


@dataclass(slots=True)
class Outcome:
    """The outcome of one file."""

    file: str
    format: str = ""
    state: str = ""
    reason: str = ""
    statements: int = 0
    rows: int = 0
    rejected: int = 0
    informed: int = 0
    added_again: int = 0
    sums: dict[str, str] = field(default_factory=dict)
    balances: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def read_index(folder: Path) -> dict[str, Facts]:
    """The facts of each file of the index, by its path; empty without an index."""
    index = folder / "INDEX.tsv"
    if not index.exists():
        return {}
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {_column(row, "path"): _facts(row) for row in rows}


def _column(row: dict[str, str], name: str) -> str:
    return next((value or "" for key, value in row.items() if key and key.startswith(name)), "")


def _facts(row: dict[str, str]) -> Facts:
    special, counted = _column(row, "special"), _column(row, "counted")
    counts = [int(found.group(1)) for pattern in _ROWS if (found := re.search(pattern, counted))]
    closing = [Decimal(text) for text in _CLOSING.findall(counted)]
    if ledger := _LEDGER.search(counted):
        closing += [Decimal(text) for text in re.findall(r"-?[0-9]+\.?[0-9]*", ledger.group(1))]
    total = _SUM.search(counted)
    return Facts(
        rows=sum(counts) or None,  # none counted may mean that nothing could be
        refused=_MUST_BE_REFUSED.search(special) is not None,
        closing=tuple(closing),
        sum=Decimal(total.group(1)) if total else None,
    )


def differences(facts: Facts, outcome: Outcome) -> Iterator[str]:
    """Everything that came out otherwise than the facts say."""
    if facts.refused:
        if outcome.state != "failed" and not outcome.rejected and not outcome.notices:
            yield "it was taken without a word, and must be refused"
        return
    if outcome.state == "failed":
        return
    accounted = outcome.rows + outcome.rejected + outcome.informed
    if facts.rows is not None and accounted != facts.rows:
        yield f"{accounted} rows are accounted for, {facts.rows} were counted"
    balances = [Decimal(text.split()[0]) for text in outcome.balances]
    for closing in facts.closing:
        if closing not in balances:
            yield f"no closing balance is {closing}"
    if facts.sum is not None and facts.sum not in map(Decimal, outcome.sums.values()):
        yield f"no sum is {facts.sum}"
