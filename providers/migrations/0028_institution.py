"""The institution behind an aggregator's consent, known so far from the accounts alone."""

from django.db import migrations, models

# Of the providers whose consent is for one institution each.
NAME = """
UPDATE providers_connection AS held SET institution = found.name
FROM (
    SELECT connection_id, min(institution) AS name FROM providers_financialaccount
    WHERE institution <> '' GROUP BY connection_id HAVING count(DISTINCT institution) = 1
) AS found
WHERE found.connection_id = held.id AND held.provider IN ('plaid', 'enable-banking')
"""


class Migration(migrations.Migration):
    dependencies = [("providers", "0027_categories")]
    operations = [
        migrations.AddField(
            "connection",
            "institution",
            models.CharField(max_length=200, blank=True, default="", db_default=""),
        ),
        migrations.RunSQL(NAME, migrations.RunSQL.noop),
    ]
