"""Plans of the statements that our own code sends: each is explained, in a transaction of its own, before it runs.

A statement that comes again is prepared, and PostgreSQL may plan it once for any values.
Where it would, that plan counts.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from psycopg import Error
from psycopg.sql import SQL, Composed, Literal

_ANALYZED = "ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON"
_NUMBER = itertools.count()
_PLACE = re.compile(r"%\((\w+)\)s|%s|%%")
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
        told = _told(cursor, f"EXPLAIN ({_ANALYZED}) {sql}", params or None)
    with postgres.transaction(force_rollback=True), postgres.cursor() as cursor:
        if postgres.prepare_threshold is not None:
            told = _of_anybody(cursor, sql, params or (), told["Plan"]["Total Cost"]) or told
    found.ms += told["Execution Time"]
    found.pages += sum(told["Plan"].get(f"Shared {kind} Blocks", 0) for kind in ("Hit", "Read"))
    for node in _nodes(told["Plan"]):
        if way := _way(node):
            found.ways.append(way)
        if (
            "Scan" in node["Node Type"]
            and node["Node Type"] != "Bitmap Index Scan"
            and "Relation Name" in node
        ):
            looked_at = (node["Actual Rows"], *(node.get(f"Rows Removed by {why}", 0) for why in _REMOVED))
            found.rows += round(sum(looked_at) * node["Actual Loops"])


def _told(cursor: Any, sql: str | Composed, params: Any = None) -> dict[str, Any]:
    cursor.execute(sql, params)
    ((plan,),) = cursor.fetchone()
    return dict(plan)


def _of_anybody(cursor: Any, sql: str, params: Any, cost: float) -> dict[str, Any] | None:
    """The plan for any values, if PostgreSQL would take it: from the sixth time on, if it looks cheaper."""
    values: list[Any] = []

    def numbered(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        values.append(params[match[1]] if match[1] else params[len(values)])
        return f"${len(values)}"

    statement, name = _PLACE.sub(numbered, sql), f"of_anybody_{next(_NUMBER)}"
    try:
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE {name} AS {statement}")
    except Error:  # a value whose type only the driver tells
        return None
    given = SQL("({})").format(SQL(", ").join(map(Literal, values))) if values else SQL("")
    execute = SQL("EXECUTE ") + SQL(name) + given
    hoped = _told(cursor, SQL("EXPLAIN (FORMAT JSON) ") + execute)["Plan"]["Total Cost"]
    return _told(cursor, SQL(f"EXPLAIN ({_ANALYZED}) ") + execute) if hoped <= cost else None


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
