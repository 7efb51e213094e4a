"""The identity of this installation: the database that it lives in, so that a copy of it is noticed.

A dump that is restored elsewhere, or a backup that is rolled forward on another machine, holds refresh tokens that the
original still uses. A copy that sends one of them ends the original's consent (RFC 9700 §4.14.2), so a copy calls no
institution until an administrator says that it may.
"""

import contextlib
import logging
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

logger = logging.getLogger(__name__)

# Where PostgreSQL does not allow its control data to be read, the database's own number is the only sign.
_PLACE = """
SELECT CASE WHEN allowed THEN (SELECT system_identifier FROM pg_control_system()) END AS cluster_here,
       CASE WHEN allowed THEN (SELECT timeline_id FROM pg_control_checkpoint()) END AS timeline_here,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS oid_here
FROM (SELECT has_function_privilege('pg_control_system()', 'execute')
         AND has_function_privilege('pg_control_checkpoint()', 'execute') AS allowed) AS rights"""
# Each sync begins with this question: one statement for the row, if there is one, and the place.
_LOOK = f"""
SELECT installation.*, place.* FROM ({_PLACE}) AS place LEFT JOIN dashtam_installation AS installation ON true
ORDER BY installation.id LIMIT 1"""  # noqa: S608 our own fragment


class Place(NamedTuple):
    """A database: its cluster, the cluster's timeline (another one after a promotion or recovery), its number there."""

    system_identifier: int | None
    timeline: int | None
    database_oid: int


class InstallationManager(models.Manager["Installation"]):
    """Notices that the database is a copy."""

    def outgoing_paused(self) -> bool:
        """True while no institution may be called, because this database is a copy."""
        found: Any = self.raw(_LOOK)[0]
        place = Place(found.cluster_here, found.timeline_here, found.oid_here)
        if found.pk is None:
            self._remember(place)
            return False
        installation: Installation = found
        if installation.outgoing_paused_at is None and installation.is_elsewhere(place):
            self.filter(outgoing_paused_at=None).update(outgoing_paused_at=timezone.now())
            logger.warning(
                "This database is a copy: no institution is called until `manage.py resume_outgoing`."
            )
            return True
        return installation.outgoing_paused_at is not None

    def looks_like_a_copy(self) -> bool:
        """The answer of `outgoing_paused`, without noting anything."""
        installation = self.first()
        return installation is not None and (
            installation.outgoing_paused_at is not None or installation.is_elsewhere(_place())
        )

    def resume_outgoing(self) -> None:
        """From now on this database is an installation of its own, and may call institutions."""
        self.all().delete()
        self._remember(_place())

    def note_backup(self) -> None:
        """Remember that a backup was made now, for the doctor and for `/metrics`."""
        self.outgoing_paused()  # which makes the row where there is none yet
        self.update(backed_up_at=timezone.now())

    def _remember(self, place: Place) -> None:
        self.bulk_create([Installation(**place._asdict())], ignore_conflicts=True)
        if installation := self.first():
            installation.write_home()


class Installation(models.Model):
    """The one row that says who this installation is, and where its database was when that was last certain."""

    only = models.BooleanField(default=True, unique=True)
    identity = models.UUIDField(default=uuid4)
    system_identifier = models.BigIntegerField(null=True)
    timeline = models.IntegerField(null=True)
    database_oid = models.BigIntegerField()
    outgoing_paused_at = models.DateTimeField(null=True)
    backed_up_at = models.DateTimeField(null=True)

    objects: ClassVar[InstallationManager] = InstallationManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"installation {self.identity}"

    def is_elsewhere(self, place: Place) -> bool:
        """True if the database is not the one it was.

        A new timeline alone is an ordinary failover where DASHTAM_HOME knows the installation, and a copy elsewhere.
        """
        if (self.system_identifier, self.database_oid) != (place.system_identifier, place.database_oid):
            return True
        return self.timeline != place.timeline and not self.is_at_home()

    def is_at_home(self) -> bool:
        """True if DASHTAM_HOME belongs to this installation."""
        with contextlib.suppress(OSError):
            return _file().read_text().strip() == str(self.identity)
        return False

    def write_home(self) -> None:
        """Note the identity in DASHTAM_HOME, if there is such a folder."""
        with contextlib.suppress(OSError):
            _file().write_text(f"{self.identity}\n")


def _place() -> Place:
    with connection.cursor() as cursor:
        cursor.execute(_PLACE)
        return Place(*cursor.fetchone())


def _file() -> Path:
    return Path(settings.HOME) / "installation"
