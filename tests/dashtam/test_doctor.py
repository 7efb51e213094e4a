"""The doctor: silent where all is well, one sentence where something is not, and never a change."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.fingerprints import KeyFingerprint, KeysDoNotFit
from dashtam.crypto.sealed_fields import place
from notifications.models import Email
from providers.connections.models import Connection, ProviderToken

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sound(settings: Any, tmp_path: Path) -> Iterator[None]:
    """A sound installation. The command quiets the log of its process, which the other tests still read."""
    settings.PUBLIC_URL = "https://dashtam.example.org"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.ALLOWED_HOSTS = ["dashtam.example.org"]
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir(mode=0o700)
    settings.OUTBOX = settings.HOME / "outbox"
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    KeyFingerprint.objects.require()
    yield
    logging.getLogger("dashtam").setLevel(logging.NOTSET)


def doctor(*options: str) -> str:
    said = StringIO()
    call_command("doctor", *options, stdout=said, no_color=True)
    return said.getvalue()


def complaint(*options: str) -> str:
    """The complaints that the doctor prints."""
    said = StringIO()
    with pytest.raises(CommandError, match="attention"):
        call_command("doctor", *options, stdout=said, no_color=True)
    return " ".join(line.strip(" !") for line in said.getvalue().splitlines() if line.strip().startswith("!"))


def sealed(user: User, by: EncryptionService) -> ProviderToken:
    connection = Connection.objects.create(user=user, provider="sandbox", state=Connection.State.ACTIVE)
    row = place(ProviderToken, connection.id, "access_token")
    return ProviderToken.objects.create(connection=connection, access_token=by.encrypt(b"token", row=row))


def test_a_sound_installation_is_well(ana: User, settings: Any) -> None:
    sealed(ana, EncryptionService(keys=settings.ENCRYPTION_KEYS))
    said = doctor("--full")
    assert "!" not in said
    assert said.count(" ok\n") >= 8


def test_n3_the_doctor_says_what_is_wrong_and_what_to_do(settings: Any) -> None:
    for change, words in (
        ({"PUBLIC_URL": "http://dashtam.example.org"}, "Put TLS in front"),
        ({"PUBLIC_URL": "dashtam"}, "set it to the one at which people reach you"),
        ({"SESSION_COOKIE_SECURE": False}, "Cookies are not Secure"),
        ({"ALLOWED_HOSTS": ["*"]}, "name each host in full"),
        ({"TRUSTED_PROXIES": []}, "Set it to the proxy's address"),
        ({"TRUSTED_PROXIES": ["0.0.0.0/0"]}, "name only your own proxies"),
        ({"TRUSTED_PROXIES": ["proxy.local"]}, "neither an address nor a network"),
        ({"DATABASE_THREADS": 5000}, "raise max_connections, or lower DATABASE_THREADS"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "check REDIS_URL"),
        ({"SANDBOX_CLIENT_SECRET": ""}, "set both"),
        ({"SANDBOX_URL": "http://bank.example", "PRIVATE_HOSTS": []}, "give it an https address"),
        ({"EMAIL_PROVIDER": "ses"}, "EMAIL_FROM is not an address of yours"),
    ):
        kept = {name: getattr(settings, name) for name in change}
        for name, value in change.items():
            setattr(settings, name, value)
        assert words in complaint(), change
        for name, value in kept.items():
            setattr(settings, name, value)
    assert "!" not in doctor()


def test_t03_each_wrong_setting_has_its_sentence(settings: Any, tmp_path: Path) -> None:
    sender = {"EMAIL_PROVIDER": "smtp", "DEFAULT_FROM_EMAIL": "me@example.org", "SMTP_HOST": "127.0.0.1"}
    for change, words in (
        ({"PLAID_CLIENT_ID": "5f1"}, "PLAID_CLIENT_ID opens nothing without PLAID_SECRET, which is not set"),
        ({"PLAID_SECRET": "heron-by-the-pond"}, "opens nothing without PLAID_CLIENT_ID"),
        ({"PLAID_COUNTRIES": "Germany"}, "PLAID_COUNTRIES holds what is no code of a country"),
        ({"ENABLE_BANKING_APPLICATION_ID": "a"}, "opens nothing without ENABLE_BANKING_PRIVATE_KEY"),
        ({"SNAPTRADE_CLIENT_ID": "a"}, "opens nothing without SNAPTRADE_CLIENT_SECRET"),
        ({"OIDC_CLIENT_ID": "a"}, "OIDC_ISSUER is not, so no sign-in provider is offered"),
        ({"ADMINS": [("Administrator", "nobody")]}, "ADMIN_EMAILS holds what is no email address"),
        ({**sender, "DEFAULT_FROM_EMAIL": "nobody"}, "EMAIL_FROM is no sender such as"),
        ({**sender, "EMAIL_PROVIDER": "ses", "AWS_REGION": "Frankfurt"}, "AWS_REGION is no region"),
        ({**sender, "SMTP_CA_FILE": str(tmp_path / "none.pem")}, "is not there: correct its name"),
        ({"BACKUP_TO": str(tmp_path)}, "BACKUP_RECIPIENTS is not set"),
        ({"BACKUP_RECIPIENTS": ["age1heron"]}, "each entry is the public half of a recovery key"),
        ({"BACKUP_TO": "ftp://nas/backups"}, "name a folder, or s3://bucket/prefix"),
        ({"IMPORT_FOLDER": str(tmp_path / "none")}, "IMPORT_FOLDER"),
        ({"ALIVE_FILE": str(tmp_path / "none" / "alive")}, "ALIVE_FILE cannot be written"),
    ):
        kept = {name: getattr(settings, name, "") for name in change}
        for name, value in change.items():
            setattr(settings, name, value)
        said = complaint()
        assert words in said, (change, said)
        assert "heron-by" not in said
        for name, value in kept.items():
            setattr(settings, name, value)
    assert "!" not in doctor()


def test_a_silent_worker_and_stuck_mails_are_noticed(ana: User) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert "start `manage.py procrastinate worker`" in complaint()
    for state in (Email.State.FAILED, Email.State.QUEUED):
        mail = Email.objects.create(user=ana, to=ana.email, kind="address_known", state=state)
        Email.objects.filter(id=mail.id).update(created_at=timezone.now() - timedelta(hours=2))
    assert "could not be sent" in complaint()
    assert "waiting for over an hour" in complaint()


def test_a_clock_that_is_off_is_noticed() -> None:
    with time_machine.travel(time.time() + 60):
        assert "let NTP set both" in complaint()


def test_files_that_others_may_read_are_noticed(settings: Any) -> None:
    secrets = settings.HOME / "secrets.env"
    secrets.touch(mode=0o600)
    assert "!" not in doctor()
    secrets.chmod(0o644)
    assert "run `chmod 600" in complaint()
    secrets.chmod(0o600)
    settings.HOME.chmod(0o755)
    assert "run `chmod 700" in complaint()


def test_connections_to_an_institution_that_is_not_set_up_are_noticed(ana: User, settings: Any) -> None:
    Connection.objects.create(user=ana, provider="gone", state=Connection.State.ACTIVE)
    assert "One connection is to 'gone'" in complaint()


# --- keys ---------------------------------------------------------------------------------------------


def test_g2_a_key_that_is_missing_is_named_with_what_needs_it(ana: User, settings: Any) -> None:
    sealed(ana, EncryptionService(keys={"lost": os.urandom(32)}))
    assert "1 of providers_providertoken.access_token are sealed with the key 'lost'" in complaint()


def test_g1_an_envelope_that_was_moved_is_found_by_looking_at_all(
    ana: User, ben: User, settings: Any
) -> None:
    service = EncryptionService(keys=settings.ENCRYPTION_KEYS)
    hers, his = sealed(ana, service), sealed(ben, service)
    ProviderToken.objects.filter(pk=his.pk).update(access_token=hers.access_token)
    assert "1 of providers_providertoken.access_token do not open" in complaint("--full")


def test_an_older_key_in_use_is_a_note_and_no_trouble(ana: User, settings: Any) -> None:
    sealed(ana, EncryptionService(keys=settings.ENCRYPTION_KEYS))
    settings.ENCRYPTION_KEYS = {"new1": os.urandom(32)} | settings.ENCRYPTION_KEYS
    assert "run `manage.py rotate_encryption_keys`" in doctor()


@pytest.mark.parametrize("setting", ["JWT_KEYS", "ENCRYPTION_KEYS"])
def test_another_key_under_a_known_id_is_refused(setting: str, settings: Any) -> None:
    right = getattr(settings, setting)
    (key_id,) = right
    setattr(settings, setting, {key_id: os.urandom(32)})
    with pytest.raises(KeysDoNotFit, match=f"{setting}: the key called '{key_id}' is another one"):
        KeyFingerprint.objects.require()
    assert "is another one than before" in complaint()
    setattr(settings, setting, right)
    KeyFingerprint.objects.require()


def test_another_secret_key_is_refused_until_somebody_says_that_it_is_meant(settings: Any) -> None:
    settings.SECRET_KEY = "another-one-" * 6
    with pytest.raises(KeysDoNotFit, match="SECRET_KEY is not the one"):
        KeyFingerprint.objects.require()
    doctor("--accept-keys")
    KeyFingerprint.objects.require()


def test_a_ring_of_strangers_is_refused_only_where_something_is_sealed(ana: User, settings: Any) -> None:
    row = sealed(ana, EncryptionService(keys=settings.ENCRYPTION_KEYS))
    settings.ENCRYPTION_KEYS = {"stranger": os.urandom(32)}
    with pytest.raises(KeysDoNotFit, match="None of ENCRYPTION_KEYS is known here"):
        KeyFingerprint.objects.require()
    row.delete()
    KeyFingerprint.objects.require()


def test_d4_new_keys_beside_known_ones_are_taken_up(settings: Any) -> None:
    settings.JWT_KEYS = {"new1": os.urandom(32)} | settings.JWT_KEYS
    settings.ENCRYPTION_KEYS = {"new1": os.urandom(32)} | settings.ENCRYPTION_KEYS
    KeyFingerprint.objects.require()
    settings.ENCRYPTION_KEYS = {"new1": os.urandom(32)}
    with pytest.raises(KeysDoNotFit):
        KeyFingerprint.objects.require()


def test_what_is_remembered_of_a_key_gives_nothing_away(settings: Any) -> None:
    remembered = b"".join(bytes(row.fingerprint_hash) for row in KeyFingerprint.objects.all())
    for ring in (settings.JWT_KEYS, settings.ENCRYPTION_KEYS):
        assert not any(key in remembered or key[:16] in remembered for key in ring.values())


def _said_of(home: Path, **environment: str) -> str:
    """Let a process of its own look at an installation without a database."""
    inherited = {name: value for name, value in os.environ.items() if name != "PUBLIC_URL"}
    run = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=Path(__file__).resolve().parents[2],
        env=inherited | {"DATABASE_URL": "", "REDIS_URL": "", "DASHTAM_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout


def test_t04_the_doctor_looks_at_a_running_demo_as_the_demo_set_it_up(settings: Any) -> None:
    told = settings.HOME / "demo.env"
    told.write_text("PUBLIC_URL=http://demo.example.org\n")
    assert "PUBLIC_URL is plain http" in _said_of(settings.HOME)
    assert "PUBLIC_URL is plain http" not in _said_of(settings.HOME, PUBLIC_URL="https://dashtam.example.org")
    told.unlink()
    assert "PUBLIC_URL is plain http" not in _said_of(settings.HOME)


@pytest.mark.parametrize(("number", "words"), [(1, "One connection is to"), (3, "3 connections are to")])
def test_t04_one_is_not_told_as_many(ana: User, number: int, words: str) -> None:
    for _ in range(number):
        Connection.objects.create(user=ana, provider="gone", state=Connection.State.ACTIVE)
    assert words in complaint()


def test_s15_without_a_database_it_says_so_and_makes_none(tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": "", "REDIS_URL": "", "DASHTAM_HOME": str(tmp_path / "none")}
    run = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "DATABASE_URL is not set" in run.stdout
    assert not (tmp_path / "none").exists()
