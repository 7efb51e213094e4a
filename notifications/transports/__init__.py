"""Transports: EMAIL_PROVIDER chooses the one that messages leave by."""

from typing import Protocol

from notifications.messages import Message


class Transport(Protocol):
    """One way out for messages."""

    async def send(self, message: Message) -> str:
        """Send the message; returns the mail service's id of it. Raises MailDelayed or MailRejected."""
        ...
