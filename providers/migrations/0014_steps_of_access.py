"""Columns for access in steps, for grants of any kind, and for the life of a consent. All may be empty."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("providers", "0013_observations")]
    operations = [
        migrations.AddField("authorizationrequest", "kept", models.BinaryField(null=True)),
        migrations.AddField(
            "authorizationrequest", "busy_until", models.DateTimeField(null=True, blank=True)
        ),
        migrations.AddField("providertoken", "secrets", models.BinaryField(null=True)),
        migrations.AddField("connection", "consent_given_at", models.DateTimeField(null=True, blank=True)),
    ]
