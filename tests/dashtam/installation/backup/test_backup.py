"""`manage.py backup`: one encrypted file, whole or not there at all."""

import resource
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command
from moto.server import ThreadedMotoServer

from dashtam.doctor.checkup import examine
from dashtam.installation.backup import chosen, targets
from dashtam.installation.identity import Installation
from dashtam.telemetry import gauges
from tests.dashtam.installation.backup.conftest import said

pytestmark = pytest.mark.usefixtures("household")


def kept(settings: Any) -> list[Path]:
    return sorted(Path(settings.BACKUP_TO).iterdir())


def test_a_backup_is_one_private_file_in_which_nothing_can_be_read(settings: Any) -> None:
    words = said("backup")
    (file,) = kept(settings)
    assert file.name in words
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n-> X25519 ")
    for secret in (b"canary", settings.SECRET_KEY.encode(), b"manifest", b"accounts_user"):
        assert secret not in content
        assert secret.decode() not in words


def test_the_newest_backups_stay_and_other_files_are_left_alone(settings: Any) -> None:
    folder = Path(settings.BACKUP_TO)
    folder.mkdir()
    for name in (
        "dashtam-20200101T000000Z.age",
        "dashtam-20210101T000000Z.age",
        "notes.age",
        "dashtam-mine.age",
    ):
        (folder / name).write_bytes(b"x")
    (folder / "dashtam-20220101T000000Z.age.part").write_bytes(b"of a run that was killed")
    said("backup", "--keep", "2")
    left = [path.name for path in kept(settings)]
    assert left[0] == "dashtam-20210101T000000Z.age"
    assert left[2:] == ["dashtam-mine.age", "notes.age"]
    (folder / left[1]).rename(folder / "dashtam-20230101T000000Z.age")
    assert "Deleted" not in said("backup", "--keep", "0")
    assert len(kept(settings)) == 5


def test_without_a_key_or_a_place_there_is_no_backup_and_no_word_of_what_was_set(
    settings: Any, recovery: Path
) -> None:
    secret = recovery.read_text().splitlines()[-1]
    for recipients in ([], [secret], ["age1nonsense"]):
        settings.BACKUP_RECIPIENTS = recipients
        with pytest.raises(CommandError, match="BACKUP_RECIPIENTS") as refused:
            call_command("backup")
        assert refused.value.returncode == 1
        assert secret not in str(refused.value)
    with pytest.raises(CommandError, match="BACKUP_TO"):
        call_command("backup", "--to", "")
    assert not Path(settings.BACKUP_TO).exists()
    assert Installation.objects.filter(backed_up_at__isnull=False).count() == 0


