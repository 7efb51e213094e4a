"""Mail by SMTP, to a real server over TLS that answers as it is told."""

import asyncio
import email
import email.policy
import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection, send_mail

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.doctor.checkup import examine
from dashtam.ids import uuid7
from dashtam.installation.server_urls import require_encrypted_mail
from notifications import wiring
from notifications.errors import MailDelayed, MailThrottled, MailUnavailable
from notifications.models import Email, Suppression
from tests.certificates import Certificate, certificate
from tests.loop_thread import LoopThread

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning", "ignore:tls_context:UserWarning")

PASSWORD = "a mail password of ours"


@contextmanager
def listening(
    known: "MailServer", *, ssl_context: ssl.SSLContext | None = None, **options: Any
) -> Iterator[int]:
    """aiosmtpd in a thread, at a port that the system chooses."""
    thread = LoopThread()
    visits: list[SMTP] = []

    def visit() -> SMTP:
        visits.append(SMTP(known, loop=thread.loop, hostname="mail.example", **options))
        return visits[-1]

    async def start() -> asyncio.Server:
        return await thread.loop.create_server(visit, "127.0.0.1", 0, ssl=ssl_context)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        for each in visits:
            if each.transport is not None:
                each.transport.abort()  # type: ignore[attr-defined]

    server = thread.do(start())
    yield int(server.sockets[0].getsockname()[1])
    thread.do(stop(server))
    thread.close()


