"""Balances and holdings of statement files that were dated in the future count for when the file was read.

Until now such a date was believed, and every balance that came later was taken for an older one.
"""

from typing import Any

from django.db import migrations

# A day more than our clock shows is today somewhere.
ACCOUNTS = """
UPDATE providers_financialaccount AS account
SET balance_as_of = balance_fetched_at, balance_date = (balance_fetched_at AT TIME ZONE 'UTC')::date,
    balances_version = balances_version + 1
WHERE balance_as_of > balance_fetched_at + interval '1 day' AND id IN (
    SELECT (statement->>'account_id')::uuid
    FROM providers_fileimport, jsonb_array_elements(statements) AS statement
)
RETURNING id
"""
HOLDINGS = """
UPDATE providers_holding SET as_of = fetched_at
WHERE account_id IN (
    SELECT (statement->>'account_id')::uuid
    FROM providers_fileimport, jsonb_array_elements(statements) AS statement
) AND as_of > fetched_at + interval '1 day'
"""
SNAPSHOTS = """
WITH moved AS (
    DELETE FROM providers_balancesnapshot
    WHERE account_id IN (
        SELECT (statement->>'account_id')::uuid
        FROM providers_fileimport, jsonb_array_elements(statements) AS statement
    ) AND date > (fetched_at AT TIME ZONE 'UTC')::date + 1
    RETURNING *
)
INSERT INTO providers_balancesnapshot AS held (account_id, date, current, available, "limit", lacks, as_of, fetched_at)
SELECT DISTINCT ON (account_id, (fetched_at AT TIME ZONE 'UTC')::date)
    account_id, (fetched_at AT TIME ZONE 'UTC')::date, current, available, "limit", lacks, fetched_at, fetched_at
FROM moved ORDER BY account_id, (fetched_at AT TIME ZONE 'UTC')::date, fetched_at DESC
ON CONFLICT (account_id, date) DO NOTHING
"""
# What was refused as older meanwhile has stayed as a snapshot of its day.
NEWER = """
UPDATE providers_financialaccount AS account
SET balance_current = newest.current, balance_available = newest.available, balance_lacks = newest.lacks,
    balance_as_of = newest.as_of, balance_date = newest.date, balance_fetched_at = newest.fetched_at
FROM (
    SELECT DISTINCT ON (account_id) * FROM providers_balancesnapshot
    WHERE account_id = ANY(%s) ORDER BY account_id, as_of DESC
) AS newest
WHERE account.id = newest.account_id AND newest.as_of > account.balance_as_of
"""


def mend(apps: Any, schema_editor: Any) -> None:
    """Move them, then give each account the newest balance that is known of it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(ACCOUNTS)
        ids = [id for (id,) in cursor.fetchall()]
        cursor.execute(HOLDINGS)
        cursor.execute(SNAPSHOTS)
        cursor.execute(NEWER, [ids])


class Migration(migrations.Migration):
    dependencies = [("providers", "0009_exact_columns")]
    operations = [migrations.RunPython(mend, migrations.RunPython.noop, elidable=True)]
