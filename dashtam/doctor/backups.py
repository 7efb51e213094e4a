"""Backups: that there are some, that the last one is fresh, and that the recovery key is not beside them."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from dashtam.doctor.checkup import Finding, examines
from dashtam.installation.backup import sealing, targets
from dashtam.installation.backup.failures import BackupFailed
from dashtam.installation.identity import Installation

FRESH = timedelta(hours=36)
KEY_FILES = ("recovery-key.txt", "recovery-kit.html")


@examines("backups")
def backups(*, full: bool) -> Iterator[Finding]:
    """A backup was made within a day and a half, and the key that opens it is not kept on this machine."""
    yield from _settings()
    made = Installation.objects.values_list("backed_up_at", flat=True).first()
    if made is None and not settings.BACKUP_RECIPIENTS:
        yield Finding(
            "No backups are made. `manage.py recovery_kit` makes a key for them, then `manage.py backup` once a day.",
            trouble=False,
        )
    elif made is None or made < timezone.now() - FRESH:
        last = f"The last backup was made at {made:%Y-%m-%d %H:%M} UTC" if made else "No backup was made yet"
        yield Finding(f"{last}: see why `manage.py backup` does not run once a day.")
    for name in KEY_FILES:
        if (settings.HOME / name).exists():
            yield Finding(
                f"The recovery key lies beside what it protects: print it and delete {settings.HOME / name}."
            )


def _settings() -> Iterator[Finding]:
    """BACKUP_TO and BACKUP_RECIPIENTS are what they should be, and both are there or none."""
    try:
        if settings.BACKUP_TO:
            targets.target(settings.BACKUP_TO)
        if settings.BACKUP_TO or settings.BACKUP_RECIPIENTS:
            sealing.recipients(settings.BACKUP_RECIPIENTS)
    except BackupFailed as error:
        yield Finding(error.detail)
