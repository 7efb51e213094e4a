#!/usr/bin/env python
"""Dashtam's command line."""

import contextlib
import os
import sys

from dashtam.installation import local

# `demo` and `check` may make an installation; every other command works on the one that is there.
MAKE_SECRETS = {"demo", "check", "simulator"}
NEED_NO_SECRETS = {"restore", "recovery_kit"}
MIGRATE = {"demo", "migrate", "restore", "rehearse_restore"}
ONLY_LOOK = {"doctor", "verify_audit"}
WAITS_ITSELF = {"serve"}
NEED_NO_SERVERS = {
    "simulator",
    "check",
    "collectstatic",
    "draw_icons",
    "recovery_kit",
    "spectacular",
    "help",
    "--help",
    "version",
    "--version",
}


def main() -> None:
    """Prepare this machine as far as the command needs it, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    local.read_env_file(of_a_running_demo=command == "doctor")
    if command == "demo":
        os.environ.setdefault("LOG_FORMAT", "text")  # a person reads it at a terminal
    local.load_secrets(generate=command in MAKE_SECRETS, lend=command in NEED_NO_SECRETS)
    if command not in NEED_NO_SERVERS:
        local.start_servers(
            make=command not in ONLY_LOOK, owner=command in MIGRATE, wait=command not in WAITS_ITSELF
        )

    _run_or_say_why(command)


def _run_or_say_why(command: str) -> None:
    """Run the command; settings that are wrong and a database that is away are one sentence, and exit code 1."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import InterfaceError, OperationalError, ProgrammingError

    try:
        _run(command)
    except ImproperlyConfigured as error:
        sys.exit(f"Dashtam cannot start. {error}")
    except (InterfaceError, OperationalError, ProgrammingError) as error:
        from dashtam.doctor.refusals import refused

        if sentence := refused(error, command=command):
            sys.exit(sentence)
        raise


def _run(command: str) -> None:
    from django.core.management import execute_from_command_line

    if command == "procrastinate" and "worker" in sys.argv:
        _require_fitting_keys()
        _work()
    elif command == "simulator":
        _simulate()
    else:
        execute_from_command_line(sys.argv)


def _require_fitting_keys() -> None:
    """Refuse to start a worker with wrong keys; with the database away, start and wait for it."""
    import django
    from django.db import DatabaseError, InterfaceError

    django.setup()
    from dashtam.crypto.fingerprints import KeyFingerprint

    with contextlib.suppress(DatabaseError, InterfaceError):
        KeyFingerprint.objects.require()


def _work() -> None:
    """Run the worker that survives a broken database connection."""
    from dashtam.processes.worker import Command

    Command().run_from_argv(sys.argv)


def _simulate() -> None:
    """Run the simulated bank without the apps, of which it knows nothing: half of the memory, and of the start."""
    import django
    from django.conf import settings

    settings.INSTALLED_APPS = []
    django.setup()
    from providers.management.commands.simulator import Command

    Command().run_from_argv(sys.argv)


if __name__ == "__main__":
    main()
