"""Rendering: a queued mail becomes subject, text and HTML, and the MIME message that goes over the wire."""

import email.policy
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from urllib.parse import quote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from dashtam.crypto import sealed_tokens
from notifications import kinds
from notifications.errors import MailRejected, MailUnavailable
from notifications.models import Email

# Seven bits and short lines, which every mail server passes on unchanged; SES asks for it in raw messages.
POLICY = email.policy.SMTP.clone(cte_type="7bit")
NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered mail. It holds the link with its token: never store or log it."""

    id: UUID
    to: str
    name: str
    subject: str
    text: str
    html: str
    link: str

    def mime(self) -> EmailMessage:
        """As multipart/alternative (RFC 2046 §5.1.4). Raises MailRejected when the email address cannot be written."""
        message = EmailMessage(policy=POLICY)
        message["From"] = message["Reply-To"] = _sender()
        message["To"] = _address(self.name, self.to)
        message["Subject"] = self.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = make_msgid(
            idstring=self.id.hex, domain=urlsplit(settings.PUBLIC_URL).hostname
        )
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday notices do not answer it
        # Readable as it lies in the outbox: an encoded text would break the link over two lines.
        message.set_content(self.text, cte="7bit" if self.text.isascii() else "quoted-printable")
        message.add_alternative(self.html, subtype="html", cte="quoted-printable")
        return message


def render(queued: Email) -> Message:
    """The message for a queued mail, whose `user` is loaded. The same mail always gets the same link."""
    kind = kinds.KINDS[queued.kind]
    link = _link(queued)
    name = _known_name(queued)
    values = {
        **queued.context,
        "name": name,
        "to": queued.to,
        "link": link,
        "button": kind.button,
        "public_url": settings.PUBLIC_URL,
        "when": _moment(queued.context.get("when", ""), queued),
        **{name: phrases.phrase(queued.context) for name, phrases in kind.phrases.items()},
    }
    subject = render_to_string(f"email/{queued.kind}.subject.txt", values)
    text = re.sub(r"\n{3,}", "\n\n", render_to_string(f"email/{queued.kind}.txt", values)).strip() + "\n"
    html = render_to_string(f"email/{queued.kind}.html", values)
    return Message(queued.id, queued.to, name, _one_line(subject), text, html, link)


def _link(queued: Email) -> str:
    values = {key: quote(str(value), safe="") for key, value in queued.context.items()}
    if "link_id" in values:
        values["token"] = sealed_tokens.seal(queued.kind, UUID(queued.context["link_id"]))
    return settings.PUBLIC_URL + kinds.KINDS[queued.kind].path.format(**values)


def _known_name(queued: Email) -> str:
    """The person's name, once they have proved that the email address is theirs; else empty.

    Until then a stranger may have typed the name: we would be mailing a stranger's words to a third person.
    The same goes for an email address that is to become theirs.
    """
    if queued.user is None or queued.user.email_verified_at is None or queued.user.email != queued.to:
        return ""
    return _one_line(queued.user.name)[:NAME_LENGTH].strip()


def _one_line(text: str) -> str:
    """Without line ends and other invisible characters, so that nothing can start a header of its own."""
    visible = (" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join("".join(visible).split())


def _sender() -> Address:
    try:
        return _address(*parseaddr(settings.DEFAULT_FROM_EMAIL))
    except MailRejected as error:  # not this mail's fault: it goes out once EMAIL_FROM is mended
        raise MailUnavailable(code="mail_bad_sender") from error


def _address(name: str, email_address: str) -> Address:
    local, _, domain = email_address.rpartition("@")
    try:
        local.encode("ascii")
        return Address(_one_line(name), addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (
        ValueError,
        IndexError,
        MessageError,
    ) as error:  # the standard library's parser raises each of them
        raise MailRejected(code="mail_bad_address") from error


def _moment(when: str, queued: Email) -> str:
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when
    zone: ZoneInfo | None = None
    if queued.user is not None:
        try:
            zone = ZoneInfo(queued.user.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = None
    if timezone.is_naive(moment):
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone(zone or UTC)
    return f"{local.day} {local:%B %Y at %H:%M} {local.tzname()}"
