"""Columns for connections that are read in batches. All may be empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0014_steps_of_access")]
    operations = [
        migrations.AddField("connection", "cursor", models.TextField(
                blank=True, default="", db_default="", help_text="Where the next pull goes on, if all accounts share a cursor."
            )),
        migrations.AddField(
            "financialaccount", "institution", models.CharField(max_length=200, blank=True, default="", db_default="", help_text="The institution behind an aggregator.")
        ),
        migrations.AddField("financialaccount", "covered_to", models.DateField(
                null=True, blank=True, help_text="The last day up to which the institution has stated all rows."
            )),
    ]
