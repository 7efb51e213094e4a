"""Plans of the statements that our own code sends: each is explained, in a transaction of its own, before it runs."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_EXPLAINED = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass(slots=True)
class Cost:
    """The cost of some statements: pages of 8 kB touched, rows looked at, milliseconds, and the ways to them."""

    pages: int = 0
    rows: int = 0
    ms: float = 0.0
    ways: list[str] = field(default_factory=list)

    @property
    def way(self) -> str:
        """In words: the indexes used, and the tables read from end to end."""
        return ", ".join(dict.fromkeys(self.ways)) or "no table"


def cost_of(ask: Callable[[], object]) -> Cost:
    """The cost of all that a function asks of the database."""
    found = Cost()

    def explain(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        if _EXPLAINED.match(sql):
            _add(found, sql, params[0] if many else params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        ask()
    return found


def _add(found: Cost, sql: str, params: Any) -> None:
    postgres = connection.connection
    with postgres.transaction(force_rollback=True), postgres.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params or None)
        (told,) = cursor.fetchone()
    (plan,) = told
    found.ms += plan["Execution Time"]
    found.pages += sum(plan["Plan"].get(f"Shared {kind} Blocks", 0) for kind in ("Hit", "Read"))
    for node in _nodes(plan["Plan"]):
        if way := _way(node):
            found.ways.append(way)
        if (
            "Scan" in node["Node Type"]
            and node["Node Type"] != "Bitmap Index Scan"
            and "Relation Name" in node
        ):
            looked_at = (node["Actual Rows"], *(node.get(f"Rows Removed by {why}", 0) for why in _REMOVED))
            found.rows += round(sum(looked_at) * node["Actual Loops"])


_REMOVED = ("Filter", "Index Recheck")


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _way(node: dict[str, Any]) -> str:
    """The way to a table's rows; none for a node that was never begun."""
    if not node["Actual Loops"]:
        return ""
    if "Index Name" in node:
        return f"`{node['Index Name']}`"
    if node["Node Type"] == "Seq Scan":
        return f"all of `{node['Relation Name']}`"
    return ""
