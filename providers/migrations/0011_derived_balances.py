"""Balances worked out from rows: their mark, and the history of file accounts that are there already."""

from datetime import date
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from providers.ledger.history import Period
from providers.ledger.ingest.history import TYPES, rebuild_history

# Files of before did not write down the days they cover. The rows that one has added were first seen while it landed:
# between the first and the last of them it has all rows, if none was left out.
_COVERS = """
UPDATE providers_fileimport AS file SET statements = (
    SELECT jsonb_agg(statement || jsonb_build_object('covers_from', rows.first, 'covers_to', rows.last) ORDER BY place)
    FROM jsonb_array_elements(file.statements) WITH ORDINALITY AS each (statement, place)
    CROSS JOIN LATERAL (
        SELECT min(date) AS first, max(date) AS last FROM providers_transaction AS brought
        WHERE brought.account_id = (statement ->> 'account_id')::uuid AND file.rejected_count = 0
            AND brought.first_seen_at BETWEEN file.created_at AND file.finished_at
    ) AS rows
)
WHERE file.id = %(file)s
"""
_FILES = """
SELECT DISTINCT file.id FROM providers_fileimport AS file, jsonb_array_elements(file.statements) AS statement
WHERE file.finished_at IS NOT NULL AND NOT statement ? 'covers_from'
"""
_PERIODS = """
SELECT account.id, statement ->> 'covers_from', statement ->> 'covers_to'
FROM providers_financialaccount AS account
JOIN providers_connection AS link ON link.id = account.connection_id AND link.provider = 'ofx'
LEFT JOIN LATERAL (
    SELECT statement FROM providers_fileimport AS file, jsonb_array_elements(file.statements) AS statement
    WHERE file.user_id = account.user_id AND statement ->> 'account_id' = account.id::text
) AS file ON true
WHERE account.type = ANY(%(types)s)
"""


def _rebuild(apps: Any, schema_editor: Any) -> None:
    """Work out the history of each file account, in a transaction of its own."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_FILES)
        for (file,) in cursor.fetchall():
            cursor.execute(_COVERS, {"file": file})
        cursor.execute(_PERIODS, {"types": list(TYPES)})
        found: dict[Any, list[Period]] = {}
        for account, first, last in cursor.fetchall():
            periods = found.setdefault(account, [])
            if first:
                periods.append(Period(date.fromisoformat(first), date.fromisoformat(last)))
    for account, periods in found.items():
        rebuild_history(account, periods)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0010_days_that_had_not_come")]
    operations: list[Any] = [
        migrations.AddField(
            "balancesnapshot", "derived", models.BooleanField(default=False, db_default=False)
        ),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS balance_derived", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "balancesnapshot",
            models.Index(fields=("account", "date"), name="balance_derived", condition=Q(derived=True)),
        ),
        migrations.RunPython(_rebuild, migrations.RunPython.noop),
    ]
