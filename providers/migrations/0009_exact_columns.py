"""Decimals without a scale, and two indexes of numbers in the details of transactions.

From `numeric(36, 18)` to `numeric` PostgreSQL changes its catalogue and neither rewrites the table nor its indexes.
Each table is locked by itself, for as long as that takes. Columns stay wide when this is undone.
"""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform

from providers.ledger.models.numbers import ExactField

# Column and whether it may be null, by model.
COLUMNS: dict[str, dict[str, bool]] = {
    "balancesnapshot": {"current": False, "available": True, "limit": True},
    "financialaccount": {"balance_current": True, "balance_available": True, "balance_limit": True},
    "holding": {"quantity": False, "price": True, "market_value": True, "cost_basis": True},
    "transaction": {"amount": False, "quantity": True, "price": True, "fees": True},
}
HELP = {"cost_basis": "Of the whole position, not per unit."}
DETAILED = models.Q(("details__isnull", False))


def _widened(model: str, columns: dict[str, bool]) -> migrations.SeparateDatabaseAndState:
    changes = ", ".join(f'ALTER COLUMN "{name}" TYPE numeric' for name in columns)
    fields = {name: ExactField(null=null, help_text=HELP.get(name, "")) for name, null in columns.items()}
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(f"ALTER TABLE providers_{model} {changes}", migrations.RunSQL.noop)
        ],
        state_operations=[migrations.AlterField(model, name, field) for name, field in fields.items()],
    )


def _index(name: str, key: str) -> list[Any]:
    """An index that a run which was stopped may have left unfinished."""
    index = models.Index(
        models.F("user"), KeyTextTransform(key, "details"), condition=DETAILED, name=name
    )
    dropped = migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
    return [dropped, AddIndexConcurrently("transaction", index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0008_statement_facts")]
    operations: list[Any] = [
        *(_widened(model, columns) for model, columns in COLUMNS.items()),
        *_index("transaction_check", "check_number"),
        *_index("transaction_reference", "reference"),
    ]
