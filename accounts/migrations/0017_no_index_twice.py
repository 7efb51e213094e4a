"""Drops indexes that others make superfluous."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Each is the beginning of another index, or serves no query.
TWICE = (
    "accounts_apikey_user_id_bd902026",
    "accounts_exportpart_export_id_0f754404",
    "accounts_recoverycode_user_id_994761d3",
    "accounts_user_email_b2644a56_like",
    "accounts_passkey_credential_id_2a629197_like",
    "accounts_user_groups_user_id_52b62117",
    "accounts_user_user_permissions_user_id_e4f0a161",
)


def _without(name: str) -> migrations.RunSQL:
    """Dropped while people read and write; AlterField would also check all foreign keys anew."""
    return migrations.RunSQL(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"', migrations.RunSQL.noop)


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('accounts', '0016_heard_tokens'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[_without(name) for name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='apikey',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='exportpart',
                    name='export',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='accounts.dataexport'),
                ),
                migrations.AlterField(
                    model_name='recoverycode',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='recovery_codes', to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
    ]
