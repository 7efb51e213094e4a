"""The inside of a backup: a compressed tar whose members are never larger than a few megabytes.

manifest.json           the format, the migrations, the tables and their columns
keys.env                the installation's keys, unless they were left out
tables/NAME/000001.copy the rows of one table, in parts
end.json                the number of rows of each table, and where each sequence stands; without it, a part is missing
"""

import json
import tarfile
import time
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from dashtam.installation.backup.failures import BackupUnreadable

MANIFEST, KEYS, END = "manifest.json", "keys.env", "end.json"
PART = 4 << 20
LARGEST_MEMBER = 64 << 20  # one row may be larger than a part
GZIP = 31  # zlib's number for a gzip header


class Member(NamedTuple):
    """One file of the archive."""

    name: str
    content: bytes


def packed(members: Iterator[Member]) -> Iterator[bytes]:
    """The compressed tar of these members, piece by piece."""
    compress = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    for member in members:
        info = tarfile.TarInfo(member.name)
        info.size, info.mode, info.mtime = len(member.content), 0o600, int(time.time())
        yield compress.compress(info.tobuf(tarfile.PAX_FORMAT))
        yield compress.compress(member.content)
        yield compress.compress(bytes(-len(member.content) % tarfile.BLOCKSIZE))
    yield compress.compress(bytes(2 * tarfile.BLOCKSIZE))
    yield compress.flush()


def unpacked(stream: BinaryIO) -> Iterator[Member]:
    """The members in their order. Raises BackupUnreadable where it breaks off."""
    try:
        with tarfile.open(fileobj=stream, mode="r|gz") as archive:
            for info in archive:
                content = archive.extractfile(info)
                if content is None or info.size > LARGEST_MEMBER:
                    raise BackupUnreadable
                yield Member(info.name, content.read())
        while stream.read(65_536):  # to the end of the file, where the decryption says that it was whole
            pass
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise BackupUnreadable from error


def as_json(name: str, content: object) -> Member:
    """A member with a JSON document."""
    return Member(name, json.dumps(content, indent=1, ensure_ascii=False).encode())


def from_json(member: Member, name: str) -> Any:
    """The document of the member of that name. Raises BackupUnreadable for another member, or for no JSON."""
    if member.name != name:
        raise BackupUnreadable
    try:
        return json.loads(member.content)
    except ValueError as error:
        raise BackupUnreadable from error
