"""The ways a letter can leave, chosen by EMAIL_PROVIDER."""

from typing import Protocol

from notifications.letters import Letter


class Transport(Protocol):
    """Takes letters."""

    async def send(self, letter: Letter) -> str:
        """Send it; returns the id that the mail service gave it. Raises MailDelayed or MailRejected."""
        ...
