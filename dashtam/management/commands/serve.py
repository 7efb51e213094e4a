"""`manage.py serve`: the web process, with the options of uvicorn that Dashtam needs."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashtam.management.arguments import HIGHEST_PORT, seconds, whole_number
from dashtam.processes import server, serving


class Command(BaseCommand):
    """Serves Dashtam."""

    help = "Serve pages, API and live events with uvicorn, until SIGTERM or Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Where to listen (127.0.0.1).")
        port = whole_number(0, HIGHEST_PORT)
        parser.add_argument("--port", type=port, default=settings.PORT, help=f"The port ({settings.PORT}).")
        parser.add_argument(
            "--workers", type=whole_number(1), default=1, help="Processes; one for each core (1)."
        )
        parser.add_argument(
            "--drain",
            type=seconds,
            default=0.0,
            metavar="SECONDS",
            help="How long to go on serving after SIGTERM, while /readyz sends the proxy elsewhere (0).",
        )
        parser.add_argument(
            "--with-worker",
            action="store_true",
            help="Work on jobs in the same process, which saves some 110 MB; for one process, and a household.",
        )

    def handle(
        self, *args: Any, host: str, port: int, workers: int, drain: float, with_worker: bool, **options: Any
    ) -> None:
        """Serve until SIGTERM. Raises CommandError for what only a process of its own can do."""
        if workers > 1 and drain:
            raise CommandError("--drain is for a process of its own. Leave --workers out, or --drain.")
        if workers > 1 and with_worker:
            raise CommandError("--with-worker is for one process: start workers of their own beside several.")
        server.with_worker = with_worker
        if not serving.run(host=host, port=port, workers=workers, drain_seconds=drain):
            raise CommandError("The server could not start.", returncode=3)
