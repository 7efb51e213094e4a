"""`manage.py rehearse_restore`: proves that a backup can be restored, beside the running installation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashtam.errors import DashtamError
from dashtam.installation.backup import chosen, rehearsal


class Command(BaseCommand):
    """Restores into a scratch database, opens all that is sealed in it, and drops it. Exit code 1 if not all did."""

    help = (
        "Restore a backup into a scratch database, open every sealed secret in it, verify its audit log, and drop the"
        " scratch database. Exit code 1 if anything is not as it should be."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        chosen.add_arguments(parser)

    def handle(self, *args: Any, backup: str, key: str | None, **options: Any) -> None:
        """Rehearse, and print what was proven. Raises CommandError if it was not."""
        try:
            with chosen.opened(backup, key) as opened:
                encryption_keys = rehearsal.keys_for(opened, settings.ENCRYPTION_KEYS)
                proof = rehearsal.rehearse(opened, encryption_keys)
        except DashtamError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"The backup was made at {opened.manifest['made_at']}.")
        for table, count in sorted(proof.rows.items()):
            self.stdout.write(f"  {table:40}{count:>12}")
        self.stdout.write(
            f"{proof.rows.total()} rows were restored, and {proof.opened} sealed secrets opened."
        )
        self.stdout.write(proof.audit.sentence)
        if proof.closed:
            told = ", ".join(f"{count} of {column}" for column, count in sorted(proof.closed.items()))
            raise CommandError(f"These did not open: {told}. The keys in this backup are not those it needs.")
        if not proof.audit.whole:
            raise CommandError("The audit log in this backup is not whole.")
        self.stdout.write(self.style.SUCCESS("This backup can be restored."))
