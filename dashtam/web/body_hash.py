"""SHA-256 of a request's body, taken while the body arrives, so that a large one is never held for it.

The boundary between the parts of a form (RFC 2046 §5.1.1) is left out: clients choose a new one for each request,
and the same form sent again must have the same hash.
"""

import hashlib
import re
from typing import Any

SCOPE_KEY = "dashtam.body_hash"
MOST_PIECES = 1_000  # more parts than any form may have; what comes after them is one piece
HEADER = b"idempotency-key"
_BOUNDARY = re.compile(
    r'multipart/[\w.+-]+\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;,"]{1,200}))', re.IGNORECASE
)


class BodyHash:
    """The hash of the hashes of all pieces between boundaries; of a body without any, of the one piece."""

    def __init__(self, content_type: str) -> None:
        found = _BOUNDARY.match(content_type)
        self.boundary = (found[1] or found[2]).encode("latin1", "replace") if found else b""
        self.kind = content_type.partition(";")[0].strip().lower()
        self.whole = hashlib.sha256(self.kind.encode())
        self.piece = hashlib.sha256()
        self.pieces = 0
        self.held = b""  # the end of what came, which may be the beginning of a boundary

    def update(self, data: bytes) -> None:
        """Take in what came next, however it was cut."""
        if not self.boundary or self.pieces >= MOST_PIECES:
            self.piece.update(data)
            return
        *done, rest = (self.held + data).split(self.boundary, MOST_PIECES - self.pieces)
        for piece in done:
            self.piece.update(piece)
            self._end_piece()
        keep = min(len(self.boundary) - 1, len(rest)) if self.pieces < MOST_PIECES else 0
        self.piece.update(rest[: len(rest) - keep])
        self.held = rest[len(rest) - keep :]

    def hexdigest(self) -> str:
        """The hash, once all has come."""
        whole, piece = self.whole.copy(), self.piece.copy()
        piece.update(self.held)
        whole.update(piece.digest())
        return whole.hexdigest()

    def _end_piece(self) -> None:
        self.whole.update(self.piece.digest())
        self.piece = hashlib.sha256()
        self.pieces += 1


def begin(scope: Any) -> BodyHash | None:
    """A hash for the body of this request, if its answer depends on one."""
    headers = dict(scope["headers"])
    if HEADER not in headers:
        return None
    hashed: BodyHash = BodyHash(headers.get(b"content-type", b"").decode("latin1"))
    scope[SCOPE_KEY] = hashed
    return hashed


def of(request: Any) -> str:
    """The hash of a request's body. Raises RequestDataTooBig for one that has to be read for it and is too large."""
    hashed: BodyHash | None = request.scope.get(SCOPE_KEY)
    if hashed is None:  # served by another handler than ours
        hashed = BodyHash(request.META.get("CONTENT_TYPE", ""))
        hashed.update(request.body)
    return hashed.hexdigest()
