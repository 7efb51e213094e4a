"""Choices of people about accounts and transactions, and what each imported file brought."""

import dashtam.ids
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import providers.imports.provenance
from django.db import migrations, models


# The rows of files from before: no import that is taken back may take them along.
FROM_BEFORE = """
INSERT INTO providers_importedrows (account_id, names, before)
SELECT account_id, array_agg(provider_transaction_id), '[]' FROM providers_transaction
WHERE provider_transaction_id LIKE 'ofx:%' GROUP BY account_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0011_derived_balances'),
    ]

    operations = [
        migrations.AddField(
            model_name='fileimport',
            name='traced',
            field=models.BooleanField(db_default=False, default=False, help_text='What it brought is written down, so it can be taken back.'),
        ),
        migrations.AddField(
            model_name='financialaccount',
            name='closed_by_person',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='financialaccount',
            name='hidden',
            field=models.BooleanField(db_default=False, default=False, help_text='Left out of lists; it still counts.'),
        ),
        migrations.AddField(
            model_name='financialaccount',
            name='in_net_worth',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='financialaccount',
            name='institution_name',
            field=models.CharField(help_text="The institution's own name, where its person has chosen another.", max_length=200, null=True),
        ),
        migrations.AddField(
            model_name='transaction',
            name='feed_category',
            field=models.CharField(help_text="The provider's category, where the person has chosen another.", max_length=80, null=True),
        ),
        migrations.AddField(
            model_name='withdrawntransaction',
            name='category',
            field=models.CharField(help_text="The person's own, if they chose one.", max_length=80, null=True),
        ),
        migrations.AlterField(
            model_name='financialaccount',
            name='closed_at',
            field=models.DateTimeField(blank=True, help_text='Since when the institution lists it no more, or its person closed it.', null=True),
        ),
        migrations.AlterField(
            model_name='financialaccount',
            name='name',
            field=models.CharField(help_text='As it is shown.', max_length=200),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='category',
            field=models.CharField(blank=True, help_text='As it is shown.', max_length=80),
        ),
        migrations.CreateModel(
            name='ImportedRows',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('names', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), help_text="The rows' provider_transaction_id.", size=None)),
                ('before', models.JSONField(decoder=providers.imports.provenance.ExactDecoder, default=list)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='providers.financialaccount')),
                ('file_import', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='providers.fileimport')),
            ],
        ),
        migrations.CreateModel(
            name='ImportedState',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('as_of', models.DateTimeField()),
                ('fetched_at', models.DateTimeField()),
                ('date', models.DateField(help_text='The day of the balance, if the file states one.', null=True)),
                ('balance', models.JSONField(help_text='The columns of its snapshot.', null=True)),
                ('before', models.JSONField(help_text='The balance of that day before, if no file had stated it.', null=True)),
                ('holdings', models.JSONField(help_text='The list that the file states: a HoldingsRecord.', null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='providers.financialaccount')),
                ('file_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='states', to='providers.fileimport')),
            ],
            options={
                'ordering': ('as_of', 'fetched_at'),
            },
        ),
        migrations.CreateModel(
            name='DeletedAccount',
            fields=[
                ('id', models.UUIDField(default=dashtam.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('provider_account_id', models.CharField(max_length=200)),
                ('deleted_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('connection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deleted_accounts', to='providers.connection')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('connection'), models.F('provider_account_id'), name='deleted_account_once_per_connection')],
            },
        ),
        migrations.RunSQL(FROM_BEFORE, migrations.RunSQL.noop),
    ]
