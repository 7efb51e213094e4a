"""The name that a person gives to the account which an import makes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0023_lots'),
    ]

    operations = [
        migrations.AddField(
            model_name='fileimport',
            name='account_name',
            field=models.CharField(blank=True, db_default='', default='', help_text='The name that its person gives to the account, if the file makes a new one.', max_length=200),
        ),
    ]
