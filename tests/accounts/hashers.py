"""Hashers for tests: quick ones, and one that remembers where it worked."""

import threading
from typing import ClassVar

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class QuickHasher(BCryptSHA256PasswordHasher):
    """The real hasher at the least cost that bcrypt takes."""

    rounds = 4


class WatchedHasher(QuickHasher):
    """Notes the thread that each hash is made on."""

    threads: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.threads.append(threading.current_thread().name)
        return super().encode(password, salt)
