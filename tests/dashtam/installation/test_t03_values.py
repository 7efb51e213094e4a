"""Settings that are wrong: one sentence with the name of the setting, no trace, no secret, whoever reads them."""

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from dashtam.crypto import keys
from tests import databases

ROOT = Path(__file__).resolve().parents[3]
MADE = keys.generated()
SECRET = "gannet7harbour"

WRONG = [
    ("PORT", "eighty", "must be a whole number"),
    ("PORT", "99999", "must be from 1 to 65535"),
    ("SMTP_PORT", "65536", "must be from 0 to 65535"),
    ("REQUEST_SECONDS", "soon", "must be a number"),
    ("REQUEST_SECONDS", "0", "must be at least 0.1"),
    ("DATABASE_THREADS", "0", "must be at least 1"),
    ("DATABASE_THREADS", "2.5", "must be a whole number"),
    ("HASH_THREADS", "-1", "must be at least 0"),
    ("SYNC_INTERVAL_MINUTES", "0", "must be at least 1"),
    ("WORKER_CONCURRENCY", "none", "must be a whole number"),
    ("COMPUTING_PROCESSES", "0", "must be at least 1"),
    ("DELETION_GRACE_DAYS", "31", "must be from 0 to 30"),
    ("BACKUP_KEEP", "-1", "must be at least 0"),
    ("DATABASE_URL", SECRET, "is no address such as postgresql://"),
    ("DATABASE_URL", f"mysql://me:{SECRET}@127.0.0.1/mine", "is no address such as postgresql://"),
    ("DATABASE_URL", f"postgresql://me:{SECRET}#1@127.0.0.1/mine", "# is %23"),
    ("DATABASE_URL", f"postgresql://me:{SECRET}/1@127.0.0.1/mine", "/ is %2F"),
    ("DATABASE_URL", f"postgresql://me:[{SECRET}@127.0.0.1/mine", "is no address such as postgresql://"),
    ("MIGRATION_DATABASE_URL", f"postgresql://me:{SECRET}@127.0.0.1:x/mine", "is no address such as"),
    ("REDIS_URL", SECRET, "is no address such as redis://"),
    ("REDIS_URL", f"http://:{SECRET}@127.0.0.1:6379", "is no address such as redis://"),
    ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1:x/0", "is no address such as redis://"),
    ("PUBLIC_URL", "money.example.org", "is no address like https://"),
    ("PUBLIC_URL", "https://money.example.org:x", "is no address like https://"),
    ("PUBLIC_URL", "http://[::1", "is no address like https://"),
    ("TRUSTED_PROXIES", "127.0.0.1,proxy.local", "entry 2 is neither an address nor a network"),
    ("ADMIN_NETWORKS", "home", "entry 1 is neither an address nor a network"),
    ("METRICS_NETWORKS", "10.0.0.0/99", "entry 1 is neither an address nor a network"),
    ("LOG_LEVEL", "LOUD", "must be DEBUG, INFO, WARNING or ERROR"),
]


def doctor(home: Path, **wrong: str) -> subprocess.CompletedProcess[str]:
    return manage(home, "doctor", **wrong)


def manage(home: Path, *command: str, **wrong: str) -> subprocess.CompletedProcess[str]:
    """A command as a stranger types it: only these settings, and servers that are away."""
    sound = {
        "PATH": os.environ["PATH"],
        "DASHTAM_HOME": str(home),
        "DATABASE_URL": "postgresql://me@127.0.0.1:1/mine",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        **MADE,
    }
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**sound, **wrong},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "value", "complaint"), WRONG)
def test_t03_a_wrong_value_is_refused_in_one_sentence(
    name: str, value: str, complaint: str, tmp_path: Path
) -> None:
    run = doctor(tmp_path / "home", **{name: value})
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"Dashtam cannot start. {name}"), run.stderr
    assert complaint in run.stderr
    assert run.stderr.count("\n") == 1
    assert SECRET not in run.stderr
    assert not (tmp_path / "home").exists()


