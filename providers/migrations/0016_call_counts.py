"""Counts of the calls that institutions allow."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0015_pulls")]
    operations = [
        migrations.CreateModel(
            name="CallCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=400, unique=True)),
                ("account", models.CharField(blank=True, max_length=255)),
                ("seconds", models.PositiveIntegerField(help_text="The length of the window.")),
                ("calls", models.PositiveIntegerField()),
                ("ends_at", models.DateTimeField(db_index=True)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="call_counts",
                        to="providers.connection",
                    ),
                ),
            ],
        ),
    ]
