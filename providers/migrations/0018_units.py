"""Units of up to 32 characters: currencies, coins, tokens and points. A wider column rewrites no row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0017_consent_clock")]
    operations = [
        migrations.AlterField(name, "currency", models.CharField(max_length=32))
        for name in ("financialaccount", "transaction", "security", "holding")
    ]
