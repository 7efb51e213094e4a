"""`manage.py restore` and `rehearse_restore`: everything back, or nothing touched."""

import os
import random
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from dashtam.installation import local
from dashtam.installation.backup import chosen, kit, restoring, sealing
from dashtam.installation.identity import Installation
from notifications.models import Email
from providers.connections.models import ProviderToken
from tests.dashtam.installation.backup.conftest import AWKWARD, database, rows, said, within


@pytest.fixture
def backup(household: User, settings: Any) -> Path:
    """A backup of the household."""
    said("backup")
    (file,) = Path(settings.BACKUP_TO).iterdir()
    return file


def triggers() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2")
        return list(cursor.fetchall())


def refusal(*arguments: str) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("restore", *arguments)
    assert refused.value.returncode == 1
    return str(refused.value)


def test_everything_comes_back_and_nothing_goes_out(backup: Path, recovery: Path, household: User) -> None:
    before = rows()
    with database() as other, within(other):
        armed = triggers()
        words = said("restore", str(backup), "--key", str(recovery))
        assert triggers() == armed
        after = rows()
        assert User.objects.get().name == AWKWARD
        assert Installation.objects.outgoing_paused()
        assert Email.objects.get().error_code == "restored"
        assert "One mail that waited then is held back" in words
        assert ProviderToken.objects.get().attempt_at is not None
        assert "One grant may have been renewed since" in words
        assert "resume_outgoing" in words
        assert "whole: 3 events" in said("verify_audit")
        made = User.objects.create(email="later@example.org")
        Email.objects.queue(
            user_id=made.pk, to=made.email, kind="address_known"
        )  # numbers go on where they stood
        assert "is not empty" in refusal(str(backup), "--key", str(recovery))
        assert User.objects.count() == 2
    for changed in ("notifications_email", "providers_providertoken"):
        assert len(after.pop(changed)) == len(before.pop(changed)) == 1
    assert after == before
    assert rows()["accounts_user"] == before["accounts_user"]


