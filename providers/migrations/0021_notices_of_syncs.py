"""Words that a sync did not understand, and rows that it left out, with how many."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0020_table_layouts'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncrun',
            name='notices',
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text='What was kept as it came, or left out, and how often.',
            ),
        ),
    ]
