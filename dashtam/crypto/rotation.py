"""Key rotation: reseals every envelope with the newest encryption key, while Dashtam runs.

Each envelope is replaced by one statement of its own, and only where it still is the one that was read: a token
that was refreshed meanwhile is newer and stays. Leases and versions are not touched. Whenever this is stopped,
each envelope is either the old or the new one, both open, and the next run goes on with what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db.models import BinaryField, F, Func, Value

from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import SealedColumn, place, sealed_columns
from dashtam.errors import DecryptionFailed

BATCH = 500
Progress = Callable[[SealedColumn, int], None]


@dataclass(slots=True)
class Rotated:
    """The counts of one pass over all columns. `unopened` counts by error code and key id."""

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
        for batch in _batches(column, encryption.header, batch_size):
            for pk in batch:
                _reseal(encryption, column, pk, done)
            seen += len(batch)
            progress(column, seen)
    return done


def _batches(column: SealedColumn, current: bytes, size: int) -> Iterator[list[object]]:
    """Primary keys of what is not under the newest key yet; envelopes may be large, and are read one by one."""
    header = Func(
        F(column.column), Value(1), Value(len(current)), function="substr", output_field=BinaryField()
    )
    rows = column.model._base_manager.exclude(**{column.column: None}).annotate(header=header)
    stale = rows.exclude(header=current).order_by("pk").values_list("pk", flat=True)
    batch = list(stale[:size])
    while batch:
        yield batch
        batch = list(stale.filter(pk__gt=batch[-1])[:size])


def _reseal(encryption: EncryptionService, column: SealedColumn, pk: object, done: Rotated) -> None:
    envelope = column.model._base_manager.filter(pk=pk).values_list(column.column, flat=True).first()
    if envelope is None:
        return
    envelope, row = bytes(envelope), place(column.model, pk, column.column)
    try:
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
