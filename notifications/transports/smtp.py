"""SMTP (RFC 5321), over TLS: to a mail server of one's own, or to the one of a mail provider."""

import asyncio
import functools
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiosmtplib
from django.core.mail.backends.smtp import EmailBackend

from notifications.errors import MailboxGone, MailDelayed, MailRejected, MailThrottled, MailUnavailable
from notifications.messages import Message

DEADLINE_SECONDS = 45.0  # below the lease of a mail; servers that look into a message take their time
ANSWER_SECONDS = 20.0

# RFC 3463: the mailbox or its domain does not exist, or takes no mail any more.
ENHANCED = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
GONE = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
NO_SUCH_MAILBOX = {550, 551, 553}  # RFC 5321 §4.2.3, of servers that say nothing closer


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server, and how it is spoken to: `starttls`, `tls` from the first byte, or `none`."""

    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


class SmtpTransport:
    """Hands each message to the server in a connection of its own: mail is rare, and nothing is left open."""

    def __init__(self, *, server: SmtpServer, own_name: str, deadline: float = DEADLINE_SECONDS) -> None:
        self.server = server
        self.own_name = own_name  # said in EHLO; not that of the machine, which may be an inner one
        self.deadline = deadline

    async def send(self, message: Message) -> str:
        """Send the message; returns the server's words. Raises MailThrottled, MailUnavailable or MailRejected."""
        mime = message.mime()
        sender, recipient = (mime[name].addresses[0].addr_spec for name in ("From", "To"))
        async with self._connected() as client:
            _, said = await client.sendmail(sender, [recipient], mime.as_bytes())
        return " ".join(said.split())

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = self._client()
        try:
            async with asyncio.timeout(self.deadline):
                try:
                    await self._connect(client)
                    yield client
                finally:
                    # The message is in the server's hands by now, or refused: how the goodbye goes changes nothing.
                    with suppress(aiosmtplib.SMTPException, OSError):
                        await client.quit()
        # Without their causes: a server's words may repeat the address, and errors are logged with all of them.
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, TimeoutError) as error:
            raise _refusal(error) from None
        finally:
            client.close()

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        """Connect, encrypt and sign in. No mail and no password without TLS, even if its offer was struck out."""
        await client.connect()
        if self.server.security == "starttls":
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise aiosmtplib.SMTPNotSupported("STARTTLS")
            await client.starttls(tls_context=tls(self.server.ca_file))
        if self.server.username:
            await client.login(self.server.username, self.server.password)

    def _client(self) -> aiosmtplib.SMTP:
        implicit = self.server.security == "tls"
        return aiosmtplib.SMTP(
            hostname=self.server.host,
            port=self.server.port,
            use_tls=implicit,
            start_tls=False,
            tls_context=tls(self.server.ca_file) if implicit else None,
            local_hostname=self.own_name,
            timeout=ANSWER_SECONDS,
        )


class DjangoBackend(EmailBackend):
    """Django's own, synchronous SMTP, with the authorities of SMTP_CA_FILE."""

    @functools.cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """Checks certificates and names."""
        from django.conf import settings

        return tls(settings.SMTP_CA_FILE)


@functools.cache
def tls(ca_file: str) -> ssl.SSLContext:
    """TLS 1.2 or newer with checked certificates; of the system's authorities, or those in a file alone."""
    return ssl.create_default_context(cafile=ca_file or None)


def _refusal(error: Exception) -> MailDelayed | MailRejected:
    """The error for what went wrong. Final only where the letter or its address is the cause.

    A server that refuses us or our sender may take the same letter once its owner has mended the settings.
    """
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _of_recipient(error.recipients[0])
    if isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500:
        return MailRejected()
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _of_answer(error)
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return MailUnavailable(code="mail_not_encrypted")
    return MailUnavailable(code="mail_certificate_refused" if _about_tls(error) else "mail_unreachable")


def _of_recipient(error: aiosmtplib.SMTPRecipientRefused) -> MailDelayed | MailRejected:
    if error.code < 500:
        return _of_answer(error)
    said = ENHANCED.match(error.message)
    gone = (int(said[1]), int(said[2])) in GONE if said else error.code in NO_SUCH_MAILBOX
    return MailboxGone() if gone else MailRejected(code="mail_address_refused")


def _of_answer(error: aiosmtplib.SMTPResponseException) -> MailDelayed:
    """421, 450 and 452 say that it is too much at the moment, or that strangers have to wait (greylisting)."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
        return MailUnavailable(code="mail_credentials_refused")
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code >= 500:
        return MailUnavailable(code="mail_sender_refused")
    return MailThrottled() if error.code in {421, 450, 452} else MailUnavailable()


def _about_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
