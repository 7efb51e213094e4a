"""Columns for what statement files say, and digests of how they name their accounts. Nothing is rewritten."""

import django.db.models.deletion
from django.db import migrations, models

LACKS = [("cash", "Cash"), ("holdings", "Some holdings"), ("cash_and_holdings", "Cash and some holdings")]


def _lacks() -> "models.CharField[str, str]":
    return models.CharField(blank=True, choices=LACKS, db_default="", default="", max_length=20)


class Migration(migrations.Migration):
    dependencies = [("providers", "0007_words_and_balances")]
    operations = [
        migrations.CreateModel(
            name="AccountFingerprint",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                (
                    "kind",
                    models.CharField(
                        help_text="The kind of account that the file says it is.", max_length=60
                    ),
                ),
                (
                    "said",
                    models.PositiveSmallIntegerField(
                        help_text="How many names of the institution the file has, at most two."
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fingerprints",
                        to="providers.financialaccount",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            "accountfingerprint",
            models.UniqueConstraint(
                models.F("digest"), models.F("account"), name="fingerprint_once_per_account"
            ),
        ),
        migrations.AddField("balancesnapshot", "lacks", _lacks()),
        migrations.AddField(
            "fileimport",
            "currency",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The currency that its person chose, for files that name none.",
                max_length=3,
            ),
        ),
        migrations.AddField(
            "fileimport",
            "new_account",
            models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its person wants a new account, if the file does not say which one it is of.",
            ),
        ),
        migrations.AddField(
            "financialaccount",
            "balance_date",
            models.DateField(help_text="The day of the balance where the institution is.", null=True),
        ),
        migrations.AddField("financialaccount", "balance_lacks", _lacks()),
        migrations.AddField(
            "financialaccount",
            "holdings_as_of",
            models.DateTimeField(
                help_text="When its holdings were as we have them, also where it holds nothing.", null=True
            ),
        ),
        migrations.AddField(
            "transaction",
            "details",
            models.JSONField(
                help_text="Facts that few rows have, decimals as text: see providers.records.Details.", null=True
            ),
        ),
    ]
