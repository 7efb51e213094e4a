"""`manage.py demo`: the whole of Dashtam on this machine, with a demo person and a demo bank."""

import io
import os
import signal
import threading
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from dashtam.installation import embedded, local
from dashtam.installation.demo import watch
from dashtam.installation.demo.person import Person, StepFailed, remembered_credentials
from dashtam.installation.demo.processes import Processes, StartFailed, port_is_free
from dashtam.installation.demo.vendors import VENDORS, answers_of, settings_of


class Command(BaseCommand):
    """Sets everything up, does the main job, prints it, and serves until Ctrl-C."""

    help = "Try Dashtam: starts everything, connects a demo bank, prints the accounts, serves until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do the main job, print it and exit")
        known = ",".join(VENDORS)
        parser.add_argument("--with", dest="beside", default="", help=f"also connect these: {known}")

    def handle(self, *args: Any, once: bool = False, beside: str = "", **options: Any) -> None:
        self.beside = _known(beside)
        self.console = Console()
        self.bank_port = settings.PORT + 100
        self.bank_url = os.environ.get("SANDBOX_URL", "")
        self.stopped = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: self._interrupt())
        processes = Processes(logs=settings.HOME / "logs", environment=self._environment())
        try:
            self._start(processes)
            self._main_job()
            if not once:
                self._serve(processes)
        except KeyboardInterrupt:
            pass
        except (StartFailed, StepFailed) as error:
            raise CommandError(str(error)) from error
        finally:
            self._stop(processes)

    def _stop(self, processes: Processes) -> None:
        local.demo_file().unlink(missing_ok=True)
        processes.stop()
        embedded.release(settings.HOME)

    def _interrupt(self) -> None:
        if self.stopped.is_set():
            return  # a second Ctrl-C must not leave half of the children behind
        self.stopped.set()
        raise KeyboardInterrupt

    def _environment(self) -> dict[str, str]:
        bank_url = self.bank_url or f"http://127.0.0.1:{self.bank_port}"
        return settings_of(self.beside, bank_url) | {
            "SANDBOX_URL": bank_url,
            "PUBLIC_URL": settings.PUBLIC_URL,
            "DASHTAM_HOME": str(settings.HOME),
            "SIGN_UP": os.environ.get("SIGN_UP", "open"),  # a place to try things out, on this machine
        }

    def _tell_the_doctor(self) -> None:
        told = self._environment() | {"PORT": str(settings.PORT)}
        local.demo_file().write_text("".join(f"{name}={value}\n" for name, value in told.items()))

    def _start(self, processes: Processes) -> None:
        for port in (settings.PORT, *([] if self.bank_url else [self.bank_port])):
            if not port_is_free(port):
                raise StartFailed(
                    f"Port {port} is in use. Stop what uses it, or choose another: make demo PORT=9000"
                )
        with self.console.status("Preparing the database …"):
            call_command("migrate", verbosity=0, interactive=False)
            os.environ.pop("MIGRATION_DATABASE_URL", None)  # the servers started below do not need it
            call_command("load_exchange_rates", years=2, stdout=io.StringIO())
        with self.console.status("Starting Dashtam …"):
            self._tell_the_doctor()
            if not self.bank_url:
                state = settings.HOME / "sandbox-bank.json"
                callback = f"{settings.PUBLIC_URL}/providers/sandbox/callback"
                bank = ("--port", str(self.bank_port), "--state", str(state), "--redirect-uri", callback)
                processes.start("bank", "manage.py", "simulator", *bank)
            serve = ("manage.py", "serve", "--port", str(settings.PORT), "--with-worker")
            processes.start("web", *serve, show_output=True)  # the outbox prints its links
            processes.wait_for("web", f"http://127.0.0.1:{settings.PORT}/healthz/installation")

    def _main_job(self) -> None:
        credentials = remembered_credentials(settings.HOME / "demo.json")
        person = Person(origin=settings.PUBLIC_URL, credentials=credentials)
        if not person.can_sign_in():
            person.sign_up(name="Ana Demo", outbox=settings.OUTBOX)
            if not person.can_sign_in():
                raise StepFailed(
                    "The demo person cannot sign in. Remove demo.json from DASHTAM_HOME and try again."
                )
        connection = person.connection() or person.connect()
        self._watch_sync(person, connection)
        self._connect_beside(person)
        self._print_accounts(person)
        self.console.print(f"\nSign in at [bold]{settings.PUBLIC_URL}/sign-in[/]")
        self.console.print(
            f"  email     [bold]{credentials.email}[/]\n  password  [bold]{credentials.password}[/]",
            highlight=False,
        )
        self.console.print(
            f"To see a broken connection, withdraw the permission at [bold]{self._environment()['SANDBOX_URL']}[/]"
        )

    def _connect_beside(self, person: Person) -> None:
        """The other institutions, each with what the simulator shows its customer."""
        missing = [name for name in self.beside if person.connection(name) is None]
        for name, answers in answers_of(missing, self._environment()["SANDBOX_URL"]):
            self._watch_sync(person, person.connect_with(name, answers))

    def _watch_sync(self, person: Person, connection: dict[str, Any]) -> None:
        if connection["last_success_at"]:
            return  # the data is here; the schedule keeps it fresh
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console) as progress:
            bar = progress.add_task(f"Collecting from {connection['provider_name']}", total=None)
            for done, total, _state in person.sync_progress(connection["id"]):
                progress.update(bar, completed=done, total=total or None)

    def _print_accounts(self, person: Person) -> None:
        table = Table(title="Your accounts", title_justify="left", show_footer=True)
        worth = person.net_worth()
        table.add_column("Account", footer="Net worth")
        table.add_column("Type")
        table.add_column("Transactions", justify="right")
        total = "–" if worth["total"] is None else f"{Decimal(worth['total']):,.2f} {worth['currency']}"
        table.add_column("Balance", justify="right", footer=total)
        for row in person.accounts():
            balance = Decimal(row["balances"]["current"])
            count = f"{person.transactions(row['id']):,}"
            table.add_row(
                f"{row['name']} ··{row['mask']}", row["type"], count, f"{balance:,.2f} {row['currency']}"
            )
        self.console.print(table)

    def _serve(self, processes: Processes) -> None:
        self.console.print("\nServing. Press Ctrl-C to stop; your data stays for the next time.")
        processes.check()
        # A signal from here on waits for the program that takes over.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        watch.become(processes.ids(), home=settings.HOME, logs=settings.HOME / "logs")


def _known(names: str) -> list[str]:
    """The institutions named, with commas between. Raises CommandError for one that the demo cannot connect."""
    found = [name for name in names.split(",") if name]
    if unknown := [name for name in found if name not in VENDORS]:
        raise CommandError(f"{', '.join(unknown)}? The demo can connect {', '.join(VENDORS)}.")
    return found
