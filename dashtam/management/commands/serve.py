"""`manage.py serve`: the web process, with the options of uvicorn that Dashtam needs."""

from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashtam.processes import server


class Command(BaseCommand):
    """Serves Dashtam."""

    help = "Serve pages, API and live events with uvicorn, until SIGTERM or Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Where to listen (127.0.0.1).")
        parser.add_argument("--port", type=int, default=settings.PORT, help=f"The port ({settings.PORT}).")
        parser.add_argument("--workers", type=int, default=1, help="Processes; one for each core (1).")

        parser.add_argument(
            "--with-worker",
            action="store_true",
            help="Work on jobs in the same process, which saves some 80 MB; for one process, and a household.",
        )

    def handle(
        self, *args: Any, host: str, port: int, workers: int, with_worker: bool, **options: Any
    ) -> None:
        """Serve until SIGTERM. Raises CommandError for several processes that are to work too."""
        if with_worker and workers > 1:
            raise CommandError("--with-worker is for one process: start workers of their own beside several.")
        server.with_worker = with_worker
        uvicorn.run(
            "dashtam.asgi:application",
            host=host,
            port=port,
            workers=workers,
            log_config=None,  # Django has set logging up
            **server.OPTIONS,
        )