def test_a_full_disk_leaves_the_older_backup_and_nothing_else(settings: Any) -> None:
    said("backup")
    (older,) = kept(settings)
    older = older.rename(older.with_name("dashtam-20230101T000000Z.age"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        with pytest.raises(CommandError, match="could not be written") as failed:
            call_command("backup", "--keep", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.returncode == 1
    assert kept(settings) == [older]


def test_old_backups_that_cannot_be_deleted_have_an_exit_code_of_their_own(settings: Any) -> None:
    stuck = Path(settings.BACKUP_TO) / "dashtam-20200101T000000Z.age"
    stuck.mkdir(parents=True)
    with pytest.raises(CommandError, match="older ones could not be deleted") as failed:
        call_command("backup", "--keep", "1")
    assert failed.value.returncode == 3
    assert len(kept(settings)) == 2


def test_the_doctor_and_the_metrics_know_when_the_last_backup_was_made(settings: Any, recovery: Path) -> None:
    def found() -> str:
        return " ".join(finding.text for finding in dict(examine(full=False))["backups"] if finding.trouble)

    def ages() -> list[float]:
        return [sample.value for metric in gauges.backups() for sample in metric.samples]

    assert "No backup was made yet" in found()
    assert ages() == []
    said("backup")
    assert found() == ""
    assert 0 <= ages()[0] < 600
    Installation.objects.update(backed_up_at="2020-01-01T00:00Z")
    (settings.HOME / recovery.name).write_text("left behind")
    assert "The last backup was made at 2020-01-01" in found()
    assert "lies beside what it protects" in found()


def test_the_kit_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    words = said("recovery_kit", "--to", str(tmp_path / "new"))
    key, page = tmp_path / "new" / "recovery-key.txt", tmp_path / "new" / "recovery-kit.html"
    secret = key.read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-1")
    assert secret not in words
    assert f"public key: {words.rpartition('=')[2].strip()}" in key.read_text()
    assert "".join(page.read_text().split("<span>")[1:]).startswith(secret[:6])
    assert {path.stat().st_mode & 0o777 for path in (key, page)} == {0o600}
    with pytest.raises(CommandError, match="already"):
        call_command("recovery_kit", "--to", str(tmp_path / "new"))
    assert key.read_text().endswith(f"{secret}\n")


def test_a_bucket_keeps_backups_as_a_folder_does(settings: Any, recovery: Path) -> None:
    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        settings.BACKUP_ENDPOINT_URL = f"http://{host}:{port}"
        settings.BACKUP_ACCESS_KEY_ID, settings.BACKUP_SECRET_ACCESS_KEY = (
            "AKIAEXAMPLE",
            "a-canary-of-a-key",
        )
        settings.BACKUP_TO = "s3://vault/at/home"
        with pytest.raises(CommandError, match=r"NoSuchBucket") as failed:
            call_command("backup")
        assert "canary" not in str(failed.value)
        httpx.put(f"{settings.BACKUP_ENDPOINT_URL}/vault", trust_env=False).raise_for_status()
        place = targets.Bucket("s3://vault/at/home")
        place.client.put_object(Bucket="vault", Key="at/home/dashtam-20200101T000000Z.age", Body=b"old")
        place.client.put_object(Bucket="vault", Key="at/homework.txt", Body=b"not ours")
        assert "Deleted dashtam-2020" in said("backup", "--keep", "1")
        (name,) = place.names()
        with chosen.opened(f"s3://vault/at/home/{name}", str(recovery)) as opened:
            assert [*opened.members][-1].name == "end.json"
        _goes_through_in_parts_or_not_at_all(place)
        assert place.names() == ["dashtam-20990101T000000Z.age", name][::-1]
    finally:
        server.stop()


def _goes_through_in_parts_or_not_at_all(place: targets.Bucket) -> None:
    with place.writing("dashtam-20990101T000000Z.age") as out:
        for _ in range(3):
            out.write(b"0123456789abcdef" * 200_000)
    with place.reading("dashtam-20990101T000000Z.age") as stream:
        assert len(stream.read()) == 9_600_000
    nothing: Any = None
    with pytest.raises(TypeError), place.writing("dashtam-20980101T000000Z.age") as out:
        out.write(nothing)
    with pytest.raises(ClientError), place.reading("dashtam-20980101T000000Z.age"):
        pass
    assert "Uploads" not in place.client.list_multipart_uploads(Bucket="vault")


def test_a_backup_opens_without_dashtam_as_a_plain_tar(settings: Any, recovery: Path, tmp_path: Path) -> None:
    import pyrage

    said("backup", "--without-keys")
    (file,) = kept(settings)
    secret = pyrage.x25519.Identity.from_str(recovery.read_text().splitlines()[-1])
    inside = tmp_path / "inside.tar.gz"
    inside.write_bytes(pyrage.decrypt(file.read_bytes(), [secret]))
    listed = subprocess.check_output(["/usr/bin/env", "tar", "tzf", str(inside)], text=True).split()
    assert [listed[0], listed[1], listed[-1]] == ["manifest.json", "keys.env", "end.json"]
    assert "tables/accounts_user/000001.copy" in listed
    assert settings.SECRET_KEY.encode() not in inside.read_bytes()
