"""Examinations of every installation: files, keys, stores, web."""

from dashtam.doctor import files, keys, stores, web

__all__ = ["files", "keys", "stores", "web"]
