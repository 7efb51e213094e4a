"""The order of day and month that a person chose for a file."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0021_notices_of_syncs'),
    ]

    operations = [
        migrations.AddField(
            model_name='fileimport',
            name='date_order',
            field=models.CharField(blank=True, db_default='', default='', help_text='“dmy” or “mdy”, if its person chose.', max_length=3),
        ),
    ]
