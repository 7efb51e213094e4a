"""Examinations of the keys in the environment against the contents of the database."""

from collections.abc import Iterator

from django.conf import settings

from dashtam.crypto.fingerprints import KeyFingerprint
from dashtam.crypto.sealed_fields import BROKEN, SealedColumn, keys_in_use, place, sealed_columns
from dashtam.doctor.checkup import Finding, counted, examines
from dashtam.errors import DecryptionFailed
from dashtam.wiring import encryption_service

SAMPLE = 20


@examines("keys")
def fingerprints(*, full: bool) -> Iterator[Finding]:
    """The configured keys are those that this database was used with."""
    yield from map(Finding, KeyFingerprint.objects.misfits())


@examines("sealed secrets")
def envelopes(*, full: bool) -> Iterator[Finding]:
    """Every envelope has its key and opens: a sample of each column, or with `full` all of them."""
    for column in sealed_columns():
        for key_id, count in sorted(column.key_ids().items()):
            if key_id == BROKEN:
                yield Finding(f"{count} of {column} are not sealed at all: set up again what they hold.")
            elif key_id not in settings.ENCRYPTION_KEYS:
                yield Finding(
                    f"{count} of {column} are sealed with the key {key_id!r}, which is not in ENCRYPTION_KEYS: put it"
                    " back, or set up again what it protected."
                )
        yield from _unopened(column, full=full)
    others = [key_id for key_id in settings.ENCRYPTION_KEYS if key_id != encryption_service().key_id]
    used = keys_in_use()
    for key_id in others:
        if used[key_id]:
            what = counted(used[key_id], "One secret is", "{} secrets are")
            text = (
                f"{what} still sealed with the older key {key_id!r}: run `manage.py rotate_encryption_keys`."
            )
            yield Finding(text, trouble=False)


def _unopened(column: SealedColumn, *, full: bool) -> Iterator[Finding]:
    encryption, closed = encryption_service(), 0
    rows = column.model._base_manager.exclude(**{column.column: None}).order_by("-pk")
    chosen = rows.values_list("pk", column.column)
    for pk, envelope in chosen.iterator(chunk_size=50) if full else chosen[:SAMPLE]:
        try:
            encryption.decrypt(bytes(envelope), row=place(column.model, pk, column.column))
        except DecryptionFailed as error:
            closed += error.code != "key_unknown"
    if closed:
        yield Finding(
            f"{closed} of {column} do not open although their key is here: they were altered, or moved to another row."
            " Restore those rows from a backup, or set up again what they protected."
        )
