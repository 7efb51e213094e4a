"""Lots of holdings: units by purchase."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0022_date_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='holding',
            name='lots',
            field=models.JSONField(help_text='Units by purchase, if the institution tells them: LotRecords.', null=True),
        ),
    ]
