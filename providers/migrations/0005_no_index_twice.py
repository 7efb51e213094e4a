"""Drops indexes that others make superfluous, and adds the one that deleting a security needs."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


# Each is the beginning of another index, or serves no query.
TWICE = (
    "providers_connection_provider_7976d1a6",
    "providers_connection_provider_7976d1a6_like",
    "providers_connection_user_id_3d679d1f",
    "providers_pendingrevocation_provider_533ccffb",
    "providers_pendingrevocation_provider_533ccffb_like",
    "providers_authorizationrequest_provider_0fa4786e",
    "providers_authorizationrequest_provider_0fa4786e_like",
    "providers_fileimport_user_id_e562fbaf",
    "providers_importpart_id_4329da86_like",
    "providers_financialaccount_connection_id_4d3675cc",
    "providers_financialaccount_user_id_4628613f",
    "providers_balancesnapshot_account_id_ae63cfd3",
    "providers_security_provider_9b00b61e",
    "providers_security_provider_9b00b61e_like",
    "providers_holding_account_id_625081e2",
    "providers_syncrun_connection_id_3f001344",
)


def _without(name: str) -> migrations.RunSQL:
    """Dropped while people read and write; AlterField would also check all foreign keys anew."""
    return migrations.RunSQL(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"', migrations.RunSQL.noop)


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('providers', '0004_imports_in_the_background'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[_without(name) for name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='authorizationrequest',
                    name='provider',
                    field=models.SlugField(db_index=False, max_length=40),
                ),
                migrations.AlterField(
                    model_name='balancesnapshot',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='balances', to='providers.financialaccount'),
                ),
                migrations.AlterField(
                    model_name='connection',
                    name='provider',
                    field=models.SlugField(db_index=False, max_length=40),
                ),
                migrations.AlterField(
                    model_name='connection',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='connections', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='fileimport',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='file_imports', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='financialaccount',
                    name='connection',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='accounts', to='providers.connection'),
                ),
                migrations.AlterField(
                    model_name='financialaccount',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='financial_accounts', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='holding',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='holdings', to='providers.financialaccount'),
                ),
                migrations.AlterField(
                    model_name='pendingrevocation',
                    name='provider',
                    field=models.SlugField(db_index=False, max_length=40),
                ),
                migrations.AlterField(
                    model_name='security',
                    name='provider',
                    field=models.SlugField(db_index=False, max_length=40),
                ),
                migrations.AlterField(
                    model_name='syncrun',
                    name='connection',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sync_runs', to='providers.connection'),
                ),
            ],
        ),
        _without("transaction_by_security"),  # what a stopped run left
        AddIndexConcurrently(
            model_name='transaction',
            index=models.Index(condition=models.Q(('security__isnull', False)), fields=['security'], name='transaction_by_security'),
        ),
    ]
