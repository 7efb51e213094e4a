"""Accounts whose transactions come from observations, what each file said as digests, and more kinds of questions."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0018_units'),
    ]

    operations = [
        migrations.AddField(
            model_name='financialaccount',
            name='observed_at',
            field=models.DateTimeField(editable=False, help_text='Since when its transactions come from observations.', null=True),
        ),
        migrations.AddField(
            model_name='source',
            name='complete_at',
            field=models.DateTimeField(help_text='When it was first read to its end.', null=True),
        ),
        migrations.AlterField(
            model_name='question',
            name='kind',
            field=models.CharField(choices=[('same_event', 'Event'), ('same_account', 'Account'), ('sudden_change', 'Sudden'), ('vanished_rows', 'Vanished'), ('late_rows', 'Late'), ('holdings_gone', 'Holdings'), ('account_gone', 'Closed')], max_length=13),
        ),
        migrations.AlterField(
            model_name='question',
            name='right',
            field=models.UUIDField(help_text='The one that may be the same, or the source of a sudden change; else as left.'),
        ),
        migrations.AlterField(
            model_name='importedrows',
            name='names',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), help_text="Of pieces from before: the rows' ids.", size=None),
        ),
        migrations.AddField(
            model_name='importedrows',
            name='said_hash',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), help_text='Digests of the rows, as observations have them; empty for files of before.', null=True, size=None),
        ),
        migrations.AddField(
            model_name='importedrows',
            name='taken',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), db_default=models.Value('{}'), default=list, help_text='Observations that its corrections ended.', size=None),
        ),
    ]
