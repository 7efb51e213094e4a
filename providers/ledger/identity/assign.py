"""One-to-one assignment of rows to events: the best total first, and the ties that a person has to decide."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
EXACT = 60  # sides of a group up to which the best total is found, not approached
TIES = 24  # edges of a group up to which ties are looked for


@dataclass(frozen=True, slots=True)
class Edge:
    """A possible pair. `worth` counts what speaks for it; `days` decides between what is worth the same."""

    left: int
    right: int
    worth: int
    days: int = 0
    kind: Hashable = None  # the left side's look and the right side's: pairs of one kind are interchangeable

    @property
    def weight(self) -> int:
        """The worth first, then time; the square keeps rows in their order."""
        return self.worth * 100_000 - self.days * self.days


def assign(edges: Sequence[Edge]) -> tuple[list[Edge], dict[int, list[int]]]:
    """The pairs of the best total, and by left side the right sides it could as well have got."""
    pairs: list[Edge] = []
    ties: dict[int, list[int]] = {}
    for group in _groups(edges):
        found = _best(group)
        pairs += found
        if len(group) > len(found) and len(group) <= TIES:
            ties |= _ties(group, found)
    return [pair for pair in pairs if pair.left not in ties], ties


def _ties(group: Sequence[Edge], found: Sequence[Edge]) -> dict[int, list[int]]:
    total, kinds = _worth(found), _kinds(found)
    ties: dict[int, list[int]] = {}
    for pair in found:
        other = _best([edge for edge in group if edge is not pair])
        if _worth(other) == total and _kinds(other) != kinds:
            rights = [edge.right for edge in group if edge.left == pair.left]
            ties[pair.left] = sorted(rights, key=lambda right: right != pair.right)
    return ties


def _worth(pairs: Iterable[Edge]) -> int:
    return sum(pair.worth for pair in pairs)


def _kinds(pairs: Iterable[Edge]) -> list[str]:
    return sorted(repr(pair.kind) for pair in pairs)


def _groups(edges: Sequence[Edge]) -> Iterator[list[Edge]]:
    """Edges that share sides, directly or through others, together."""
    by_left, by_right = _by(edges, "left"), _by(edges, "right")
    seen: set[int] = set()
    for start in range(len(edges)):
        if start in seen:
            continue
        group, waiting = [], [start]
        seen.add(start)
        while waiting:
            edge = edges[waiting.pop()]
            group.append(edge)
            for near in (*by_left[edge.left], *by_right[edge.right]):
                if near not in seen:
                    seen.add(near)
                    waiting.append(near)
        yield group


def _by(edges: Sequence[Edge], side: str) -> Mapping[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        found[getattr(edge, side)].append(number)
    return found


def _best(group: Sequence[Edge]) -> list[Edge]:
    """The pairs of the greatest weight; beyond EXACT sides the weightiest edge first."""
    if len(group) == 1:
        return list(group)
    lefts = sorted({edge.left for edge in group})
    rights = sorted({edge.right for edge in group})
    if min(len(lefts), len(rights)) > EXACT:
        return _greedy(group)
    weights = {(edge.left, edge.right): edge for edge in group}
    turned = len(lefts) > len(rights)
    rows, columns = (rights, lefts) if turned else (lefts, rights)
    cost = [
        [-weights[key].weight if (key := (c, r) if turned else (r, c)) in weights else 0 for c in columns]
        for r in rows
    ]
    chosen = _least(cost)
    keys = [(columns[c], r) if turned else (r, columns[c]) for r, c in zip(rows, chosen, strict=True)]
    return [weights[key] for key in keys if key in weights]


def _greedy(group: Sequence[Edge]) -> list[Edge]:
    pairs, lefts, rights = [], set(), set()
    for edge in sorted(group, key=lambda edge: (-edge.weight, edge.left, edge.right)):
        if edge.left not in lefts and edge.right not in rights:
            pairs.append(edge)
            lefts.add(edge.left)
            rights.add(edge.right)
    return pairs


def _least(cost: Sequence[Sequence[int]]) -> list[int]:
    """The column of each row in the cheapest assignment (Kuhn and Munkres, with potentials); rows <= columns."""
    rows, columns = len(cost), len(cost[0])
    up, across = [0] * (rows + 1), [0] * (columns + 1)
    owner = [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0] = row
        _augment(cost, up, across, owner)
    chosen = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            chosen[owner[column] - 1] = column - 1
    return chosen


def _augment(cost: Sequence[Sequence[int]], up: list[int], across: list[int], owner: list[int]) -> None:
    """Find the cheapest way to give the row at column 0 a column of its own, and take it."""
    columns = len(across)
    least, way, used = [1 << 62] * columns, [0] * columns, [False] * columns
    column = 0
    while owner[column]:
        used[column] = True
        row = owner[column]
        for other in range(1, columns):
            reduced = cost[row - 1][other - 1] - up[row] - across[other]
            if not used[other] and reduced < least[other]:
                least[other], way[other] = reduced, column
        column = min((other for other in range(1, columns) if not used[other]), key=least.__getitem__)
        delta = least[column]
        for other in range(columns):
            if used[other]:
                up[owner[other]] += delta
                across[other] -= delta
            else:
                least[other] -= delta
    while column:
        owner[column] = owner[way[column]]
        column = way[column]
