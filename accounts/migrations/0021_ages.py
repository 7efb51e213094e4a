"""Indexes by age, so that what ends each night is found without reading all that stays."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Least

INDEXES = (
    ("onetimelink", models.Index(fields=("expires_at",), name="one_time_link_age")),
    (
        "session",
        models.Index(Least("expires_at", "idle_expires_at"), condition=Q(revoked_at=None), name="session_over"),
    ),
    (
        "failedproof",
        models.Index(fields=("last_at",), condition=Q(user__isnull=False), name="failed_proof_age"),
    ),
    (
        "user",
        models.Index(
            fields=("created_at",), condition=Q(email_verified_at=None, last_login=None), name="user_unconfirmed"
        ),
    ),
)


def _dropped(name: str) -> migrations.RunSQL:
    """What a run that was stopped has left, unfinished."""
    return migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0020_identities")]
    operations = [
        operation
        for model, index in INDEXES
        for operation in (_dropped(index.name), AddIndexConcurrently(model, index))
    ]
