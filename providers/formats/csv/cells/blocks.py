"""Tables that are written as blocks of lines, each with a name and a value: `Date: 31/01/2026`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from providers.formats.csv.cells.records import Record

_NAMED = re.compile(r"([^\W\d_][^:;,|\t]{0,30}):[ \t\u00a0]*(.*)")


def blocks(lines: Sequence[str]) -> list[Record]:
    """A record for each block, below one of their names; none if the file is written otherwise.

    A block begins where its first name comes again. What stands before the first of them is above the table.
    """
    matches = [(number, _NAMED.fullmatch(line)) for number, line in enumerate(lines, 1)]
    named = [(number, match.group(1).strip(), match.group(2).strip()) for number, match in matches if match]
    filled = sum(not line.isspace() for line in lines if line)
    names = [name for _, name, _ in named]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if len(named) < filled or not 2 < len(repeated) < 30:
        return []
    start = names.index(repeated[0])
    found = [Record(number, [name, value]) for number, name, value in named[:start]]
    found.append(Record(named[start][0], repeated))
    for number, name, value in named[start:]:
        if name == repeated[0]:
            found.append(Record(number, [""] * len(repeated)))
        if name in repeated:
            found[-1].cells[repeated.index(name)] = value
    return found
