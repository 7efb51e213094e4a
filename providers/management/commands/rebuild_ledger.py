"""`manage.py rebuild_ledger`: writes transactions anew from what was observed, decided and edited."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from providers.ledger.models import FinancialAccount
from providers.ledger.observations.rebuild import rebuild, strays


class Command(BaseCommand):
    """Rebuilds one account after another, each in one transaction; ids, edits and decisions stay."""

    help = "Rebuild transactions from the observations they come from. May run while Dashtam serves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", type=UUID, help="the id of the only account to rebuild")

    def handle(self, *args: Any, account: UUID | None = None, **options: Any) -> None:
        """Rebuild, print. Fails where there is no such account."""
        accounts = FinancialAccount.objects.order_by("id")
        if account:
            accounts = accounts.filter(id=account)
            if not accounts.exists():
                raise CommandError(f"There is no account with the id {account}.")
        rows = kept = count = 0
        for found in accounts.iterator(chunk_size=100):
            rows += rebuild(found)
            kept += strays(found)
            count += 1
        self.stdout.write(
            f"{rows} transactions of {count} accounts were rebuilt; {kept} older ones stay as they are."
        )
