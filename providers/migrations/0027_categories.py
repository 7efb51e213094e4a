"""An index of the categories that a person's transactions have."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0026_ages")]
    operations = [
        # What a run that was stopped has left, unfinished.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS transaction_by_category", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            "transaction", models.Index(fields=("user", "category"), name="transaction_by_category")
        ),
    ]
