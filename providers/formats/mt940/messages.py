"""Messages of an MT940 or MT942 file: envelopes taken off, each a list of fields in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TAG = re.compile(r"[ \t\ufeff]*:([0-9]{2}[A-Z]?|NS):(.*)")
_ENVELOPE = re.compile(r"\{4:[ \t]*")
_END = re.compile(r"[ \t]*-[ \t]*(?:\}.*|[X\u00ad]{0,4}[ \t]*)?|[ \t]*\u00adXXX[ \t]*")
MAX_LINE = 10_000
MAX_CONTINUED = 200  # lines of one field


@dataclass(slots=True)
class Field:
    """A tag, its lines, and the line of the file it stands on."""

    tag: str
    line: int
    lines: list[str]


@dataclass(slots=True)
class Message:
    """The fields of one message. `ended` if its end is marked."""

    line: int
    fields: list[Field] = field(default_factory=list)
    ended: bool = False

    def has(self, *tags: str) -> bool:
        """True if one of these fields is there."""
        return any(each.tag in tags for each in self.fields)


def messages(text: str) -> list[Message]:
    """The messages, each of which begins with :20:, or with :25: where that is missing.

    Lines that belong to no field, such as the names of banks between messages, go.
    """
    if "@@" in text and "\n:" not in text.replace("@@:", ":"):
        text = text.replace("\n", "")
    splitter = _Splitter()
    for number, line in enumerate(text.replace("@@", "\n").split("\n"), 1):
        splitter.take(number, line)
    return splitter.found


class _Splitter:
    """Takes line after line."""

    def __init__(self) -> None:
        self.found: list[Message] = []
        self.current: Field | None = None

    def take(self, number: int, line: str) -> None:
        if "{" in line and (envelope := _ENVELOPE.search(line)):
            line = line[envelope.end() :]
            self._end()
        match = _TAG.match(line)
        if match:
            self._begin(number, *match.groups())
        elif line.startswith(("-", " -", "\u00ad")) and _END.fullmatch(line[:200]):
            self._end()
        elif self.current is not None and len(self.current.lines) < MAX_CONTINUED:
            self.current.lines.append(line[:MAX_LINE])

    def _begin(self, number: int, tag: str, value: str) -> None:
        if _begins(tag, self.found):
            self.found.append(Message(number))
        self.current = Field(tag, number, [value[:MAX_LINE]])
        self.found[-1].fields.append(self.current)

    def _end(self) -> None:
        self.current = None
        if self.found:
            self.found[-1].ended = True


def _begins(tag: str, found: list[Message]) -> bool:
    if not found or tag == "20":
        return True
    last = found[-1]
    return last.ended or (tag in {"25", "25P"} and last.has("25", "25P"))
