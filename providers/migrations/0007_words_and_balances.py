"""Two indexes, built while people read and write: words of transactions, and balances for sums over years."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from providers.ledger.models import grams

# See providers/ledger/models/grams.py. Pages compare in upper case, and so do the groups.
FUNCTION = """
CREATE OR REPLACE FUNCTION providers_grams(person uuid, description text, note text, category text)
RETURNS integer[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(
    SELECT hashtext(substr(words, start, 3)) # uuid_hash(person)
    FROM (VALUES (upper(description)), (upper(note)), (upper(category))) AS texts (words),
        generate_series(1, length(words) - 2) AS start
)
$$"""
COVERING = """
CREATE UNIQUE INDEX CONCURRENTLY balance_each_day
ON providers_balancesnapshot (account_id, date) INCLUDE (current)"""


def _dropped(name: str) -> migrations.RunSQL:
    """What a run that was stopped has left, unfinished."""
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0006_sign_of_life")]
    operations: list[Any] = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION providers_grams"),
        _dropped("transaction_grams"),
        AddIndexConcurrently("transaction", GinIndex(grams.of_row(), name="transaction_grams")),
        _dropped("balance_each_day"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(COVERING, "DROP INDEX balance_each_day"),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS balance_once_per_day",
                    "CREATE UNIQUE INDEX balance_once_per_day ON providers_balancesnapshot (account_id, date)",
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint("balancesnapshot", "balance_once_per_day"),
                migrations.AddConstraint(
                    "balancesnapshot",
                    models.UniqueConstraint(
                        fields=("account", "date"), include=("current",), name="balance_each_day"
                    ),
                ),
            ],
        ),
    ]
