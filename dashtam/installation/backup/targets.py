"""Places that keep backups: a folder, or a bucket of a service that speaks S3.

A backup appears under its name when it is whole, and not before.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings

from dashtam.installation.backup.failures import BackupFailed
from dashtam.telemetry.folders import make_private

NAME = re.compile(r"dashtam-\d{8}T\d{6}Z\.age")
PART_BYTES = 8 << 20  # S3 takes parts from 5 MB on, and ten thousand of them: 80 GB
CONNECT_SECONDS, READ_SECONDS = 10, 60


class Target(Protocol):
    """A place that keeps backups by name."""

    def names(self) -> list[str]:
        """The backups there, the oldest first."""

    def writing(self, name: str) -> Any:
        """A context with a stream to write to. After an error in it, nothing of that name is there."""

    def reading(self, name: str) -> Any:
        """A context with a stream to read from."""

    def remove(self, name: str) -> None:
        """Delete a backup."""


def name_of(moment: datetime) -> str:
    """The name of a backup that begins at this moment (UTC); names ascend with time."""
    return f"dashtam-{moment:%Y%m%dT%H%M%SZ}.age"


def target(place: str) -> Target:
    """The target of a setting: a folder, or `s3://bucket/prefix`. Raises BackupFailed for an empty one."""
    if not place:
        raise BackupFailed(
            "There is no place for backups: set BACKUP_TO, or give --to.", code="backup_nowhere"
        )
    if "://" in place and not place.startswith("s3://"):
        raise BackupFailed(
            f"Backups cannot be kept at {place.partition('://')[0]}:// : name a folder, or s3://bucket/prefix.",
            code="backup_nowhere",
        )
    return Bucket(place) if place.startswith("s3://") else Folder(Path(place))


def remove_old(place: Target, keep: int) -> list[str]:
    """Delete all but the newest `keep` backups, none if that is 0. Returns the names of those deleted."""
    old = place.names()[:-keep] if keep else []
    for name in old:
        place.remove(name)
    return old


class Folder:
    """A folder, such as one on another disk. Files are for their owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.glob("dashtam-*.age") if NAME.fullmatch(path.name))

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        make_private(self.path)
        part = self.path / f"{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.rename(self.path / name)
            self._sync()
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._tidy()

    def reading(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def _sync(self) -> None:
        """Have the name survive a loss of power too."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _tidy(self) -> None:
        """Remove the parts that killed runs have left; one that began within a day may still go on."""
        yesterday = name_of(datetime.now(UTC) - timedelta(days=1))
        for part in self.path.glob("dashtam-*.age.part"):
            if NAME.fullmatch(part.stem) and part.stem < yesterday:
                part.unlink(missing_ok=True)


class Bucket:
    """A bucket of S3, or of a service of one's own that speaks its API."""

    def __init__(self, place: str) -> None:
        split = urlsplit(place)
        self.bucket, self.prefix = split.netloc, split.path.strip("/")
        self.client = _client()

    def names(self) -> list[str]:
        found = []
        for page in self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._key("")
        ):
            found += [each["Key"].rpartition("/")[2] for each in page.get("Contents", [])]
        return sorted(name for name in found if NAME.fullmatch(name))

    @contextmanager
    def writing(self, name: str) -> Iterator["_Upload"]:
        where = {"Bucket": self.bucket, "Key": self._key(name)}
        upload = _Upload(self.client, where)
        try:
            yield upload
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        body = self.client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"]
        try:
            yield body
        finally:
            body.close()

    def remove(self, name: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._key(name))

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name


class _Upload:
    """A multipart upload of a stream whose length is not known beforehand. Nothing is there until it is complete."""

    def __init__(self, client: Any, where: dict[str, str]) -> None:
        self.client, self.where = client, where
        self.id = client.create_multipart_upload(**where)["UploadId"]
        self.parts: list[dict[str, Any]] = []
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        while len(self.waiting) >= PART_BYTES:
            self._send(bytes(self.waiting[:PART_BYTES]))
            del self.waiting[:PART_BYTES]
        return len(data)

    def complete(self) -> None:
        if self.waiting or not self.parts:
            self._send(bytes(self.waiting))
        whole = {"Parts": self.parts}
        self.client.complete_multipart_upload(**self.where, UploadId=self.id, MultipartUpload=whole)

    def abort(self) -> None:
        """Give up; the error that led here is the one that counts."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.client.abort_multipart_upload(**self.where, UploadId=self.id)
        except (BotoCoreError, ClientError):
            return

    def _send(self, part: bytes) -> None:
        number = len(self.parts) + 1
        sent = self.client.upload_part(**self.where, UploadId=self.id, PartNumber=number, Body=part)
        self.parts.append({"PartNumber": number, "ETag": sent["ETag"]})


def _client() -> Any:
    """A client with the settings' own key; without one, what the machine offers is used, such as a role."""
    import botocore.session
    from botocore.config import Config

    return botocore.session.get_session().create_client(
        "s3",
        region_name=settings.BACKUP_REGION,
        endpoint_url=settings.BACKUP_ENDPOINT_URL or None,
        aws_access_key_id=settings.BACKUP_ACCESS_KEY_ID or None,
        aws_secret_access_key=settings.BACKUP_SECRET_ACCESS_KEY or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "max_attempts": 5},
            s3={"addressing_style": "path" if settings.BACKUP_ENDPOINT_URL else "auto"},
        ),
    )
