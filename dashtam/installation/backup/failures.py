"""The errors of backups. Each message is for the administrator at the terminal and holds no secret."""

from dashtam.errors import DashtamError


class BackupFailed(DashtamError):
    """No backup was made; the target holds what it held before."""

    code = "backup_failed"


class BackupUnreadable(DashtamError):
    """The file is not a whole backup: cut off, altered, or something else."""

    code = "backup_unreadable"
    detail = "This file is not a whole backup: it was cut off or altered, or is something else."


class WrongRecoveryKey(DashtamError):
    """The backup was made for another recovery key."""

    code = "wrong_recovery_key"
    detail = "This recovery key does not open this backup. It was made for another one."


class RestoreRefused(DashtamError):
    """The database or the keys here are not such that this backup may be restored."""

    code = "restore_refused"
