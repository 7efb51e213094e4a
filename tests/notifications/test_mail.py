"""Mail from the queue to the outbox or to SES, and what becomes of it when things go wrong."""

import asyncio
import base64
import email
import email.policy
import json
import logging
import re
import stat
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from dashtam.ids import uuid7
from notifications import wiring
from notifications.errors import MailDelayed, MailThrottled, MailUnavailable
from notifications.models import Email
from notifications.services.email_service import EmailService
from notifications.tasks import BACKOFF
from notifications.transports.ses import SesCredentials, SesTransport
from tests import jobs
from tests.notifications.conftest import Answers, Ses


def queue(user: User, kind: str = "address_known", **context: str) -> Email:
    return Email.objects.queue(user_id=user.id, to=user.email, kind=kind, context=context)


async def deliver(mail: Email) -> Email:
    await wiring.email_service().deliver(email_id=mail.id)
    await mail.arefresh_from_db()
    return mail


def eml_files(settings: Any) -> list[Path]:
    return sorted(settings.OUTBOX.iterdir()) if settings.OUTBOX.exists() else []


def plain(message: Any) -> str:
    text: str = message.get_body(("plain",)).get_content()
    return text


# --- the queue --------------------------------------------------------------------------------------


def test_a_queued_mail_is_a_row_and_a_job_that_holds_nothing_but_the_id(ana: User) -> None:
    link_id = str(uuid7())
    mail = queue(ana, "verify_email", link_id=link_id)
    assert (mail.state, mail.attempts, mail.context) == ("queued", 0, {"link_id": link_id})
    assert jobs.queued() == [("notifications.tasks.deliver_email", {"email_id": str(mail.id)})]


def test_a_mail_goes_with_its_transaction(ana: User) -> None:
    class Undo(Exception):
        pass

    with suppress(Undo), transaction.atomic():
        queue(ana)
        raise Undo
    assert not Email.objects.exists()
    assert jobs.queued() == []


async def test_the_service_queues_as_the_model_does(ana: User) -> None:
    mail = await wiring.email_service().queue(user_id=ana.id, to=ana.email, kind="address_known")
    assert await Email.objects.aget() == mail


@pytest.mark.parametrize(
    ("kind", "context"), [("no_such_kind", {}), ("verify_email", {}), ("password_changed", {"ip": "x"})]
)
def test_a_mail_that_could_not_be_written_is_not_queued(
    kind: str, context: dict[str, str], ana: User
) -> None:
    with pytest.raises(ValueError, match=kind):
        queue(ana, kind, **context)
    assert jobs.queued() == []


# --- the outbox -------------------------------------------------------------------------------------


def test_mail_lands_in_the_outbox_and_the_console_shows_its_link(
    ana: User, settings: Any, capfd: Any
) -> None:
    link_id = uuid7()
    mail = queue(ana, "verify_email", link_id=str(link_id))
    assert jobs.run_queued() == 1
    (file,) = eml_files(settings)
    message: Any = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    url = re.search(r"http://testserver/verify-email\?token=([\w-]+)", plain(message))
    assert url is not None
    sealed = sealed_tokens.unseal("verify_email", url[1])
    assert sealed is not None
    assert sealed.id == link_id
    console = capfd.readouterr().out
    assert f"Mail to {ana.email}: Confirm your email address for Dashtam" in console
    assert url[0] in console
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.error_code) == ("sent", 1, "")
    assert mail.provider_message_id == file.name
    assert mail.sent_at is not None


