"""Statement files in a zip file: a few members, each within bounds, together one file."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import chain

from providers.formats.camt.parser import parse_camt
from providers.formats.detect import LOOKED_AT, detect
from providers.formats.errors import NotAStatementError, StatementDamagedError, StatementTooLargeError
from providers.formats.findings import Findings
from providers.formats.statement import Format, Institution, StatementFile

MAX_MEMBERS = 200
MAX_MEMBER_BYTES = 50 * 1024 * 1024
MAX_STREAMED_BYTES = 512 * 1024 * 1024
_CHUNK = 128 * 1024
_OFFICE = ("[Content_Types].xml", "mimetype", "META-INF/manifest.xml")
_ADVICE = "In your bank's download page, choose OFX, QFX, CAMT, MT940, QIF or CSV as the format."
_DAMAGED = "The zip file is damaged. Download it again from your bank."
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def parse_zip(
    data: bytes, parse: Callable[[bytes], StatementFile], count: Callable[[int], None]
) -> StatementFile:
    """The statements of all files in it. CAMT is read as it unpacks. Raises StatementError.

    Files of other kinds are left out with a notice; one of a known kind that cannot be read refuses all of it.
    """
    archive, members = _members(data)
    findings, files, refused = Findings(), [], None
    for number, member in enumerate(members, 1):
        try:
            files.append(_read(archive, member, parse, count))
        except NotAStatementError as error:
            refused = error
            detail = f"File {number} of the zip file was left out. {error}"
            findings.notice("section_skipped", number, detail)
        except _BROKEN:
            raise StatementDamagedError(_DAMAGED) from None
    if not files:
        raise refused or NotAStatementError(f"The zip file has no file in it. {_ADVICE}", reason="empty")
    return _together(files, findings)


def _members(data: bytes) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except _BROKEN:
        message = f"This is a zip file or a spreadsheet, and it is damaged. Download it again. {_ADVICE}"
        raise NotAStatementError(message, reason="zip") from None
    if any(info.filename in _OFFICE for info in infos):
        message = f"This is a spreadsheet or document of an office program. {_ADVICE}"
        raise NotAStatementError(message, reason="office")
    members = [info for info in infos if not info.is_dir() and not _hidden(info.filename)]
    if len(members) > MAX_MEMBERS:
        raise StatementTooLargeError("The zip file has too many files. Import fewer at a time.")
    if any(info.flag_bits & 1 for info in members):
        message = "The zip file is protected by a password. Unpack it first, then import the files in it."
        raise NotAStatementError(f"{message} Or download them again without one.", reason="encrypted")
    if sum(info.file_size for info in members) > MAX_STREAMED_BYTES:
        raise StatementTooLargeError(
            "The zip file is too large when it is unpacked. Download a shorter period."
        )
    return archive, members


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def _read(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    parse: Callable[[bytes], StatementFile],
    count: Callable[[int], None],
) -> StatementFile:
    with archive.open(member) as stream:
        head = stream.read(LOOKED_AT)
        kind = detect(head)
        if kind == "zip":
            raise NotAStatementError(f"It is a zip file itself: unpack it first. {_ADVICE}", reason="zip")
        if kind != "camt":
            data = head + stream.read(MAX_MEMBER_BYTES)
            if len(data) > MAX_MEMBER_BYTES:
                raise StatementTooLargeError(
                    "A file in the zip file is too large. Download a shorter period."
                )
            return parse(data)
    return parse_camt(lambda: _chunks(archive, member), count)


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member as they unpack, never more than its directory says."""
    with archive.open(member) as stream:
        left = member.file_size
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _together(files: list[StatementFile], findings: Findings) -> StatementFile:
    formats = {file.format for file in files}
    kind: Format = formats.pop() if len(formats) == 1 else "zip"
    return StatementFile(
        format=kind,
        institution=next((file.institution for file in files if file.institution.name), Institution()),
        statements=tuple(chain.from_iterable(file.statements for file in files)),
        rejected=tuple(chain.from_iterable(file.rejected for file in files)),
        rejected_count=sum(file.rejected_count for file in files),
        notices=(*findings.notices, *chain.from_iterable(file.notices for file in files)),
        notices_count=findings.notices_count + sum(file.notices_count for file in files),
    )
