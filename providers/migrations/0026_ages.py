"""Indexes by age, so that what ends or is due is found without reading all the rest."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

LIVING = ("active", "expiring", "degraded")
INDEXES = (
    (
        "connection",
        models.Index(
            fields=("provider", "next_sync_at"),
            name="connection_due_of_provider",
            condition=Q(next_sync_at__isnull=False),
        ),
    ),
    (
        "connection",
        models.Index(
            fields=("consent_expires_at",),
            name="connection_consent_ends",
            condition=Q(state__in=LIVING, consent_expires_at__isnull=False),
        ),
    ),
    (
        "syncrun",
        models.Index(fields=("finished_at",), name="sync_ended", condition=Q(finished_at__isnull=False)),
    ),
    ("authorizationrequest", models.Index(fields=("expires_at",), name="authorization_age")),
    ("fileimport", models.Index(fields=("created_at",), name="import_previewed", condition=Q(state="preview"))),
    (
        "fileimport",
        models.Index(
            fields=("created_at",), name="import_findings", condition=~Q(rejected=[]) | ~Q(notices=[])
        ),
    ),
)


def _dropped(name: str) -> migrations.RunSQL:
    """What a run that was stopped has left, unfinished."""
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("providers", "0025_accounts_offered")]
    operations = [
        *(
            operation
            for model, index in INDEXES
            for operation in (_dropped(index.name), AddIndexConcurrently(model, index))
        ),
        RemoveIndexConcurrently("connection", "connection_due"),
    ]
