"""Observations near new rows are found in time, whatever the database believes of its tables."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from providers.ledger.identity.records import Row, Status
from providers.ledger.models import FinancialAccount
from providers.ledger.observations import near
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Source
from tests.providers.ledger.observations.telling import FEED, stated, told

pytestmark = pytest.mark.django_db
HELD, NEW = 1500, 400


def taken_for_empty() -> None:
    """Let the table be analysed while it has pages and no rows, as in the middle of a first import."""
    with database.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM providers_observation")
        cursor.execute("DELETE FROM providers_observation")
        cursor.execute("ANALYZE providers_observation")
        cursor.execute("INSERT INTO providers_observation SELECT * FROM kept")
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'providers_observation'::regclass")
        assert cursor.fetchone() == (0,)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def looked_at(plan: dict[str, Any]) -> int:
    """How many rows the nodes of an analysed plan have handled together."""
    kinds = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    return sum(node["Actual Loops"] * sum(node.get(kind, 0) for kind in kinds) for node in nodes(plan))


def test_t12_a_table_that_counts_as_empty_is_not_compared_row_by_row(account: FinancialAccount) -> None:
    def day(number: int) -> date:
        return date(2025, 1, 1) + timedelta(days=number % 700)

    rows = [replace(told(f"a{n}", 1, f"-{n}.00", "Kiosk"), date=day(n)) for n in range(1, HELD)]
    land(account, FEED, stated(*rows))
    taken_for_empty()
    source = Source.objects.get()
    fresh = [
        Row(n, f"b{n}", day(n + 3), Decimal(-n), "EUR", Status.POSTED, "Kiosk", b"") for n in range(1, NEW)
    ]
    with CaptureQueriesContext(database) as captured:
        held = near.near(source, [source.id], fresh, (), ())
    assert {each.id for each in held} >= {f"a{n}" for n in range(1, NEW)}
    (statement,) = [each["sql"] for each in captured]
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        (plans,) = cursor.fetchone()
    plan = plans if isinstance(plans, list) else json.loads(plans)
    assert looked_at(plan[0]["Plan"]) < 20 * (HELD + NEW)