def test_a_file_that_is_not_whole_or_a_wrong_key_restores_nothing(
    backup: Path, recovery: Path, tmp_path: Path
) -> None:
    whole, numbers = backup.read_bytes(), random.Random(8)  # noqa: S311
    broken = {
        "empty": b"",
        "another": b"%PDF-1.7\n" * 900,
        "longer": whole + b"x",
        "text": recovery.read_bytes(),
    }
    broken |= {f"cut at {at}": whole[:at] for at in (30, 200, len(whole) // 2, len(whole) - 1)}
    for at in (40, 190, *(numbers.randrange(210, len(whole)) for _ in range(6)), len(whole) - 1):
        broken[f"bit of {at}"] = whole[:at] + bytes([whole[at] ^ 1 << numbers.randrange(8)]) + whole[at + 1 :]
    other_key = kit.make(tmp_path / "another").key_file
    with database() as other, within(other):
        empty = rows()
        for case, content in broken.items():
            file = tmp_path / "broken.age"
            file.write_bytes(content)
            # The lines at the beginning say which key opens it: where one is altered, none does.
            expected = ("not a whole backup", "does not open this backup")[: 1 + case.startswith("bit of")]
            words = refusal(str(file), "--key", str(recovery))
            assert any(each in words for each in expected), case
        assert "does not open this backup" in refusal(str(backup), "--key", str(other_key))
        assert "cannot be read" in refusal(str(tmp_path / "nothing.age"), "--key", str(recovery))
        assert "cannot be read" in refusal(str(backup), "--key", str(tmp_path / "nothing.txt"))
        assert "no recovery key in it" in refusal(
            str(backup), "--key", str(backup.parent.parent / "kit" / "recovery-kit.html")
        )
        mistyped = tmp_path / "mistyped.txt"
        text = recovery.read_text().rstrip()
        mistyped.write_text(f"{text[:-1]}{'Q' if text[-1] != 'Q' else 'P'}\n")
        assert "mistyped" in refusal(str(backup), "--key", str(mistyped))
        assert rows() == empty
        spaced = text.splitlines()[-1].lower()
        mistyped.write_text(" ".join(spaced[start : start + 6] for start in range(0, len(spaced), 6)))
        assert "Restored" in said("restore", "latest", "--key", str(mistyped))


def _restore_from(source: Any, key: Any) -> None:
    with sealing.decrypted(source, key) as stream:
        restoring.restore(restoring.opened(stream))


class Killed(BaseException):
    """As SIGKILL: nothing in between handles it."""


class _BreaksOff:
    """A stream that is cut off by the end of the process that reads it."""

    def __init__(self, inner: Any, after: int) -> None:
        self.inner, self.left = inner, after

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return bytes(self.inner.read(min(size, 1_000)))


def test_a_restore_that_was_killed_leaves_no_row_and_begins_anew(backup: Path, recovery: Path) -> None:
    key = sealing.identity(recovery.read_text())
    with database() as other, within(other):
        empty = rows()
        with backup.open("rb") as source:
            cut: Any = _BreaksOff(source, backup.stat().st_size // 1_000 - 1)
            with pytest.raises(Killed):
                _restore_from(cut, key)
        assert rows() == empty
        with chosen.opened(str(backup), str(recovery)) as opened:
            assert restoring.restore(opened)["accounts_user"] == 1


def test_a_backup_of_a_newer_version_is_refused_by_name(household: User, recovery: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '9999_moon', now())"
        )
    try:
        said("backup")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '9999_moon'")
    with database() as other, within(other):
        assert "accounts.9999_moon is not known" in refusal("latest", "--key", str(recovery))


@pytest.mark.slow
def test_a_rehearsal_migrates_an_older_backup_touches_nothing_and_tells_of_envelopes_that_do_not_open(
    household: User, recovery: Path
) -> None:
    """In a database without tables, which also shows that they are made as the backup needs them."""
    token = ProviderToken.objects.get()
    ProviderToken.objects.update(refresh_token=bytes(token.access_token))  # moved to another column
    call_command("migrate", "dashtam", "0003", verbosity=0)
    try:
        said("backup")  # although the column that says when it was made is younger
        before = rows()
        out = StringIO()
        with pytest.raises(CommandError, match=r"did not open: 1 of providers_providertoken\.refresh_token"):
            call_command("rehearse_restore", "latest", "--key", str(recovery), stdout=out, no_color=True)
        words = out.getvalue()
        assert "1 sealed secrets opened" in words
        assert "whole: 3 events" in words
        assert rows() == before
    finally:
        call_command("migrate", "dashtam", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = current_database() || '_rehearsal'")
        assert cursor.fetchone() == (0,)


def test_a_machine_without_keys_gets_those_of_the_backup_and_foreign_ones_are_refused(
    backup: Path, recovery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS")
    ours = {name: os.environ[name] for name in names}
    monkeypatch.setenv("DASHTAM_HOME", str(tmp_path / "fresh"))
    with database() as other, within(other):
        monkeypatch.setenv("ENCRYPTION_KEYS", f"new:{'A' * 43}")
        words = refusal(str(backup), "--key", str(recovery))
        assert "ENCRYPTION_KEYS here is not" in words
        assert ours["ENCRYPTION_KEYS"] not in words
        for name in names:
            monkeypatch.delenv(name)
        local.load_secrets(lend=True)
        try:
            assert set(local.lent) == set(names)
            file = tmp_path / "fresh" / "secrets.env"
            broken = tmp_path / "broken.age"
            broken.write_bytes(backup.read_bytes()[:-1])
            assert "not a whole backup" in refusal(str(broken), "--key", str(recovery))
            assert not file.exists()
            assert str(file) in said("restore", str(backup), "--key", str(recovery))
            assert file.stat().st_mode & 0o777 == 0o600
            assert ours.items() <= dict(line.split("=", 1) for line in file.read_text().splitlines()).items()
        finally:
            local.lent.clear()