def test_t03_a_database_that_is_away_is_told_first_and_once(tmp_path: Path) -> None:
    run = doctor(tmp_path / "home")
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert lines[0].split() == ["Database", "needs", "attention"]
    assert "check DATABASE_URL and that it runs" in lines[1]
    assert run.stdout.count("OperationalError, so these could not be looked at") == 1
    assert "check REDIS_URL and that it runs" in run.stdout


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("role", "no such database or role as DATABASE_URL names|refuses the role or the password"),
        ("name", "no such database or role as DATABASE_URL names"),
    ],
)
def test_t03_a_database_that_refuses_is_told_apart_from_one_that_is_away(
    part: str, words: str, tmp_path: Path
) -> None:
    split = urlsplit(os.environ["DATABASE_URL"])
    at = split.netloc.rpartition("@")[2]
    url = (
        split._replace(netloc=f"nobody_here:{SECRET}@{at}")
        if part == "role"
        else split._replace(path="/none_here")
    )
    run = doctor(tmp_path / "home", DATABASE_URL=urlunsplit(url))
    assert run.returncode == 1
    assert re.search(words, run.stdout), run.stdout
    assert SECRET not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("serve", "--port", "99999"), "it must be from 0 to 65535, and not 99999"),
        (("serve", "--workers", "0"), "it must be at least 1, and not 0"),
        (("serve", "--drain", "-1"), "it must be at least 0 seconds"),
        (("serve", "--drain", "nan"), "it must be at least 0 seconds"),
        (("simulator", "--port", "99999"), "it must be from 0 to 65535, and not 99999"),
        (("backup", "--keep", "-3"), "it must be at least 0, and not -3"),
        (("load_exchange_rates", "--years", "-1"), "it must be at least 0, and not -1"),
        (("rebuild_ledger", "--account", "nonsense"), "invalid UUID value: 'nonsense'"),
    ],
)
def test_t03_a_wrong_argument_is_one_sentence_and_no_trace(command: tuple[str, ...], complaint: str) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert complaint in run.stderr.splitlines()[-1]
    assert "Traceback" not in run.stderr


@pytest.mark.django_db
def test_t03_commands_say_what_is_not_there(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "head"
    for command, words in (
        (("rebuild_ledger", "--account", str(uuid4())), "There is no account with the id"),
        (("verify_audit", "--write-head", str(nowhere)), "The head could not be written to"),
        (("backup", "--to", "ftp://nas/backups"), "name a folder, or s3://bucket/prefix"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command(*command, stdout=StringIO())


@pytest.mark.parametrize(
    "command",
    [
        ("import", "README.md", "--user", "me@example.org"),
        ("rebuild_ledger",),
        ("verify_audit",),
        ("release_second_factors", "me@example.org"),
        ("resume_outgoing",),
        ("rotate_encryption_keys",),
        ("load_exchange_rates",),
        ("migrate",),
        ("doctor", "--accept-keys"),
    ],
)
def test_t03_without_its_database_a_command_says_so_in_one_sentence(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    away = f"postgresql://me:{SECRET}@127.0.0.1:1/mine"
    run = manage(tmp_path / "home", *command, DATABASE_URL=away)
    assert run.returncode == 1
    assert run.stderr == (
        "PostgreSQL does not answer (OperationalError): check DATABASE_URL and that it runs.\n"
    )


def test_t03_migrating_names_the_address_that_it_uses(tmp_path: Path) -> None:
    away = f"postgresql://owner:{SECRET}@127.0.0.1:1/mine"
    run = manage(tmp_path / "home", "migrate", MIGRATION_DATABASE_URL=away)
    assert "check MIGRATION_DATABASE_URL" in run.stderr
    assert run.stderr.count("\n") == 1


def test_t03_before_the_first_migration_a_command_says_what_comes_first(tmp_path: Path) -> None:
    admin = os.environ["DATABASE_URL"]
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            run = manage(
                tmp_path / "home",
                "release_second_factors",
                "me@example.org",
                DATABASE_URL=databases.in_database(admin, name),
            )
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    assert run.returncode == 1
    assert run.stderr == (
        "The database does not have the tables of this version: run `manage.py migrate` first.\n"
    )


OWN = sorted(
    name
    for name, app in get_commands().items()
    if app in {"accounts", "dashtam", "notifications", "providers"}
)


@pytest.mark.parametrize("name", OWN)
def test_t03_every_command_says_what_it_does_and_what_it_takes(name: str) -> None:
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    assert re.match(r"[A-Z][a-z]+ .*\.$", command.help, re.DOTALL)
    assert not command.help.startswith(("What ", "Who ", "Whether "))
    takes = command.create_parser("manage.py", name)._actions
    assert [action.dest for action in takes if not action.help] == []
