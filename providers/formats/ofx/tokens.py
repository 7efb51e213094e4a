"""A tolerant tokenizer: OFX text, SGML or XML, becomes a tree of aggregates in one pass.

No DTD is read and no entity declared in the file is expanded. What is nested is decided by names:
- STRUCTURE always nests; a missing end tag is supplied when the parent ends or a sibling of that name begins;
- LEAVES never nest, so end tags are optional for them and an empty one is simply empty;
- any other name followed by text is a leaf, otherwise it nests on trial: if its end tag never comes it was an
  empty leaf, and what it seemed to hold belongs to its parent. So vendor extensions do not leak into rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from providers.formats.errors import StatementTooDeepError, StatementTooLargeError, TruncatedStatementError
from providers.formats.ofx.tags import AGGREGATES, LEAVES, STATEMENTS, STRUCTURE

MAX_DEPTH = 100
MAX_NODES = 1_000_000

_KEPT = STRUCTURE | AGGREGATES
# Where an unknown aggregate is a section or a row the reader should hear about.
_REPORTED_IN = frozenset({"", "OFX", "INVTRANLIST", "BANKTRANLIST", "INVPOSLIST"}) | STATEMENTS

_TAG = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9._:-]*+)([\s/][^<>]*+)?+|\?[^<>]*+)>")
_DECLARATION = re.compile(r"<!(?:--|\[CDATA\[|DOCTYPE\b)", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*+>")


class Node:
    """An aggregate: its leaf values by tag, its aggregates in order, and the line it starts on."""

    __slots__ = ("children", "filled", "line", "repeated", "tag", "values")

    def __init__(self, tag: str, line: int) -> None:
        self.tag = tag
        self.line = line
        self.values: dict[str, str] = {}
        self.children: list[Node] = []
        self.repeated: set[str] | None = None
        self.filled = False  # something was inside, kept or not

    def put(self, tag: str, value: str) -> None:
        """Keep the first value; remember a second, different one, so that it can be refused."""
        known = self.values.get(tag)
        if not known:
            self.values[tag] = value
        elif value and value != known:
            self.repeated = (self.repeated or set()) | {tag}

    def child(self, tag: str) -> Node | None:
        """The first aggregate of that name directly inside."""
        return next((node for node in self.children if node.tag == tag), None)

    def descendants(self, *, outside: frozenset[str] = frozenset()) -> Iterator[Node]:
        """Every aggregate below in document order, without looking inside those named in `outside`."""
        waiting = self.children[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            if node.tag not in outside:
                waiting.extend(reversed(node.children))


class _Tree:
    """The aggregates that are open while the text goes by."""

    def __init__(self) -> None:
        self.root = Node("", 1)
        self._open = [self.root]
        self._count = 0

    def begin(self, tag: str, value: str, line: int) -> None:
        if tag in STRUCTURE:
            self._end_sibling(tag)
        parent = self._open[-1]
        parent.filled = True
        if tag not in STRUCTURE and (value or tag in LEAVES):
            if tag in LEAVES or tag in AGGREGATES:
                parent.put(tag, value)
            return
        self._count += 1
        if self._count > MAX_NODES:
            raise StatementTooLargeError("The file has too many rows. Download a shorter period.")
        if len(self._open) > MAX_DEPTH:
            raise StatementTooDeepError("The file is nested far deeper than a statement. Download it again.")
        self._open.append(Node(tag, line))

    def end(self, tag: str) -> None:
        """Close the innermost aggregate of that name and all inside it; leaves have nothing to close."""
        if tag in LEAVES or not any(node.tag == tag for node in self._open):
            return
        while True:
            node = self._open.pop()
            self._attach(node, closed=node.tag == tag)
            if node.tag == tag:
                return

    def finish(self) -> Node:
        while len(self._open) > 1:
            node = self._open.pop()
            if node.tag in STRUCTURE:
                raise _truncated()
            self._attach(node, closed=False)
        return self.root

    def _end_sibling(self, tag: str) -> None:
        if tag == "OFX" and any(node.tag == tag for node in self._open):
            raise _truncated()  # a second document begins before the first has ended
        self.end(tag)

    def _attach(self, node: Node, *, closed: bool) -> None:
        parent = self._open[-1]
        if node.tag in _KEPT and (closed or node.tag in STRUCTURE):
            parent.children.append(node)
        elif closed:
            # A wrapper we do not know must not hide the statements inside it.
            inside = [child for child in node.children if child.tag in STRUCTURE]
            if parent.tag in _REPORTED_IN and node.filled and not inside:
                inside = [Node(node.tag, node.line)]
            parent.children.extend(inside)
        else:
            _give_back(node, parent)


def _truncated() -> TruncatedStatementError:
    return TruncatedStatementError(
        "The file ends before the statement does, so rows may be missing. Download it again."
    )


def _give_back(node: Node, parent: Node) -> None:
    for tag, value in node.values.items():
        parent.put(tag, value)
    if node.repeated:
        parent.repeated = (parent.repeated or set()) | node.repeated
    parent.children.extend(node.children)


def parse_tree(text: str) -> Node:
    """The aggregates of the text under a nameless root. Raises too_deep, too_large, truncated."""
    tree = _Tree()
    for tag, mark, value, line in _tags(_without_declarations(text)):
        if mark != "/":
            tree.begin(tag, value, line)
        if mark:
            tree.end(tag)
    return tree.finish()


def _tags(text: str) -> Iterator[tuple[str, str, str, int]]:
    """Name, mark ("/" for an end tag, "." for an empty element), text that follows, and line of every tag."""
    line, counted = 1, 0
    for match, following in pairwise(chain(_TAG.finditer(text), (None,))):
        if match is None or match.group(2) is None:
            continue
        slash, name, rest = match.groups()
        tag = name.rpartition(":")[2].upper()
        if not tag:  # <prefix:> names nothing
            continue
        line += text.count("\n", counted, match.start())
        counted = match.start()
        mark = slash or ("." if rest and rest.endswith("/") else "")
        value = "" if mark else text[match.end() : following.start() if following else None].strip()
        yield tag, mark, value, line


def _without_declarations(text: str) -> str:
    """Comments and document types go, CDATA becomes plain escaped text; line numbers stay."""
    parts: list[str] = []
    position = 0
    while match := _DECLARATION.search(text, position):
        start = match.start()
        parts.append(text[position:start])
        position, kept = _declaration_end(text, match)
        parts.append(kept or "\n" * text.count("\n", start, position))
    return "".join([*parts, text[position:]]) if parts else text


def _declaration_end(text: str, match: re.Match[str]) -> tuple[int, str]:
    """Where the declaration stops, and the text to keep of it."""
    begin = match.end()
    if match.group() == "<!--":
        end = _find(text, "-->", begin)
        return end + 3, ""
    if match.group().endswith("["):
        end = _find(text, "]]>", begin)
        return end + 3, text[begin:end].replace("&", "&amp;").replace("<", "&lt;")
    end = _find(text, ">", begin)
    if "[" not in text[begin:end]:
        return end + 1, ""
    subset = _SUBSET_END.search(text, begin)
    return (subset.end() if subset else len(text)), ""


def _find(text: str, mark: str, start: int) -> int:
    end = text.find(mark, start)
    if end < 0:
        raise _truncated()
    return end
