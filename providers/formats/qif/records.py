"""Records of a QIF file: sections that begin with `!`, and records that end with `^`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SECTION = re.compile(r"!\s*(type\s*:\s*)?([A-Za-z /]+)(?::\s*([A-Za-z ]+))?", re.IGNORECASE)
MAX_VALUES = 3_000  # of one record: a split has three


@dataclass(slots=True)
class Record:
    """The lines of one record, each a letter and a value, in their order. `section` is in lower case."""

    section: str
    line: int
    values: list[tuple[str, str]] = field(default_factory=list)

    def first(self, letter: str) -> str:
        """The first value of that letter; empty if there is none."""
        return next((value for key, value in self.values if key == letter), "")

    def all(self, letter: str) -> list[str]:
        """Every value of that letter."""
        return [value for key, value in self.values if key == letter]


def records(text: str) -> Iterator[Record]:
    """The records, those of `!Account` among them. Lines before the first section belong to a bank account.

    The last record counts without its `^`, if it has anything.
    """
    section = "bank"
    current: Record | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip("\x1a\x00\ufeff \t")
        if not line:
            continue
        if line[0] in "!^":
            if current is not None:
                yield current
            current = None
            section = _section(line, section) if line[0] == "!" else section
            continue
        current = current or Record(section, number)
        if len(current.values) < MAX_VALUES:
            current.values.append((line[0], line[1:].strip()))
    if current is not None:
        yield current


def _section(line: str, before: str) -> str:
    """The section that a `!` line begins; options and AutoSwitch begin none."""
    match = _SECTION.match(line)
    if match is None:
        return "unknown"
    typed, name, _ = match.groups()
    word = " ".join(name.lower().split())
    if typed:
        return word
    if word == "account":
        return "account"
    return before if word in {"option", "clear"} else "unknown"
