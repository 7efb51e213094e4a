"""`manage.py load_exchange_rates`: stores the exchange rates that are installed with Dashtam."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand

from dashtam.management.arguments import whole_number
from providers.rates.models import ExchangeRate
from providers.rates.published import read_history


class Command(BaseCommand):
    """Adds what is missing and changes nothing else. The worker does the same by itself."""

    help = "Store the ECB's exchange rates since 1999 that are installed with Dashtam, as far as they are missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--years",
            type=whole_number(0),
            help="add the newest years only, and leave the rest to the worker",
        )

    def handle(self, *args: Any, years: int | None = None, **options: Any) -> None:
        """Load, print."""
        parts = islice(read_history(ExchangeRate.objects.days()), years)
        added = sum(ExchangeRate.objects.add_missing(part) for part in parts)
        newest = ExchangeRate.objects.newest_day()
        self.stdout.write(f"{added} exchange rates added; the newest are of {newest}.")
