"""Brings every envelope under the newest encryption key, while Dashtam runs.

Each envelope is replaced by one statement of its own, and only where it still is the one that was read: a token
that was refreshed meanwhile is newer and stays. Leases and versions are not touched. Whenever this is stopped,
each envelope is either the old or the new one, both open, and the next run goes on with what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dashtam.errors import DecryptionFailed
from dashtam.sealed_fields import SealedColumn, place, sealed_columns
from dashtam.services.encryption_service import EncryptionService

BATCH = 500
Progress = Callable[[SealedColumn, int], None]


@dataclass(slots=True)
class Rotated:
    """What a pass over all columns did. `unopened` counts by error code and key id."""

    resealed: int = 0
    overtaken: int = 0
    unopened: Counter[tuple[str, str]] = field(default_factory=Counter)


def rotate(
    encryption: EncryptionService, progress: Progress = lambda *_: None, *, batch_size: int = BATCH
) -> Rotated:
    """One pass over all sealed columns."""
    done = Rotated()
    for column in sealed_columns():
        seen = 0
        for batch in _batches(column, batch_size):
            for pk, envelope in batch:
                _reseal(encryption, column, pk, envelope, done)
            seen += len(batch)
            progress(column, seen)
    return done


def _batches(column: SealedColumn, size: int) -> Iterator[list[tuple[object, bytes]]]:
    """By primary key, so that memory stays flat and no row is held while others wait for it."""
    rows = column.model._base_manager.exclude(**{column.column: None}).order_by("pk")
    batch = list(rows.values_list("pk", column.column)[:size])
    while batch:
        yield [(pk, bytes(envelope)) for pk, envelope in batch]
        batch = list(rows.filter(pk__gt=batch[-1][0]).values_list("pk", column.column)[:size])


def _reseal(
    encryption: EncryptionService, column: SealedColumn, pk: object, envelope: bytes, done: Rotated
) -> None:
    row = place(column.model, pk, column.column)
    try:
        if encryption.key_id_of(envelope) == encryption.key_id:
            return
        fresh = encryption.encrypt(encryption.decrypt(envelope, row=row), row=row)
    except DecryptionFailed as error:
        done.unopened[error.code, _key_id(encryption, envelope)] += 1
        return
    same = column.model._base_manager.filter(pk=pk, **{column.column: envelope})
    if same.update(**{column.column: fresh}):
        done.resealed += 1
    else:
        done.overtaken += 1


def _key_id(encryption: EncryptionService, envelope: bytes) -> str:
    try:
        return encryption.key_id_of(envelope)
    except DecryptionFailed:
        return "?"
