"""Records of a QIF file: sections that begin with `!`, and records that end with `^`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SECTION = re.compile(r"!\s*(type\s*:\s*)?([A-Za-z /]+)(?::\s*([A-Za-z ]+))?", re.IGNORECASE)
MAX_VALUES = 3_000  # of one record: a split has three


@dataclass(slots=True)
class Record:
    """The lines of one record, each a letter and a value, in their order. `section` is in lower case."""

    section: str
    line: int
    lines: list[str]

    def first(self, letter: str) -> str:
        """The first value of that letter; empty if there is none."""
        for line in self.lines:
            if line[0] == letter:
                return line[1:].strip()
        return ""

    def all(self, letters: str) -> list[str]:
        """Every value of these letters."""
        return [line[1:].strip() for line in self.lines if line[0] in letters]


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
        if current is None:
            current = Record(section, number, [line])
        elif len(current.lines) < MAX_VALUES:
            current.lines.append(line)
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
