"""The password step of a sign-in that goes on with a second factor."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from dashtam.crypto import sealed_tokens


@dataclass(frozen=True, slots=True)
class PasswordStep:
    """A right password of `user_id`. `mark` changes with the password, and does not give it away."""

    user_id: UUID
    mark: str

    @classmethod
    def of(cls, user: User) -> "PasswordStep":
        """The step that `user` has taken."""
        return cls(user.id, sealed_tokens.digest(f"password step of {user.id}: {user.password}").hex())
