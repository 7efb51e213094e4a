"""A source that has most of all observations, and how many of them a piece of work reads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection as database

from providers.ledger.observations.models import Source

_FILL = """
INSERT INTO providers_observation (source_id, delivery_id, place, event, row_id, replaces, date, amount, unit, status,
    text, row_hash, state, reason, at)
SELECT %s, gen_random_uuid(), n, gen_random_uuid(), '', '', date '2010-01-01' + n %% 3000, 1, 'EUR', 2, '', '', 1,
    'new', now()
FROM generate_series(1, %s) AS n
"""
_READ = """
SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
WHERE relname = 'providers_observation'
"""


def fill(source: Source, rows: int = 20_000) -> None:
    """Give a source many rows from long ago, and let the database know of them."""
    with database.cursor() as cursor:
        cursor.execute(_FILL, [source.id, rows])
        cursor.execute("ANALYZE providers_observation")


@contextmanager
def few_read(most: int = 100, *, planned: str = "generic", only: str = "") -> Iterator[None]:
    """Fail with the statements that read more observations, those included that they then left out.

    Statements are `planned` for any values (generic), as after some uses, or anew for these (custom). `only` is a
    regular expression that names those that count.
    """
    large = []
    with database.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = force_{planned}_plan")

    def watched(execute: Any, sql: str, *rest: Any) -> Any:
        before = _read()
        result = execute(sql, *rest)
        if _read() - before > most and re.search(only, sql):
            large.append(sql)
        return result

    with database.execute_wrapper(watched):
        yield
    assert not large, "\n\n".join(large)


def _read() -> int:
    row = database.connection.execute(_READ).fetchone()
    return int(row[0])
