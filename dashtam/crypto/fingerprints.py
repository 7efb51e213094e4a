"""Fingerprints of the keys that this database was used with."""

from collections.abc import Iterator
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.utils import timezone

from dashtam.crypto import keys
from dashtam.crypto.sealed_fields import keys_in_use


class KeysDoNotFit(ImproperlyConfigured):
    """The keys in the environment are not those that this database was used with."""


class KeyFingerprintManager(models.Manager["KeyFingerprint"]):
    """Notices a wrong key before anything is done with it."""

    def require(self) -> None:
        """Remember keys that are new. Raises KeysDoNotFit if one is not what it was, or all are strangers."""
        wrong = self.misfits()
        if wrong:
            raise KeysDoNotFit(" ".join(wrong))
        self.bulk_create(_configured(), ignore_conflicts=True)

    def misfits(self) -> list[str]:
        """One sentence for each configured key that does not fit: the fault, and the remedy."""
        known = {(row.setting, row.key_id): bytes(row.fingerprint_hash) for row in self.all()}
        wrong = [
            _sentence(row.setting, row.key_id)
            for row in _configured()
            if known.get((row.setting, row.key_id), row.fingerprint_hash) != row.fingerprint_hash
        ]
        sealed_with = {key_id for setting, key_id in known if setting == "ENCRYPTION_KEYS"}
        if not wrong and sealed_with and not sealed_with & set(settings.ENCRYPTION_KEYS) and keys_in_use():
            names = ", ".join(sorted(map(repr, sealed_with)))
            wrong.append(
                f"None of ENCRYPTION_KEYS is known here: put back the one that was used before ({names})."
            )
        return wrong

    @transaction.atomic
    def accept(self) -> None:
        """Take the configured keys for the right ones from now on."""
        self.all().delete()
        self.bulk_create(_configured())


class KeyFingerprint(models.Model):
    """A key that this database was used with, by a keyed digest."""

    setting = models.CharField(max_length=40)
    key_id = models.CharField(max_length=16, blank=True)
    fingerprint_hash = models.BinaryField()
    first_seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[KeyFingerprintManager] = KeyFingerprintManager()

    class Meta:
        constraints = (models.UniqueConstraint("setting", "key_id", name="key_fingerprint_once"),)

    def __str__(self) -> str:
        return f"{self.setting} {self.key_id}"


def _configured() -> list[KeyFingerprint]:
    return [
        KeyFingerprint(setting=setting, key_id=key_id, fingerprint_hash=keys.fingerprint(setting, key))
        for setting, key_id, key in _keys()
    ]


def _keys() -> Iterator[tuple[str, str, bytes]]:
    yield "SECRET_KEY", "", settings.SECRET_KEY.encode()
    for setting in ("JWT_KEYS", "ENCRYPTION_KEYS"):
        for key_id, key in getattr(settings, setting).items():
            yield setting, key_id, key


def _sentence(setting: str, key_id: str) -> str:
    if setting == "SECRET_KEY":
        return (
            "SECRET_KEY is not the one this database was used with: put that one back, or, to end all sessions and"
            " mailed links, run `manage.py doctor --accept-keys`."
        )
    return (
        f"{setting}: the key called {key_id!r} is another one than before: put that one back, or give the new key"
        " an id of its own."
    )
