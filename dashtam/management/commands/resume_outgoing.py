"""`manage.py resume_outgoing`: lets an installation whose database is a copy call institutions."""

from typing import Any

from django.core.management.base import BaseCommand

from dashtam.installation.identity import Installation


class Command(BaseCommand):
    """Makes this database an installation of its own."""

    help = (
        "Call institutions from this database from now on. Run it when the original is no longer in use: what it has"
        " renewed since the copy was made, institutions take from a copy as theft, and end the consent for both."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume, and say so."""
        Installation.objects.resume_outgoing()
        self.stdout.write("Institutions are called again. Syncs that are due begin within a minute.")
