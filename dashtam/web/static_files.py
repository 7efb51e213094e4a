"""Static files: their URLs carry a hash of the content, so browsers keep them for good, and texts go out compressed.

No command collects them: each process reads the apps' own folders once, as it starts. A compressed copy is kept in
DASHTAM_HOME under the hash of its content.
"""

import functools
import gzip
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles.finders import find, get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from servestatic import ServeStaticASGI
from servestatic.responders import StaticFile

from dashtam.telemetry.folders import make_private
from dashtam.web.headers import of_a_file

UNHASHED_SECONDS = 300
HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.[^./]+)")  # as ServeStatic knows files that never change
TEXTS = {".css", ".js", ".svg", ".webmanifest"}
WORTHWHILE = 1_000  # bytes; less fits into one packet anyway
TYPES = {".webmanifest": "application/manifest+json"}


class HashedStorage(StaticFilesStorage):
    """Django's, with the content's hash in each URL: `dashtam.0123456789ab.css`."""

    def url(self, name: str | None) -> str:
        """The URL of a file; without a hash if there is no such file."""
        return super().url(_hashed_name(name or ""))


class StaticFiles(ServeStaticASGI):
    """Serves the apps' static files before Django sees the request, each under its name and under its hashed name."""

    def __init__(self, application: Any) -> None:
        super().__init__(
            application,
            max_age=UNHASHED_SECONDS,
            allow_all_origins=False,
            mimetypes=TYPES,
            add_headers_function=of_a_file,
        )
        for finder in get_finders():
            for storage in finder.storages.values():  # type: ignore[attr-defined]
                self.add_files(storage.location, prefix=settings.STATIC_URL)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer for a static file, and for one under the hash of an older version with what it is now."""
        if scope["type"] == "http" and scope["path"].startswith(settings.STATIC_URL):
            known = HASHED.fullmatch(scope["path"])
            if known and scope["path"] not in self.files:
                scope = {**scope, "path": known[1] + known[2]}
        await super().__call__(scope, receive, send)

    def add_file_to_dictionary(
        self, url: str, path: str, root: Any = None, stat_cache: Mapping[str, os.stat_result] | None = None
    ) -> None:
        """Add a file under both of its URLs."""
        super().add_file_to_dictionary(url, path, root=root, stat_cache=stat_cache)
        if url in self.files:
            hashed = with_hash(url, hash_of(Path(path).read_bytes()))
            self.files[hashed] = self.get_static_file(path, hashed, stat_cache)

    def get_static_file(
        self, path: str, url: str, stat_cache: Mapping[str, os.stat_result] | None = None
    ) -> StaticFile:
        """A file with its headers and, if it is worthwhile, its compressed copy."""
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        of_a_file(headers, path, url)
        packed = _packed(Path(path))
        return StaticFile(path, headers.items(), encodings={"gzip": str(packed)} if packed else {})


def hash_of(content: bytes) -> str:
    """The twelve hex digits that stand for a content."""
    return hashlib.sha256(content).hexdigest()[:12]


def with_hash(name: str, digits: str) -> str:
    """`dashtam/dashtam.css` with the hash of its content before its ending."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.{digits}{path.suffix}"))


@functools.cache
def _hashed_name(name: str) -> str:
    path = find(name)
    return with_hash(name, hash_of(Path(path).read_bytes())) if path and Path(path).is_file() else name


def _packed(file: Path) -> Path | None:
    """A compressed copy of the file, made unless it is there; None where none is worthwhile, or can be kept."""
    if file.suffix not in TEXTS or file.stat().st_size < WORTHWHILE:
        return None
    content = file.read_bytes()
    copy = Path(settings.HOME) / "static" / f"{hashlib.sha256(content).hexdigest()}.gz"
    try:
        if not copy.exists():
            make_private(copy.parent)
            being_made = copy.with_suffix(f".{os.getpid()}")
            being_made.write_bytes(gzip.compress(content, 9, mtime=0))
            being_made.replace(copy)
    except OSError:
        return None
    return copy
