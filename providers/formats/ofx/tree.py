"""The tree of a statement file: aggregates, and how they nest when end tags are missing.

What is nested is decided by names:
- STRUCTURE always nests; a missing end tag is supplied when the parent ends or a sibling of that name begins, and
  that of LISTS when something begins that stands after lists only;
- LEAVES never nest, so end tags are optional for them and an empty one is simply empty;
- any other name followed by text is a leaf, otherwise it nests on trial: if its end tag never comes it was an
  empty leaf, and what it seemed to hold belongs to its parent. So vendor extensions do not leak into rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from providers.formats.errors import StatementTooDeepError, StatementTooLargeError, TruncatedStatementError
from providers.formats.ofx.tags import AFTER_LISTS, AGGREGATES, LISTS, STATEMENTS, STRUCTURE

MAX_DEPTH = 100
MAX_NODES = 1_000_000
COUNT_EVERY = 5_000

Count = Callable[[int], None]

_KEPT = STRUCTURE | AGGREGATES
# Where an unknown aggregate is a section or a row the reader should hear about.
_REPORTED_IN = frozenset({"", "OFX", "INVTRANLIST", "BANKTRANLIST", "INVPOSLIST", "INVBAL"}) | STATEMENTS


class Node:
    """An aggregate: its leaf values by tag, its aggregates in order, and the line it starts on."""

    __slots__ = ("children", "filled", "line", "repeated", "tag", "values")

    def __init__(self, tag: str, line: int) -> None:
        self.tag = tag
        self.line = line
        self.values: dict[str, str] = {}
        self.children: list[Node] | tuple[()] = ()
        self.repeated: set[str] | None = None
        self.filled = False  # something was inside, kept or not

    def put(self, tag: str, value: str) -> None:
        """Keep the first value; remember a second, different one, so that it can be refused."""
        known = self.values.get(tag)
        if not known:
            self.values[tag] = value
        elif value and value != known:
            self.refuse({tag})

    def refuse(self, tags: set[str]) -> None:
        """Remember that these tags came with different values."""
        if self.repeated is None:
            self.repeated = set()
        self.repeated |= tags

    def add(self, *nodes: Node) -> None:
        """Append aggregates."""
        if isinstance(self.children, list):
            self.children.extend(nodes)
        elif nodes:
            self.children = list(nodes)

    def take_children(self) -> Iterator[Node]:
        """The aggregates in order, each let go of as it is given: a large list is then never held twice."""
        waiting: list[Node] = [*reversed(self.children)]
        self.children = ()
        while waiting:
            yield waiting.pop()

    def child(self, tag: str) -> Node | None:
        """The first aggregate of that name directly inside."""
        return next((node for node in self.children if node.tag == tag), None)

    def descendants(self, *, outside: frozenset[str] = frozenset()) -> Iterator[Node]:
        """Every aggregate below in document order, without looking inside those named in `outside`."""
        waiting: list[Node] = [*reversed(self.children)]
        while waiting:
            node = waiting.pop()
            yield node
            if node.tag not in outside:
                waiting.extend(reversed(node.children))


class Tree:
    """The aggregates that are open while the text goes by. Each step costs the same, whatever is open."""

    def __init__(self, tell: Count) -> None:
        self.root = Node("", 1)
        self.count, self.tell = 0, tell
        self._open = [self.root]
        self._names: dict[str, int] = {}  # of what is open

    def put(self, tag: str, value: str) -> None:
        """A leaf of what is open: one of LEAVES, which never nest."""
        parent = self._open[-1]
        parent.filled = True
        parent.put(tag, value)

    def begin(self, tag: str, value: str, line: int) -> None:
        """An aggregate begins, or a leaf that is none of LEAVES."""
        structure = tag in STRUCTURE
        if tag in AFTER_LISTS and not value:
            self._end_lists()
        elif structure:
            self._end_sibling(tag)
        parent = self._open[-1]
        parent.filled = True
        if value and not structure:
            if tag in AGGREGATES:
                parent.put(tag, value)
            return
        self.count += 1
        if not self.count % COUNT_EVERY:
            self.tell(self.count)
        if self.count > MAX_NODES:
            raise StatementTooLargeError("The file has too many rows. Download a shorter period.")
        if len(self._open) > MAX_DEPTH:
            raise StatementTooDeepError("The file is nested far deeper than a statement. Download it again.")
        self._open.append(Node(tag, line))
        self._names[tag] = self._names.get(tag, 0) + 1

    def end(self, tag: str) -> None:
        """Close the innermost aggregate of that name and all inside it."""
        if tag not in self._names:
            return
        node, place = self._open[-1], len(self._open) - 1
        if node.tag == tag:
            self._forget(self._open.pop())
        else:
            while node.tag != tag:
                place -= 1
                node = self._open[place]
            self._gather(place)
        self._attach_closed(node)

    def finish(self) -> Node:
        if any(node.tag in STRUCTURE for node in self._open):
            raise truncated()
        self._gather(0)
        return self.root

    def _end_sibling(self, tag: str) -> None:
        if tag == "OFX" and tag in self._names:
            raise truncated()  # a second document begins before the first has ended
        self.end(tag)

    def _end_lists(self) -> None:
        for name in LISTS:
            self.end(name)

    def _gather(self, place: int) -> None:
        """Close what is open from `place` on. What was open on trial inside gives its content to its parent.

        Content moves once, from the outermost on, however many aggregates never saw their end.
        """
        parent, *inside = self._open[place:]
        for node in inside:
            if node.tag in STRUCTURE:
                parent.add(node)
                parent = node
            else:
                _give(node, parent)
        for node in self._open[place:]:
            self._forget(node)
        del self._open[place:]

    def _forget(self, node: Node) -> None:
        """One of that name is no longer open."""
        left = self._names.get(node.tag, 0) - 1
        if left > 0:
            self._names[node.tag] = left
        else:
            self._names.pop(node.tag, None)

    def _attach_closed(self, node: Node) -> None:
        parent = self._open[-1]
        if node.tag in _KEPT:
            parent.add(node)
            return
        # A wrapper we do not know must not hide the statements inside it.
        inside = [child for child in node.children if child.tag in STRUCTURE]
        if parent.tag in _REPORTED_IN and node.filled and not inside:
            inside = [Node(node.tag, node.line)]
        parent.add(*inside)


def _give(node: Node, parent: Node) -> None:
    for tag, value in node.values.items():
        parent.put(tag, value)
    if node.repeated:
        parent.refuse(node.repeated)
    parent.add(*node.children)


def truncated() -> TruncatedStatementError:
    """The error of a file that ends too early."""
    return TruncatedStatementError(
        "The file ends before the statement does, so rows may be missing. Download it again."
    )
