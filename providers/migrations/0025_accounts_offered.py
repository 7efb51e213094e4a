"""Accounts that an institution has told of, and that are not shared yet."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0024_name_of_new_account'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='accounts_offered_at',
            field=models.DateTimeField(blank=True, help_text='When the institution told of accounts that its person has not shared yet.', null=True),
        ),
    ]