def test_the_outbox_is_private(ana: User, settings: Any) -> None:
    settings.OUTBOX.mkdir(mode=0o755)
    queue(ana)
    jobs.run_queued()
    (file,) = eml_files(settings)
    assert stat.S_IMODE(settings.OUTBOX.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_an_outbox_that_cannot_be_written_delays_the_mail(
    ana: User, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.OUTBOX = tmp_path / "file" / "outbox"
    mail = await run_db(queue, ana)
    with pytest.raises(MailUnavailable):
        await deliver(mail)
    await mail.arefresh_from_db()
    assert (mail.state, mail.attempts, mail.error_code) == ("queued", 1, "outbox_not_writable")


def test_logs_name_neither_address_nor_link(ana: User, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    mail = queue(ana, "verify_email", link_id=str(uuid7()))
    jobs.run_queued()
    ours = [
        r.getMessage() for r in caplog.records if r.name.startswith(("notifications", "httpx", "httpcore"))
    ]
    assert not any(ana.email in line or "token" in line for line in ours)
    assert mail.to == ana.email


# --- once, and only while it makes sense --------------------------------------------------------------


async def test_a_sent_mail_is_not_sent_twice(ana: User, settings: Any) -> None:
    mail = await deliver(await run_db(queue, ana))
    sent_at = mail.sent_at
    await deliver(mail)
    assert (mail.attempts, mail.sent_at) == (1, sent_at)
    assert len(eml_files(settings)) == 1


async def test_a_mail_whose_person_was_deleted_goes_nowhere(ana: User, settings: Any) -> None:
    mail = await run_db(queue, ana)
    await ana.adelete()
    await wiring.email_service().deliver(email_id=mail.id)
    assert eml_files(settings) == []
    assert await Email.objects.acount() == 0


async def test_a_mail_for_a_link_that_has_expired_is_given_up(ana: User, settings: Any) -> None:
    mail = await run_db(queue, ana, "reset_password", link_id=str(uuid7()))
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        await deliver(mail)
    assert (mail.state, mail.error_code) == ("failed", "link_expired")
    assert eml_files(settings) == []


async def test_a_mail_that_somebody_else_is_sending_is_left_alone_until_their_lease_ends(ana: User) -> None:
    mail = await run_db(queue, ana)
    assert await run_db(Email.objects.claim, mail.id) == mail  # by a worker that then dies
    with pytest.raises(MailDelayed) as busy:
        await deliver(mail)
    assert busy.value.code == "mail_in_flight"
    with time_machine.travel(timezone.now() + Email.LEASE + timedelta(seconds=1), tick=False):
        assert (await deliver(mail)).state == "sent"
    assert mail.attempts == 2


async def test_a_mistake_of_ours_fails_the_mail_and_is_not_hidden(ana: User) -> None:
    mail = await run_db(queue, ana, "verify_email", link_id="not an id")
    with pytest.raises(ValueError, match="UUID"):
        await deliver(mail)
    await mail.arefresh_from_db()
    assert (mail.state, mail.error_code) == ("failed", "internal_error")


async def test_of_many_deliveries_at_once_one_sends(answers: Answers, ana: User) -> None:
    mail = await run_db(queue, ana)
    outcomes = await asyncio.gather(*(deliver(mail) for _ in range(6)), return_exceptions=True)
    assert len(answers.requests) == 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {getattr(error, "code", error) for error in refused} <= {"mail_in_flight"}
    await mail.arefresh_from_db()
    assert (mail.state, mail.attempts) == ("sent", 1)


# --- Amazon SES ---------------------------------------------------------------------------------------


async def test_ses_gets_recipient_subject_and_both_bodies(ana: User, ses: Ses) -> None:
    link_id = str(uuid7())
    mail = await deliver(await run_db(queue, ana, "reset_password", link_id=link_id))
    (sent,) = ses.sent()
    assert (mail.state, mail.provider_message_id) == ("sent", sent["id"])
    assert sent["source"] == "mail@dashtam.example"
    assert ana.email in sent["destinations"]
    message: Any = email.message_from_string(sent["raw_data"], policy=email.policy.default)
    assert message["Subject"] == "Set a new password for Dashtam"
    assert message["To"].addresses[0].addr_spec == ana.email
    link = f"http://testserver/reset-password?token={sealed_tokens.seal('reset_password', UUID(link_id))}"
    assert link in plain(message)
    assert f'href="{link}"' in message.get_body(("html",)).get_content()


async def test_a_name_in_any_script_reaches_ses(make_user: Any, ses: Ses) -> None:
    zoe = await run_db(make_user, "Zoe")
    await User.objects.filter(id=zoe.id).aupdate(name="Zoë 山田\r\nBcc: eve@example.org")
    await deliver(await run_db(queue, zoe))
    (sent,) = ses.sent()
    message: Any = email.message_from_string(sent["raw_data"], policy=email.policy.default)
    assert message["To"].addresses[0].display_name == "Zoë 山田 Bcc: eve@example.org"
    assert message["Bcc"] is None
    assert {address for address in sent["destinations"] if address.startswith("eve")} == set()


async def test_a_sender_that_ses_does_not_know_is_refused_for_good(
    ana: User, ses: Ses, settings: Any
) -> None:
    settings.DEFAULT_FROM_EMAIL = "stranger@elsewhere.example"
    mail = await deliver(await run_db(queue, ana))
    assert (mail.state, mail.error_code) == ("failed", "mail_rejected")
    assert ses.sent() == []


async def test_what_ses_is_asked_is_signed_and_complete(ana: User, answers: Answers) -> None:
    mail = await deliver(await run_db(queue, ana))
    assert mail.provider_message_id == "m-1"
    ((path, headers, body),) = answers.requests
    assert path == "/v2/email/outbound-emails"
    signature = r"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/\d{8}/eu-central-1/ses/aws4_request, SignedHeaders=.*host.*, "
    assert re.match(signature, headers["Authorization"])
    asked = json.loads(body)
    assert asked["Destination"] == {"ToAddresses": [ana.email]}
    assert base64.b64decode(asked["Content"]["Raw"]["Data"]).isascii()


@pytest.mark.parametrize(
    ("status", "error", "code", "kind"),
    [
        (429, "TooManyRequestsException", "mail_throttled", MailThrottled),
        (400, "LimitExceededException:http://internal.amazon.com/", "mail_throttled", MailThrottled),
        (403, "SignatureDoesNotMatch", "mail_credentials_refused", MailUnavailable),
        (400, "SendingPausedException", "mail_account_problem", MailUnavailable),
        (404, "NotFoundException", "mail_account_problem", MailUnavailable),
        (302, "", "mail_account_problem", MailUnavailable),
        (500, "", "mail_unavailable", MailUnavailable),
        (503, "", "mail_unavailable", MailUnavailable),
    ],
)
async def test_what_may_pass_is_tried_again(
    status: int, error: str, code: str, kind: type[MailDelayed], answers: Answers, ana: User
) -> None:
    mail = await run_db(queue, ana)
    answers.give(status, error, Location="http://127.0.0.1:1/")
    with pytest.raises(kind):
        await deliver(mail)
    await mail.arefresh_from_db()
    assert (mail.state, mail.attempts, mail.error_code) == ("queued", 1, code)
    answers.give(200, body=b'{"MessageId": "m-2"}')
    await deliver(mail)
    assert (mail.state, mail.attempts, mail.error_code, mail.provider_message_id) == ("sent", 2, "", "m-2")


@pytest.mark.parametrize(
    ("error", "code"), [("BadRequestException", "mail_bad_request"), ("MessageRejected", "mail_rejected")]
)
async def test_what_will_never_pass_is_given_up_at_once(
    error: str, code: str, answers: Answers, ana: User
) -> None:
    answers.give(400, error)
    mail = await deliver(await run_db(queue, ana))
    assert (mail.state, mail.attempts, mail.error_code) == ("failed", 1, code)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"[1]", b'{"MessageId": 7}', b"x" * 200_000, b"\xff\xfe"]
)
async def test_an_answer_that_makes_no_sense_is_no_success(body: bytes, answers: Answers, ana: User) -> None:
    mail = await run_db(queue, ana)
    answers.give(200, body=body)
    with pytest.raises(MailUnavailable):
        await deliver(mail)


async def test_a_service_that_hangs_is_left_when_the_deadline_has_passed(ana: User, answers: Answers) -> None:
    answers.hang.clear()
    mail = await run_db(queue, ana)
    with pytest.raises(MailUnavailable) as gone:
        await _impatient_service().deliver(email_id=mail.id)
    assert gone.value.code == "mail_unreachable"
    await mail.arefresh_from_db()
    assert (mail.state, mail.leased_until) == ("queued", None)


def _impatient_service() -> EmailService:
    from django.conf import settings

    credentials = SesCredentials(access_key_id="AKIAEXAMPLE", secret_access_key="x", region="eu-central-1")
    endpoint = settings.AWS_SES_REGION_ENDPOINT_URL
    return EmailService(
        transport=SesTransport(endpoint=endpoint, credentials=credentials, deadline=0.2), attempts=2
    )


async def test_a_service_that_is_not_there_delays_the_mail(
    ana: User, answers: Answers, settings: Any
) -> None:
    settings.AWS_SES_REGION_ENDPOINT_URL = "http://127.0.0.1:1"
    mail = await run_db(queue, ana)
    with pytest.raises(MailUnavailable):
        await deliver(mail)


async def test_after_the_last_attempt_the_mail_is_given_up_and_says_why(ana: User, answers: Answers) -> None:
    answers.give(429, "TooManyRequestsException")
    mail = await run_db(queue, ana)
    await Email.objects.filter(id=mail.id).aupdate(attempts=wiring.MAIL_ATTEMPTS - 1)
    await deliver(mail)
    assert (mail.state, mail.attempts, mail.error_code) == ("failed", wiring.MAIL_ATTEMPTS, "mail_throttled")


def test_the_attempts_spread_over_a_day() -> None:
    waits = [BACKOFF.wait + BACKOFF.exponential_wait ** (n + 1) for n in range(wiring.MAIL_ATTEMPTS - 1)]
    assert timedelta(hours=24) <= timedelta(seconds=sum(waits)) <= timedelta(hours=26)
    assert waits[:3] == [3, 9, 27]


# --- Django's own, synchronous mail -------------------------------------------------------------------


def test_djangos_own_mail_reaches_ses_too(ses: Ses, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django_ses.SESBackend"
    assert send_mail("A plain subject", "Plain words.", None, ["admin@example.org"]) == 1
    html = EmailMultiAlternatives("With HTML", "Plain.", None, ["admin@example.org"])
    html.attach_alternative("<p>Rich.</p>", "text/html")
    assert html.send() == 1
    first, second = (
        email.message_from_string(m["raw_data"], policy=email.policy.default) for m in ses.sent()
    )
    assert first["Subject"] == "A plain subject"
    assert plain(first).strip() == "Plain words."
    assert second.get_content_type() == "multipart/alternative"
