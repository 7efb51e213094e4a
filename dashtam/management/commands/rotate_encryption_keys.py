"""`manage.py rotate_encryption_keys`: seals every stored secret with the first key of ENCRYPTION_KEYS."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dashtam.crypto.rotation import Rotated, rotate
from dashtam.crypto.sealed_fields import BROKEN, SealedColumn, sealed_columns
from dashtam.wiring import encryption_service

PASSES = 3


class Command(BaseCommand):
    """Rotation while Dashtam runs; it may be stopped at any time and run again."""

    help = (
        "Seal every stored secret anew with the first key of ENCRYPTION_KEYS, while Dashtam runs, and prove which"
        " of the other keys nothing needs any more."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Repeat passes until every envelope is sealed with the first key, then count the envelopes of each key."""
        encryption = encryption_service()
        self.stdout.write(f"Sealing everything with the key {encryption.key_id!r}.")
        for _ in range(PASSES):
            done = rotate(encryption, self._progress)
            self.stdout.write(f"Sealed anew: {done.resealed}. Renewed by others meanwhile: {done.overtaken}.")
            if not done.resealed and not done.overtaken:
                break
        self._prove(encryption.key_id, done)

    def _progress(self, column: SealedColumn, seen: int) -> None:
        self.stdout.write(f"  {column}: {seen}")

    def _prove(self, current: str, done: Rotated) -> None:
        """Count envelopes by key straight from the database. Raises CommandError unless one key is left."""
        self.stdout.write("Envelopes by key:")
        total: Counter[str] = Counter()
        for column in sealed_columns():
            counts = column.key_ids()
            total += counts
            told = ", ".join(f"{key_id!r} {count}" for key_id, count in sorted(counts.items()))
            self.stdout.write(f"  {column}: {told or 'none'}")
        for (code, key_id), count in sorted(done.unopened.items()):
            self.stdout.write(f"{count} sealed with {key_id!r} cannot be opened ({code}).")
        unused = [key_id for key_id in settings.ENCRYPTION_KEYS if key_id != current and not total[key_id]]
        for key_id in unused:
            self.stdout.write(
                f"Nothing needs {key_id!r}: take it out of ENCRYPTION_KEYS, and keep it with older backups."
            )
        if done.unopened or total[BROKEN]:
            raise CommandError("Some envelopes were left as they are. `manage.py doctor` says what to do.")
        if set(total) - {current}:
            raise CommandError(
                "Another process still seals with an older key. Restart web and workers, then run this again."
            )
        self.stdout.write(self.style.SUCCESS("Everything is sealed with the first key."))
