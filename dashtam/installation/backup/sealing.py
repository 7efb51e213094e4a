"""Encryption of backups to a recovery key: the age format with X25519, by rage (`pyrage`).

Both directions stream in pieces of 64 kB, each of them authenticated. The first line of a backup tells nothing about
its key. Making a backup takes the public half alone, so that a machine that is broken into gives no old backup away.
"""

import io
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from dashtam.installation.backup.failures import BackupFailed, BackupUnreadable, WrongRecoveryKey

PIECE = 65_536


class _Pieces(io.RawIOBase):
    """A stream that is read from an iterator of bytes, and remembers the error that ended it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.left = b""
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self.left:
                self.left = next(self.pieces)
        except StopIteration:
            return 0
        except BaseException as error:
            self.error = error
            raise
        taken = min(len(buffer), len(self.left))
        buffer[:taken], self.left = self.left[:taken], self.left[taken:]
        return taken


class _Watched:
    """A stream to write to that remembers the error that ended it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self.inner.write(data)
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Keep no bytes back; `inner` is flushed by the code that opened it."""


class _Reads:
    """A stream to read from that remembers the error that ended it."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner = inner
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self.inner.read(size)
        except Exception as error:
            self.error = BackupUnreadable(f"The backup cannot be read to its end ({type(error).__name__}).")
            self.error.__cause__ = error
            raise
        except BaseException as error:
            self.error = error
            raise


def recipients(words: Sequence[str]) -> list[Any]:
    """The public recovery keys (`age1…`). Raises BackupFailed for none, or for text that is none."""
    import pyrage

    if not words:
        raise BackupFailed(
            "BACKUP_RECIPIENTS is not set: make a recovery key with `manage.py recovery_kit --to FOLDER`, and set it to"
            " the public key that this prints.",
            code="backup_without_key",
        )
    try:
        return [pyrage.x25519.Recipient.from_str(word.strip()) for word in words]
    except (pyrage.RecipientError, ValueError):
        # Not repeated: it may be the secret half, by mistake.
        raise BackupFailed(
            "BACKUP_RECIPIENTS: each entry is the public half of a recovery key, which begins with `age1`.",
            code="backup_without_key",
        ) from None


def identity(text: str) -> Any:
    """The secret recovery key in a text with lines of comments, as age-keygen writes it. Raises WrongRecoveryKey."""
    import pyrage

    for line in text.splitlines():
        word = "".join(line.split()).upper()
        if word.startswith("AGE-SECRET-KEY-"):
            try:
                return pyrage.x25519.Identity.from_str(word)
            except (pyrage.IdentityError, ValueError):
                raise WrongRecoveryKey(
                    "The recovery key is mistyped: a letter is wrong, missing, or too many."
                ) from None
    raise WrongRecoveryKey("There is no recovery key in it. One begins with AGE-SECRET-KEY-1.")


def encrypt(pieces: Iterator[bytes], out: Any, keys: Sequence[Any]) -> None:
    """Write the pieces, encrypted, to `out`. Raises what reading or writing has raised."""
    import pyrage

    source, sink = _Pieces(pieces), _Watched(out)
    try:
        pyrage.encrypt_io(source, sink, list(keys))
    except BaseException as error:
        _raise_cause(source.error or sink.error)
        if isinstance(error, Exception):
            raise BackupFailed(f"The backup could not be encrypted ({type(error).__name__}).") from None
        raise
    # An error in Python code that was swallowed on the way through would leave a file that looks whole and is not.
    _raise_cause(source.error or sink.error)


def _raise_cause(error: BaseException | None) -> None:
    if error is not None:
        raise error


@contextmanager
def decrypted(source: BinaryIO, key: Any) -> Iterator[io.BufferedReader]:
    """A stream of what is inside. Reading raises WrongRecoveryKey or BackupUnreadable, at the end at the latest."""
    reading, writing = os.pipe()
    work = _Decryption(source, writing, key)
    stream = _Outcome(reading, work)
    work.start()
    try:
        yield io.BufferedReader(stream, PIECE)
    finally:
        stream.close()
        work.join()


class _Decryption(threading.Thread):
    """Decrypts into a pipe; the library pushes, and a tar is pulled."""

    def __init__(self, source: BinaryIO, writing: int, key: Any) -> None:
        super().__init__(name="decryption", daemon=True)
        self.source, self.writing, self.key = _Reads(source), writing, key
        self.error: BaseException | None = None

    def run(self) -> None:
        """Decrypt until the end, an error, or until the reader has gone."""
        import pyrage

        with os.fdopen(self.writing, "wb", buffering=0) as out:
            try:
                pyrage.decrypt_io(self.source, out, [self.key])
            except pyrage.DecryptError as error:
                self.error = self.source.error or _reason(error)
            except BaseException as error:  # noqa: BLE001 told to the reader, in whose thread it belongs
                self.error = self.source.error or BackupUnreadable()
                self.error.__cause__ = error


def _reason(error: Exception) -> Exception:
    return WrongRecoveryKey() if "No matching keys" in str(error) else BackupUnreadable()


class _Outcome(io.RawIOBase):
    """The reading end of the pipe, whose end is an error where the decryption ended with one."""

    def __init__(self, reading: int, work: _Decryption) -> None:
        self.reading, self.work = reading, work

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.read(self.reading, len(buffer))
        if not data:
            self.work.join()
            _raise_cause(self.work.error)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self.reading)
        super().close()
