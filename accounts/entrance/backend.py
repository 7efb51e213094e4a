"""The authentication backend of Django's admin."""

from django.contrib.auth.backends import ModelBackend


class SessionOnlyBackend(ModelBackend):
    """Loads the person of a session that AuthService opened; never checks a password itself."""

    def authenticate(self, request: object, **credentials: object) -> None:  # type: ignore[override]
        """Refuse: signing in goes through AuthService alone, which hashes off the loop."""
        return
