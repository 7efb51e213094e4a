"""A mail server over SMTP with STARTTLS and a password, as a mail provider runs one, and what arrived there."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.certificates import certificate
from tests.deploy.waiting import wait_for
from tests.stack import free_port

NAME, PASSWORD = "dashtam", "a word for the mail server"
WAIT_SECONDS = 90


class Mailbox:
    """Runs in a thread; keeps each message with the address it came for."""

    def __init__(self, folder: Path) -> None:
        made = certificate(folder, "localhost")
        made.file.chmod(0o644)
        self.arrived: list[tuple[str, bytes]] = []
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=made.server,
            require_starttls=True,
            auth_required=True,
            authenticator=_authenticate,
        )
        self.certificate = made.file
        self.settings = {
            "EMAIL_PROVIDER": "smtp",
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(self.controller.port),
            "SMTP_USERNAME": NAME,
            "SMTP_PASSWORD": f'"{PASSWORD}"',
        }
        self.controller.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 aiosmtpd's name
        """Keep a message."""
        self.arrived += [(recipient, envelope.content) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def link(self, address: str, path: str) -> str:
        """The token of the link to `path` in the newest message to that address, once it has arrived."""
        what = f"a mail to {address} with a link to {path}, by SMTP"
        return str(wait_for(lambda: self._token(address, path), what, seconds=WAIT_SECONDS))

    def _token(self, address: str, path: str) -> str | None:
        for recipient, content in reversed(self.arrived):
            body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
            found = re.search(rf"{path}\?token=([\w-]+)", body.get_content() if body else "")
            if recipient == address and found:
                return found[1]
        return None

    def close(self) -> None:
        """End the server."""
        self.controller.stop()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (
        NAME.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=good)
