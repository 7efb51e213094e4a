"""`manage.py simulator`: run the Sandbox Bank."""

import logging
import os
import socket
from argparse import ArgumentParser
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import cache, signals
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connections, reset_queries

from dashtam.management.arguments import HIGHEST_PORT, whole_number
from providers.simulator.books.market import EPOCH
from providers.simulator.sandbox.bank import Client, Sandbox
from providers.simulator.sandbox.grants import Grants, StateError
from providers.simulator.sandbox.strict import Strict
from providers.simulator.scenarios import NAMES, TOLD, Scenarios
from providers.simulator.server import BankServer

DEFAULT_REDIRECT_URI = "http://127.0.0.1:8000/providers/sandbox/callback"
DEFAULT_CLIENT_ID = "dashtam-sandbox"
DEFAULT_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - opens nothing but invented accounts on this machine


class Command(BaseCommand):
    """Builds a bank from the options and serves it until a signal or the end of its standard input."""

    help = "Run the Sandbox Bank, a fake institution with invented customers."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options, with defaults that suit a person trying things out."""
        port = whole_number(0, HIGHEST_PORT)
        parser.add_argument("--port", type=port, default=8100, help="0 picks a free one")
        parser.add_argument("--host", default="127.0.0.1", help="where to listen; 0.0.0.0 in a container")
        parser.add_argument("--url", help="how browsers and Dashtam reach it, if not at that host and port")
        parser.add_argument("--redirect-uri", action="append", help=f"repeatable; {DEFAULT_REDIRECT_URI}")
        parser.add_argument("--state", type=Path, help="a JSON file that keeps consents over a restart")
        parser.add_argument(
            "--access-ttl", type=whole_number(1), default=300, help="seconds an access token lives"
        )
        parser.add_argument("--control-token", help="opens /control/ to clients that send it")
        parser.add_argument("--today", type=_day, help="the day it is for the bank, at noon UTC")
        parser.add_argument("--start-date", type=_day, help="the first day of the books; two years ago")
        parser.add_argument(
            "--strict",
            type=Path,
            metavar="PUBLIC_KEY",
            help="take signed and pushed requests only, and bind tokens to a key; PEM of the client's key",
        )
        parser.add_argument("--list", action="store_true", help="say which scenarios there are, and end")
        parser.add_argument(
            "--scenario",
            action="append",
            choices=NAMES,
            default=[],
            help="repeatable; played for all customers",
        )
        parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print one line once connections are accepted, then serve; with --list, print the scenarios alone."""
        if options["list"]:
            width = max(map(len, NAMES))
            self.stdout.writelines(f"{name:{width}}  {TOLD[name]}\n" for name in NAMES)
            return
        _configure_django()
        try:
            listener = socket.create_server((options["host"], options["port"]))
        except OSError as error:
            message = f"Port {options['port']} cannot be used ({error.strerror}). Choose another with --port."
            raise CommandError(message) from error
        # asyncio does not set this on sockets it did not make; without it each small reply waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = options["url"] or f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = BankServer(_bank(url, options), until_stdin_closes=options["until_stdin_closes"])
        self.stdout.write(f"Sandbox Bank on {url}")
        self.stdout.flush()
        server.run(sockets=[listener])


def _configure_django() -> None:
    """Give this process the bank's own URLs, and neither database, cache nor middleware."""
    settings.ROOT_URLCONF = "providers.simulator.sandbox.urls"
    settings.MIDDLEWARE = []
    settings.ALLOWED_HOSTS = ["*"]
    settings.DEBUG = False
    connections.settings = connections.configure_settings({})
    for receiver in (reset_queries, close_old_connections):
        signals.request_started.disconnect(receiver)
    for receiver in (close_old_connections, cache.close_caches):
        signals.request_finished.disconnect(receiver)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a refused request is nothing to log here


def _bank(url: str, options: dict[str, Any]) -> Sandbox:
    now = datetime.now(UTC)
    today: date = options["today"] or now.date()
    offset = datetime.combine(today, time(12), UTC) - now if options["today"] else timedelta(0)
    start: date = options["start_date"] or today.replace(year=today.year - 2, day=1)
    if not EPOCH <= start < today:
        raise CommandError(f"The books can start on any day from {EPOCH} until yesterday.")
    try:
        grants = Grants.of(options["state"], start, options["access_ttl"], offset)
    except StateError as error:
        raise CommandError(f"{error} Move it away, or choose another with --state.") from error
    client = Client(
        _setting("SANDBOX_CLIENT_ID", DEFAULT_CLIENT_ID),
        _setting("SANDBOX_CLIENT_SECRET", DEFAULT_CLIENT_SECRET),
        tuple(options["redirect_uri"] or [DEFAULT_REDIRECT_URI]),
    )
    control = options["control_token"] or os.environ.get("SANDBOX_CONTROL_TOKEN")
    return Sandbox(
        issuer=url,
        client=client,
        grants=grants,
        control_token=control,
        strict=_strict(options["strict"]),
        scenarios=Scenarios(*options["scenario"]),
    )


def _strict(file: Path | None) -> Strict | None:
    try:
        return Strict.read(file.read_bytes()) if file else None
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} holds no public key of the client: {error}") from error


def _setting(name: str, default: str) -> str:
    return os.environ.get(name) or getattr(settings, name, None) or default


def _day(text: str) -> date:
    return date.fromisoformat(text)
