"""`manage.py restore`: fills an empty database from a backup."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from dashtam.crypto import keys
from dashtam.errors import DashtamError
from dashtam.installation import local
from dashtam.installation.backup import after, chosen, making, restoring
from dashtam.installation.backup.failures import RestoreRefused
from dashtam.installation.backup.restoring import Opened
from dashtam.installation.database_roles import as_owner


class Command(BaseCommand):
    """Restores everything, or nothing. On a machine without keys it also puts back those of the backup."""

    help = (
        "Restore a backup into an empty database, and the keys in it where this machine has none. Institutions are not"
        " called until `manage.py resume_outgoing`."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        chosen.add_arguments(parser)

    def handle(self, *args: Any, backup: str, key: str | None, **options: Any) -> None:
        """Restore, and say what to do next. Raises CommandError; the database then is as empty as it was."""
        try:
            with (
                chosen.opened(backup, key) as opened,
                _keys_put_back(opened) as written,
                as_owner(connection),
            ):
                rows = restoring.restore(opened)
        except DashtamError as error:
            raise CommandError(error.detail) from error
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Restored {rows.total()} rows of {len(opened.manifest['tables'])} tables.")
        self.stdout.write(f"The backup was made at {opened.manifest['made_at']}.")
        for sentence in [*after.quieten(), *([written] if written else [])]:
            self.stdout.write(sentence)
        self.stdout.write(
            "Institutions are not called yet. Start Dashtam and look; once the original will not run again, let this"
            " one go on with `manage.py resume_outgoing`."
        )


@contextmanager
def _keys_put_back(backup: Opened) -> Iterator[str]:
    """Write the backup's keys where this machine has none, with a sentence that says so; take them back after an error.

    Raises RestoreRefused for keys that do not open what the backup holds.
    """
    if local.lent:
        if not backup.keys:
            raise RestoreRefused(
                "This backup was made without keys: set SECRET_KEY, JWT_KEYS and ENCRYPTION_KEYS to those of its"
                " installation, and try again."
            )
        file = local.home() / "secrets.env"
        keys.write(file, backup.keys)
        try:
            yield f"The keys of the installation are in {file}."
        except BaseException:
            file.unlink()
            raise
        return
    if foreign := [name for name in making.KEY_SETTINGS if _differs(backup.keys.get(name, ""), name)]:
        raise RestoreRefused(
            f"{' and '.join(foreign)} here {'is' if len(foreign) == 1 else 'are'} not what the backup's installation"
            f" had: with other keys its secrets do not open. Take them out of the environment, .env and"
            f" {settings.HOME / 'secrets.env'}, and those of the backup are put in their place."
        )
    yield ""


def _differs(theirs: str, name: str) -> bool:
    """True if a key of the backup is not among ours. New keys beside them do no harm."""
    ours = os.environ.get(name, "")
    return bool(theirs) and not set(theirs.split(",")) <= set(ours.split(","))
