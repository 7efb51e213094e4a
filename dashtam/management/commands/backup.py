"""`manage.py backup`: makes an encrypted backup while Dashtam runs, and deletes old ones."""

import contextlib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from dashtam.installation.backup import making, targets
from dashtam.installation.backup.failures import BackupFailed
from dashtam.installation.identity import Installation
from dashtam.management.arguments import whole_number

OLD_ONES_STAY = 3


class Command(BaseCommand):
    """Backs everything up. Exit code 1: there is no new backup; 3: there is, but old ones could not be deleted."""

    help = (
        "Back up the database and the installation's keys into one encrypted file, while Dashtam runs. Exit code 1: no"
        " backup was made. Exit code 3: it was made, but older ones could not be deleted."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            default=settings.BACKUP_TO,
            metavar="PLACE",
            help="a folder, or s3://bucket/prefix (BACKUP_TO)",
        )
        parser.add_argument(
            "--keep",
            type=whole_number(0),
            default=settings.BACKUP_KEEP,
            help=f"how many backups stay there, this one included; 0: all (BACKUP_KEEP, {settings.BACKUP_KEEP})",
        )
        parser.add_argument(
            "--without-keys",
            action="store_true",
            help="leave SECRET_KEY, JWT_KEYS and ENCRYPTION_KEYS out: they are kept elsewhere",
        )

    def handle(self, *args: Any, to: str, keep: int, without_keys: bool, **options: Any) -> None:
        """Make the backup, then delete old ones. Raises CommandError."""
        try:
            place = targets.target(to)
            made = making.make(place, settings.BACKUP_RECIPIENTS, with_keys=not without_keys)
        except BackupFailed as error:
            raise CommandError(f"No backup was made. {error.detail}") from error
        with contextlib.suppress(
            DatabaseError, InterfaceError
        ):  # before a migration, or where the database takes no writes
            Installation.objects.note_backup()
        self.stdout.write(
            f"{made.name}: {made.rows} rows of {made.tables} tables, {made.bytes / 1e6:.1f} MB."
        )
        try:
            for name in targets.remove_old(place, keep):
                self.stdout.write(f"Deleted {name}.")
        except Exception as error:
            raise CommandError(
                f"The backup is there, but older ones could not be deleted ({type(error).__name__}).",
                returncode=OLD_ONES_STAY,
            ) from error
