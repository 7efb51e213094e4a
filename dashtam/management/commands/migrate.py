"""Django's `migrate`, as the role that owns the tables."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from dashtam.installation.database_roles import as_owner


class Command(migrate.Command):
    """Connects by MIGRATION_DATABASE_URL if it is set, and gives the application's role its rights afterwards."""

    help = (
        "Make the tables what this version needs, as the role that owns them, and give the application's role its"
        " rights."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate as the owner, then grant rights."""
        with as_owner(connections[options["database"]]):
            super().handle(*args, **options)
