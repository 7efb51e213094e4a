"""What the installation knows of itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction
from django.utils import timezone

from dashtam import keys
from dashtam.sealed_fields import keys_in_use
from dashtam.spans import Numbers, added


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
        """What is wrong with the configured keys and what to do, in sentences."""
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
    """A key that this database was used with, by a digest that gives nothing away."""

    setting = models.CharField(max_length=40)
    key_id = models.CharField(max_length=16, blank=True)
    fingerprint_hash = models.BinaryField()
    first_seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[KeyFingerprintManager] = KeyFingerprintManager()

    class Meta:
        constraints = (models.UniqueConstraint("setting", "key_id", name="key_fingerprint_once"),)

    def __str__(self) -> str:
        return f"{self.setting} {self.key_id}"


class SampleManager(models.Manager["Sample"]):
    """Keeps every span for a day, and sums over five minutes of them for a fortnight."""

    @transaction.atomic
    def thin_out(self) -> None:
        """Sum up what is complete, and forget what is old. Of several processes, one does it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('dashtam_sample'))")
            if not cursor.fetchone()[0]:
                return
        now = timezone.now()
        newest = self.filter(process=Sample.ALL).order_by("at").last()
        begin = newest.at + Sample.COARSE if newest else now - Sample.KEPT
        end = _floor(now - timedelta(minutes=2), Sample.COARSE)  # the slowest process has written by then
        fine = self.filter(at__gte=begin, at__lt=end).exclude(process=Sample.ALL)
        self.bulk_create(
            Sample(at=at, seconds=Sample.COARSE.total_seconds(), process=Sample.ALL, numbers=numbers)
            for at, numbers in steps(fine, Sample.COARSE)
        )
        self.filter(at__lt=now - Sample.KEPT).exclude(process=Sample.ALL).delete()
        self.filter(at__lt=now - Sample.COARSE_KEPT).delete()


class Sample(models.Model):
    """What happened in one process in the `seconds` before `at`; or, as the sum of all, in those after it."""

    ALL: ClassVar[str] = "all"
    COARSE: ClassVar[timedelta] = timedelta(minutes=5)
    KEPT: ClassVar[timedelta] = timedelta(days=1)
    COARSE_KEPT: ClassVar[timedelta] = timedelta(days=14)

    at = models.DateTimeField()
    seconds = models.FloatField()
    process = models.CharField(max_length=40)
    numbers = models.JSONField(help_text="See dashtam/spans.py.")

    objects: ClassVar[SampleManager] = SampleManager()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("at", "process", name="sample_once"),)

    def __str__(self) -> str:
        return f"{self.process} at {self.at:%Y-%m-%d %H:%M:%S}"


def steps(samples: models.QuerySet[Sample], step: timedelta) -> Iterator[tuple[datetime, Numbers]]:
    """The samples in steps of time, oldest first: added up over time for each process, then over processes."""
    for at, group in groupby(samples.order_by("at"), key=lambda sample: _floor(sample.at, step)):
        by_process: dict[str, list[Numbers]] = {}
        for sample in group:
            by_process.setdefault(sample.process, []).append(sample.numbers)
        yield at, added((added(parts, at_once=False) for parts in by_process.values()), at_once=True)


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % step


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
