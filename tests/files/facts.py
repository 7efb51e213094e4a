"""Facts about files, from an `INDEX.tsv` beside them: what was counted in each, and which must be refused.

Columns are found by how their names begin: path, format, special, expected, counted. In `counted` these are read:
`Ntry 3`, `:61: 4`, `STMTTRN 3; INVTRAN 1` and `rows 5` count rows; `LEDGERBAL 1.00, -2.00` and `closing 1.00` are
closing balances, `close C240131EUR2157,84` is one with its day; `sum 1.00` is the sum of all rows. In `expected`:
`2 transactions`, `1 discarded`, and `normalised -4.35, +100.00`, which are the amounts of all rows.
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
_CLOSE = re.compile(r"\bclose ([^;|]*)")
_DATED = re.compile(r"([CD])(\d{6})(?:[A-Z]{3})?(\d+),(\d*)")
_TRANSACTIONS = re.compile(r"(?<![\d-])(\d+) transactions?\b")
_DISCARDED = re.compile(r"(\d+) discarded")
_AMOUNTS = re.compile(r"normalised ((?:[-+][0-9.]+(?:, )?)+)")
_UNCOUNTED = ":20: 0;"  # no message was found, so that nothing could be counted
_SUM = re.compile(r"\bsum (-?[0-9.]+)")
_MUST_BE_REFUSED = re.compile(r"must be refused|refused sign-on|ACCTINFO listing")


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that are known of one file; None and empty where none is."""

    rows: int | None = None
    refused: bool = False
    hostile: bool = False
    closing: tuple[Decimal, ...] = ()
    days: tuple[tuple[str, Decimal], ...] = ()
    sum: Decimal | None = None
    amounts: tuple[Decimal, ...] = ()
    rejected: int | None = None


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
    days: list[tuple[str, str]] = field(default_factory=list)
    amounts: list[str] = field(default_factory=list)
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
    special, counted, expected = (_column(row, name) for name in ("special", "counted", "expected"))
    counts = [int(found.group(1)) for pattern in _ROWS if (found := re.search(pattern, counted))]
    closing = [Decimal(text) for text in _CLOSING.findall(counted)]
    if ledger := _LEDGER.search(counted):
        closing += [Decimal(text) for text in re.findall(r"-?[0-9]+\.?[0-9]*", ledger.group(1))]
    total, amounts = _SUM.search(counted), _AMOUNTS.search(expected)
    if found := _TRANSACTIONS.search(expected):
        counts = [int(found.group(1)) + sum(map(int, _DISCARDED.findall(expected)))]
    discarded = _DISCARDED.search(expected)
    return Facts(
        rows=sum(counts) if counts and _UNCOUNTED not in counted else None,
        refused=_MUST_BE_REFUSED.search(special) is not None,
        hostile="hostile" in special,
        closing=tuple(closing),
        days=tuple(_days(counted)),
        sum=Decimal(total.group(1)) if total else None,
        amounts=tuple(sorted(Decimal(text) for text in amounts.group(1).split(", "))) if amounts else (),
        rejected=int(discarded.group(1)) if discarded else None,
    )


def _days(counted: str) -> Iterator[tuple[str, Decimal]]:
    """The closing balances of MT940 with their days; of several pages of a day the last."""
    found: dict[str, Decimal] = {}
    for text in _CLOSE.findall(counted):
        for mark, day, units, cents in _DATED.findall(text):
            century = "19" if day >= "80" else "20"
            amount = Decimal(f"{units}.{cents or 0}")
            found[f"{century}{day[:2]}-{day[2:4]}-{day[4:]}"] = -amount if mark == "D" else amount
    yield from found.items()


def differences(facts: Facts, outcome: Outcome) -> Iterator[str]:
    """Everything that came out otherwise than the facts say."""
    if facts.refused:
        # A file that contradicts itself may be taken if the gap is told: readers differ on which part of it is wrong.
        if outcome.state != "failed" and not any(each.startswith("balance_gap") for each in outcome.notices):
            yield "it was taken, and must be refused"
    elif outcome.state == "failed":
        if not facts.hostile and (facts.rows or facts.closing or facts.days or facts.amounts):
            yield "it was refused, and has rows or balances"
    else:
        yield from _of_rows(facts, outcome)
        yield from _of_balances(facts, outcome)


def _of_rows(facts: Facts, outcome: Outcome) -> Iterator[str]:
    accounted = outcome.rows + outcome.rejected + outcome.informed
    if facts.rows is not None and accounted != facts.rows:
        yield f"{accounted} rows are accounted for, {facts.rows} were counted"
    if facts.rejected is not None and outcome.rejected != facts.rejected:
        yield f"{outcome.rejected} rows were left out, {facts.rejected} must be"
    amounts = tuple(sorted(map(Decimal, outcome.amounts)))
    if facts.amounts and amounts != facts.amounts:
        yield f"the amounts are {', '.join(map(str, amounts))}"
    if facts.sum is not None and facts.sum not in map(Decimal, outcome.sums.values()):
        yield f"no sum is {facts.sum}"


def _of_balances(facts: Facts, outcome: Outcome) -> Iterator[str]:
    balances = [Decimal(text.split()[0]) for text in outcome.balances]
    for closing in facts.closing:
        if closing not in balances:
            yield f"no closing balance is {closing}"
    told = {(day, Decimal(amount)) for day, amount in outcome.days}
    for day, amount in facts.days:
        if (day, amount) not in told:
            yield f"no closing balance of {day} is {amount}"
