"""The end of a consent that its person was told of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0016_call_counts")]
    operations = [
        migrations.AddField(
            "connection",
            "warned_of",
            models.DateTimeField(
                null=True, blank=True, help_text="The end of the consent that its person was told of."
            ),
        ),
    ]
