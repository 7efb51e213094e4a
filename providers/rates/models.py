"""Exchange rates of the European Central Bank."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import Max, Q

from providers.rates.conversion import EuroRate

# Published each working day since 1999, so its days are the days of all.
MARKER = "USD"

_ADD = """
INSERT INTO providers_exchangerate (day, currency, per_euro)
SELECT new.day, new.currency, new.per_euro
FROM unnest(%(days)s::date[], %(currencies)s::text[], %(rates)s::numeric[]) AS new (day, currency, per_euro)
ON CONFLICT DO NOTHING
"""


class ExchangeRateManager(models.Manager["ExchangeRate"]):
    """Adds rates. A rate that is held is never changed, so that no later answer can make it worse."""

    @transaction.atomic
    def add_missing(self, rates: Sequence[EuroRate]) -> int:
        """Store whole days of rates, all or none; returns how many rates were new."""
        columns: dict[str, Any] = {
            "days": [rate.day for rate in rates],
            "currencies": [rate.currency for rate in rates],
            "rates": [rate.per_euro for rate in rates],
        }
        with connection.cursor() as cursor:
            cursor.execute(_ADD, columns)
            return int(cursor.rowcount)

    def days(self) -> set[date]:
        """All days that have rates."""
        return set(self.filter(currency=MARKER).values_list("day", flat=True))

    def newest_day(self) -> date | None:
        """The last day that has rates."""
        newest: date | None = self.filter(currency=MARKER).aggregate(newest=Max("day"))["newest"]
        return newest


class ExchangeRate(models.Model):
    """How much of a currency one euro was worth on a day."""

    pk = models.CompositePrimaryKey("currency", "day")
    currency = models.CharField(max_length=3)
    day = models.DateField()
    per_euro = models.DecimalField(max_digits=20, decimal_places=8)

    objects: ClassVar[ExchangeRateManager] = ExchangeRateManager()

    class Meta:
        indexes = (models.Index(fields=("day",), name="exchange_rate_by_day"),)
        constraints = (models.CheckConstraint(condition=Q(per_euro__gt=0), name="exchange_rate_positive"),)

    def __str__(self) -> str:
        return f"{self.per_euro} {self.currency} on {self.day}"
