"""Examinations of every installation: backups, files, keys, stores, web."""

from dashtam.doctor import backups, files, keys, stores, web

__all__ = ["backups", "files", "keys", "stores", "web"]
