"""`manage.py import FILE… --user EMAIL`: brings statement files in for a person."""  # noqa: N999 the command's name

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync  # noqa: TID251 a command
from django.core.management.base import BaseCommand, CommandError

from dashtam.errors import DashtamError
from providers import wiring
from providers.imports.arriving.uploads import DATE_ORDERS
from providers.imports.intake.intake_service import Brought


class Command(BaseCommand):
    """Imports one file after the other; the same file again adds nothing."""

    help = (
        "Import statement files (OFX, QFX, CAMT, MT940, QIF, CSV, or a zip of them) for a person. Exit code 1 if one"
        " was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what to import")
        parser.add_argument("--user", required=True, help="the email address of the person")
        parser.add_argument("--account", type=UUID, help="the id of the account that the rows belong to")
        parser.add_argument("--currency", default="", help="for files that do not say it, such as EUR")
        parser.add_argument("--new-account", action="store_true", help="if a file does not say its account")
        parser.add_argument(
            "--date-order",
            choices=list(DATE_ORDERS),
            default="",
            help="for files whose days can be read with the day or with the month first",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, print. Fails if a file was refused."""
        answers = {
            "account_id": options["account"],
            "currency": options["currency"].upper(),
            "new_account": options["new_account"],
            "date_order": options["date_order"],
        }
        refused = async_to_sync(self._import)(options["files"], options["user"], answers)
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were not imported.")

    async def _import(self, files: list[Path], email: str, answers: dict[str, Any]) -> int:
        intake = wiring.intake_service()
        user_id = await intake.person(email)
        if user_id is None:
            raise CommandError("Nobody here has this email address.")
        refused = 0
        for path in files:
            try:
                brought = await intake.bring(path, user_id=user_id, **answers)
            except OSError:
                brought = Brought("It cannot be read, or is no plain file.")
            except DashtamError as error:
                brought = Brought(f"{error.title} {error.detail}")
            refused += not brought.taken
            self.stdout.write(f"{path.name}: {brought.sentence}")
        return refused
