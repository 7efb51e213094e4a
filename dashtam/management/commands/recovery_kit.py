"""`manage.py recovery_kit`: makes the recovery key of backups, and a page to print."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashtam.installation.backup import kit


class Command(BaseCommand):
    """Makes a key pair; the secret half is in the two files alone, and is printed nowhere."""

    help = (
        "Make a recovery key. Backups are encrypted to its public half, and its secret half opens them: it belongs on"
        " paper, not on this machine."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", required=True, type=Path, metavar="FOLDER", help="where to write the two files"
        )

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        """Write the kit, and say what to do with it. Raises CommandError where there is one already, or no room."""
        try:
            made = kit.make(to)
        except FileExistsError as error:
            raise CommandError(f"{to} holds a recovery kit already: choose another folder.") from error
        except OSError as error:
            raise CommandError(f"The kit could not be written: {error.strerror}.") from error
        self.stdout.write(
            f"1. Print {made.page} twice, and keep the sheets in two places.\n"
            f"2. Keep {made.key_file} on a medium that is not plugged in, if you like, or nowhere.\n"
            "3. Delete both files from this machine.\n"
            "4. Let backups be made for this key, in the environment or in .env:\n"
            f"BACKUP_RECIPIENTS={made.public_key}"
        )