class MailServer:
    """What a server on the way of our mail does: it takes letters, or answers as `answers` says."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}  # by step: MAIL, RCPT or DATA
        self.letters: list[tuple[str, list[str], bytes]] = []
        self.tries = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, sender: str, options: Any) -> str:  # noqa: N802
        self.tries += 1
        envelope.mail_from = sender
        return self.answers.get("MAIL", "250 2.1.0 Fine")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(to)
        return self.answers.get("RCPT", "250 2.1.5 Fine").format(to=to)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" not in self.answers:
            self.letters.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.answers.get("DATA", "250 2.0.0 Ok: queued as 4F1C2")

    def check(self, server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
        right = (login.login, login.password) == (b"dashtam", PASSWORD.encode())
        return AuthResult(success=right, handled=right)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: Any) -> Certificate:
    return certificate(tmp_path_factory.mktemp("smtp"), "localhost")


@pytest.fixture(params=["starttls", "tls"])
def server(request: Any, settings: Any, shown: Certificate) -> Iterator[MailServer]:
    """Mail goes to a server with a sign-in, in either way of TLS."""
    known, tls = MailServer(), request.param == "tls"
    encrypted: dict[str, Any] = {"ssl_context": shown.server} if tls else {"tls_context": shown.server}
    with listening(
        known,
        authenticator=known.check,
        auth_required=True,
        auth_require_tls=not tls,  # in `tls` the whole connection is encrypted, which aiosmtpd does not count
        require_starttls=not tls,
        **encrypted,
    ) as port:
        _use(settings, port, request.param, str(shown.file))
        yield known


def _use(settings: Any, port: int, security: str, ca_file: str) -> None:
    settings.EMAIL_PROVIDER, settings.DEFAULT_FROM_EMAIL = "smtp", "Dashtam <mail@dashtam.example>"
    settings.EMAIL_BACKEND = "notifications.transports.smtp.DjangoBackend"
    for name, value in {
        "HOST": "localhost",
        "PORT": port,
        "SECURITY": security,
        "USERNAME": "dashtam",
        "PASSWORD": PASSWORD,
        "CA_FILE": ca_file,
    }.items():
        setattr(settings, f"SMTP_{name}", value)
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", port
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "dashtam", PASSWORD
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = security == "starttls", security == "tls"


def queue(user: User, kind: str = "verify_email") -> Email:
    return Email.objects.queue(user_id=user.id, to=user.email, kind=kind, context={"link_id": str(uuid7())})


async def deliver(mail: Email) -> Email:
    try:
        await wiring.email_service().deliver(email_id=mail.id)
    finally:
        await mail.arefresh_from_db()
    return mail


async def test_t15_a_mail_arrives_over_tls_with_its_link_and_both_bodies(
    ana: User, server: MailServer, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    mail = await deliver(await run_db(queue, ana))
    ((sender, recipients, letter),) = server.letters
    assert (sender, recipients) == ("mail@dashtam.example", [ana.email])
    message: Any = email.message_from_bytes(letter, policy=email.policy.default)
    assert "http://testserver/verify-email?token=" in message.get_body(("plain",)).get_content()
    assert message.get_body(("html",)) is not None
    assert (mail.state, mail.error_code) == ("sent", "")
    assert "4F1C2" in mail.provider_message_id
    ours = [r.getMessage() for r in caplog.records if r.name != "mail.log"]  # that is the server's own
    assert not any(PASSWORD in line or ana.email in line for line in ours)


@pytest.mark.parametrize(
    ("step", "answer", "kind", "code"),
    [
        ("MAIL", "421 4.3.2 Closing", MailThrottled, "mail_throttled"),
        ("MAIL", "451 4.3.0 A moment", MailUnavailable, "mail_unavailable"),
        ("MAIL", "550 5.7.60 You may not send as that", MailUnavailable, "mail_sender_refused"),
        ("RCPT", "450 4.2.0 Greylisted", MailThrottled, "mail_throttled"),
        ("RCPT", "451 {to} later", MailUnavailable, "mail_unavailable"),
        ("DATA", "452 4.2.2 Full", MailThrottled, "mail_throttled"),
    ],
)
async def test_t15_what_may_pass_is_tried_again(
    step: str, answer: str, kind: type[MailDelayed], code: str, server: MailServer, ana: User
) -> None:
    server.answers = {step: answer}
    mail = await run_db(queue, ana)
    with pytest.raises(kind) as error:
        await deliver(mail)
    assert (mail.state, mail.error_code) == ("queued", code)
    assert error.value.__cause__ is None  # a server's words may repeat the address
    assert not await Suppression.objects.aexists()
    server.answers = {}
    assert (await deliver(mail)).state == "sent"


@pytest.mark.parametrize(
    ("step", "answer", "code", "stopped"),
    [
        ("RCPT", "550 5.1.1 No such person", "mailbox_gone", True),
        ("RCPT", "550 No such user here", "mailbox_gone", True),
        ("RCPT", "556 5.1.10 Takes no mail", "mailbox_gone", True),
        ("RCPT", "550 5.7.1 Not from your network", "mail_address_refused", False),
        ("RCPT", "554 Not today", "mail_address_refused", False),
        ("RCPT", "552 5.2.2 Over quota", "mail_address_refused", False),
        ("DATA", "554 5.6.0 This looks like spam", "mail_rejected", False),
    ],
)
async def test_t15_what_will_never_pass_is_given_up_and_a_mailbox_that_is_gone_gets_no_more(
    step: str, answer: str, code: str, stopped: bool, server: MailServer, ana: User
) -> None:
    server.answers = {step: answer}
    mail = await deliver(await run_db(queue, ana))
    assert (mail.state, mail.error_code, mail.attempts) == ("failed", code, 1)
    assert await Suppression.objects.filter(address=ana.email).aexists() is stopped
    server.answers, server.tries = {}, 0
    again = await deliver(await run_db(queue, ana))
    assert (again.error_code, server.tries) == (("mail_suppressed", 0) if stopped else ("", 1))


async def test_t15_a_wrong_password_or_certificate_or_an_open_door_delays_the_mail(
    server: MailServer, ana: User, settings: Any, shown: Certificate
) -> None:
    mail = await run_db(queue, ana)
    settings.SMTP_PASSWORD = "another password"
    with pytest.raises(MailUnavailable) as wrong:
        await deliver(mail)
    assert wrong.value.code == "mail_credentials_refused"
    settings.SMTP_PASSWORD, settings.SMTP_CA_FILE = PASSWORD, ""
    with pytest.raises(MailUnavailable) as untrusted:
        await deliver(mail)
    assert untrusted.value.code == "mail_certificate_refused"
    settings.SMTP_CA_FILE, settings.SMTP_HOST = (
        str(shown.file),
        "127.0.0.1",
    )  # not the name in the certificate
    with pytest.raises(MailUnavailable) as other_name:
        await deliver(mail)
    assert other_name.value.code == "mail_certificate_refused"
    settings.SMTP_HOST, settings.SMTP_PORT = "localhost", 1
    with pytest.raises(MailUnavailable) as away:
        await deliver(mail)
    assert away.value.code == "mail_unreachable"
    assert server.letters == []


async def test_t15_a_server_that_offers_no_tls_gets_neither_mail_nor_password(
    ana: User, settings: Any, server: MailServer
) -> None:
    plain, mail = MailServer(), await run_db(queue, ana)
    with listening(plain) as settings.SMTP_PORT, pytest.raises(MailUnavailable) as refused:
        await deliver(mail)
    assert refused.value.code in {"mail_not_encrypted", "mail_certificate_refused", "mail_unreachable"}
    assert plain.tries == 0


def test_t15_djangos_own_mail_and_the_doctor_use_the_same_server(
    server: MailServer, settings: Any, db: None
) -> None:
    assert send_mail("A subject", "Words.", None, ["admin@example.org"]) == 1
    assert server.letters[0][1] == ["admin@example.org"]
    connection: Any = get_connection()
    assert isinstance(connection.ssl_context, ssl.SSLContext)
    assert dict(examine(full=False))["mail"] == []
    settings.EMAIL_HOST_PASSWORD = "another password"
    refused = get_connection()
    with pytest.raises(smtplib.SMTPAuthenticationError):
        refused.open()
    refused.close()
    (finding,) = dict(examine(full=False))["mail"]
    assert "SMTP_PASSWORD" in finding.text
    assert "another password" not in finding.text


@pytest.mark.parametrize(
    ("host", "security", "complaint"),
    [
        ("", "starttls", "needs SMTP_HOST"),
        ("mail.example.org", "none", "in the clear"),
        ("mail.example.org", "ssl", "SMTP_SECURITY must be"),
        ("localhost", "none", ""),
        ("relay", "none", ""),
        ("mail.example.org", "tls", ""),
    ],
)
def test_t15_mail_to_another_machine_is_encrypted_or_refused(
    host: str, security: str, complaint: str, tmp_path: Path
) -> None:
    if not complaint:
        require_encrypted_mail(host, security, plain_hosts=["relay"])
        return
    with pytest.raises(ImproperlyConfigured, match=complaint):
        require_encrypted_mail(host, security, plain_hosts=["relay"])
