"""Bounces and complaints that Amazon SNS brings: only what is signed for our topic counts, and each once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import queries, wiring
from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from notifications.errors import FeedbackRefused
from notifications.feedback import ses, sns
from notifications.feedback.topic import Topic
from notifications.models import Email, Suppression
from tests import jobs
from tests.notifications.feedback.sns_host import PEM, TOPIC, URL, SnsHost, sns_host
from tests.staff import Staff

HOST = "https://sns.eu-central-1.amazonaws.com"


@pytest.fixture(scope="module")
def _host() -> Iterator[SnsHost]:
    with sns_host() as host:
        yield host


@pytest.fixture
def host(_host: SnsHost, settings: Any, tmp_path: Any) -> SnsHost:
    """The host as it is when all is well; its keys are remembered by no other test."""
    settings.AWS_SES_TOPIC_ARN, settings.AWS_SNS_ENDPOINT_URL = TOPIC, f"{_host.url}/"
    _host.files, _host.status, _host.asked = {PEM: _host.certificate()}, 200, []
    from notifications import wiring as ours

    ours._certificates.cache_clear()
    return _host


async def post(message: Any) -> Any:
    """As SNS posts it: JSON that is called text."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    client = AsyncClient(raise_request_exception=False)
    return await client.generic("POST", "/api/v1/mail/sns", body, content_type="text/plain; charset=UTF-8")


def bounce(address: str, kind: str = "Permanent", when: str = "2026-11-29T08:00:00Z", **more: Any) -> str:
    told = {"bounceType": kind, "bounceSubType": "General", "timestamp": when}
    people = [{"emailAddress": address, "status": "5.1.1", "diagnosticCode": "smtp; 550"}]
    notice = {"notificationType": "Bounce", "bounce": {**told, "bouncedRecipients": people}}
    return json.dumps(notice | {"mail": {"messageId": "m-1"}} | more)


def complaint(address: str, kind: str | None = "abuse", when: str = "2026-11-29T08:00:00Z") -> str:
    told = {"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": kind}
    return json.dumps({"eventType": "Complaint", "complaint": {**told, "timestamp": when}})


@pytest.mark.parametrize("version", ["1", "2"])
async def test_t15_a_permanent_bounce_stops_mail_and_tells_the_person(
    version: str, host: SnsHost, ana: User
) -> None:
    sent = await run_db(Email.objects.queue, user_id=ana.id, to=ana.email, kind="address_known")
    await Email.objects.filter(id=sent.id).aupdate(state="sent", provider_message_id="m-1")
    message = host.message(bounce(f"Ana <{ana.email.upper()}>"), version=version, Subject="Two\nlines")
    assert (await post(message)).status_code == 204
    assert (await post(message)).status_code == 204  # SNS delivers at least once
    assert await Suppression.objects.filter(address=ana.email, reason="bounce").acount() == 1
    assert await AuditEvent.objects.filter(action="email.bounce", user_id=ana.id).acount() == 1
    await sent.arefresh_from_db()
    assert (sent.state, sent.error_code) == ("sent", "mail_bounce")
    assert host.asked == [PEM]  # fetched once
    later = await run_db(Email.objects.queue, user_id=ana.id, to=ana.email, kind="address_known")
    await run_db(jobs.run_queued)
    await later.arefresh_from_db()
    assert (later.state, later.error_code) == ("failed", "mail_suppressed")
    assert (await queries.profile(ana.id))["mail_stopped"] == "bounce"


@pytest.mark.parametrize(
    "text",
    [
        bounce("ana@example.org", "Transient"),
        bounce("ana@example.org", "Undetermined"),
        complaint("ana@example.org", "not-spam"),
        bounce("ana@example.org", when="2026-11-29T08:00:00"),
        json.dumps({"notificationType": "Delivery", "mail": {"messageId": "m-1"}}),
        '{"notificationType": "Bounce", "bounce": []}',
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[" * 5_000,
        "",
    ],
)
async def test_t15_what_is_no_final_word_stops_nothing(text: str, host: SnsHost, db: None) -> None:
    assert (await post(host.message(text))).status_code == 204
    assert not await Suppression.objects.aexists()


async def test_t15_a_late_or_repeated_word_does_not_stop_mail_that_was_let_out_again(
    host: SnsHost, ana: User
) -> None:
    assert (await post(host.message(complaint(ana.email)))).status_code == 204
    assert (await queries.profile(ana.id))["mail_stopped"] == "complaint"
    service = wiring.email_change_service()
    await service.resume(user_id=ana.id, session_id=ana.id, email=ana.email)
    assert (await queries.profile(ana.id))["mail_stopped"] is None
    older = (timezone.now() - timedelta(hours=3)).isoformat()
    for text in (complaint(ana.email), bounce(ana.email, when=older)):
        assert (await post(host.message(text))).status_code == 204
    assert (await queries.profile(ana.id))["mail_stopped"] is None
    newer = (timezone.now() + timedelta(seconds=1)).isoformat()
    assert (await post(host.message(bounce(ana.email, when=newer)))).status_code == 204
    assert (await queries.profile(ana.id))["mail_stopped"] == "bounce"
    actions = [event.action async for event in AuditEvent.objects.filter(user_id=ana.id).order_by("id")]
    assert actions == ["email.complaint", "email.resumed", "email.bounce"]


@pytest.mark.parametrize(
    "change",
    [
        {"Message": bounce("eve@example.org")},
        {"Subject": "added"},
        {"MessageId": "another"},
        {"Timestamp": "2026-11-29T08:00:01.000Z"},
        {"TopicArn": "arn:aws:sns:eu-central-1:210987654321:mail-feedback"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "UnsubscribeConfirmation", "Token": "x", "SubscribeURL": "x"},
        {"Type": "Whatever"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Signature": ""},
        {"Signature": "AAAA"},
        {"Signature": "no base64"},
        {"SigningCertURL": f"https://sns.us-east-1.amazonaws.com{PEM}"},
        {"SigningCertURL": f"{HOST}.evil.example{PEM}"},
        {"SigningCertURL": f"https://evil.example/?{HOST}{PEM}"},
        {"SigningCertURL": f"https://sns.eu-central-1.amazonaws.com@evil.example{PEM}"},
        {"SigningCertURL": f"http://sns.eu-central-1.amazonaws.com{PEM}"},
        {"SigningCertURL": f"{HOST}:8443{PEM}"},
        {"SigningCertURL": f"{URL}?x=1"},
        {"SigningCertURL": f"{HOST}/other/../{PEM}"},
        {"SigningCertURL": f"{HOST}/mine.pem"},
        {"SigningCertURL": f"{URL}\n"},
    ],
)
async def test_t15_a_forged_message_is_403_and_changes_nothing(
    change: dict[str, str], host: SnsHost, ana: User
) -> None:
    forged = await post({**host.message(bounce(ana.email)), **change})
    assert (forged.status_code, forged.json()["code"]) == (403, "feedback_refused")
    assert not await Suppression.objects.aexists()
    assert set(host.asked) <= {PEM}


async def test_t15_another_key_or_an_old_weak_or_broken_certificate_is_not_believed(
    host: SnsHost, ana: User
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert (await post(host.message(bounce(ana.email), key=other))).status_code == 403
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    for number, (pem, status) in enumerate(
        [(host.certificate(days=-1), 403), (host.certificate(key=weak), 403), (b"no certificate", 503)]
    ):
        path = f"/SimpleNotificationService-{number}.pem"
        host.files[path] = pem
        message = host.message(
            bounce(ana.email), key=weak if number == 1 else None, SigningCertURL=HOST + path
        )
        assert (await post(message)).status_code == status
    for body in (b"", b"{}", b"[]", b"\xff", b'{"Type": 1}', b"[" * 10_000):
        assert (await post(body)).status_code == 403
    assert not await Suppression.objects.aexists()


async def test_t15_a_certificate_that_could_not_be_fetched_is_fetched_the_next_time(
    host: SnsHost, ana: User
) -> None:
    for host.status in (500, 302, 404):
        assert (await post(host.message(bounce(ana.email)))).status_code == 503
    host.status = 200
    assert (await post(host.message(bounce(ana.email)))).status_code == 204
    assert len(host.asked) == 4


async def test_t15_strangers_cannot_make_us_fetch_without_end(host: SnsHost, db: None) -> None:
    message = host.message("x")
    host.status = 404
    answers = [
        (await post({**message, "SigningCertURL": f"{HOST}/SimpleNotificationService-{n}.pem"})).status_code
        for n in range(14)
    ]
    assert answers[-1] == 429
    assert len(host.asked) <= 11


async def test_t15_a_subscription_is_confirmed_in_our_own_words(host: SnsHost, db: None) -> None:
    evil = "https://evil.example/?Action=ConfirmSubscription"
    asked = host.message("Confirm", Type="SubscriptionConfirmation", Token="t0k&n", SubscribeURL=evil)
    assert (await post(asked)).status_code == 204
    (query,) = host.confirmed()
    assert (query["Action"], query["TopicArn"], query["Token"]) == (
        ["ConfirmSubscription"],
        [TOPIC],
        ["t0k&n"],
    )
    ended = host.message("Bye", Type="UnsubscribeConfirmation", Token="t", SubscribeURL=evil)
    assert (await post(ended)).status_code == 204
    foreign = host.message(
        "Confirm", Type="SubscriptionConfirmation", Token="t", SubscribeURL=evil, TopicArn=f"{TOPIC}2"
    )
    assert (await post(foreign)).status_code == 403
    assert len(host.confirmed()) == 1


async def test_t15_without_a_topic_there_is_no_such_address(host: SnsHost, settings: Any, db: None) -> None:
    settings.AWS_SES_TOPIC_ARN = ""
    assert (await post(host.message(bounce("ana@example.org")))).status_code == 404


@pytest.mark.parametrize(
    "arn", ["x", "arn:aws:sns:eu-central-1:12:mail", f"{TOPIC}\n", "arn:aws:sqs:eu-central-1:123456789012:q"]
)
def test_t15_a_topic_is_an_arn_of_sns(arn: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        Topic.of(arn)
    assert Topic.of(TOPIC).origin == HOST
    assert Topic.of("arn:aws-cn:sns:cn-north-1:123456789012:m").host == "sns.cn-north-1.amazonaws.com.cn"


async def test_t15_the_account_shows_it_and_the_staff_let_mail_out_again(
    host: SnsHost, ana: User, make_user: Any
) -> None:
    await post(host.message(bounce(ana.email)))
    browser = await Staff.arrives(ana)
    page = await browser.text("/settings/profile")
    assert "Our mail does not reach you" in page
    root = await Staff.arrives(await run_db(make_user, "Root", is_staff=True, is_superuser=True))
    assert ana.email in await root.text("/admin/notifications/suppression/")
    row = await Suppression.objects.aget()
    await root.post("/admin/notifications/suppression/", action="resume", _selected_action=str(row.id))
    assert not await run_db(Suppression.objects.stops, ana.email)
    resumed = await AuditEvent.objects.aget(action="email.resumed")
    assert (resumed.user_id, resumed.actor_id) == (ana.id, root.user.id)
    await post(host.message(bounce(ana.email, when=(timezone.now() + timedelta(seconds=1)).isoformat())))
    assert (await browser.post("/settings/email/resume")).status_code == 303
    assert not await run_db(Suppression.objects.stops, ana.email)
    assert "does not reach you" not in await browser.text("/settings/profile")


@given(st.text(max_size=80), st.text(max_size=80))
def test_t15_no_two_messages_sign_the_same_bytes(one: str, other: str) -> None:
    def made(text: str, subject: str | None) -> sns.SnsMessage:
        fields = {"Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Timestamp": "t"}
        rest = {"SignatureVersion": "2", "Signature": "", "SigningCertURL": URL}
        return sns.SnsMessage(**fields, **rest, Message=text, Subject=subject)

    if one != other:
        assert made(one, None).signed != made(other, None).signed
    with pytest.raises(FeedbackRefused):
        sns.read(b'{"Type": "Notification"}')
    assert ses.stops_in(one) == [] or one.startswith("{")


def test_t15_old_suppressions_are_forgotten(db: None) -> None:
    now = timezone.now()
    with time_machine.travel(now - timedelta(days=366), tick=False):
        Suppression.objects.note(
            address="old@example.org", reason="bounce", detail="", happened_at=timezone.now()
        )
    Suppression.objects.note(address="new@example.org", reason="bounce", detail="", happened_at=now)
    assert [row.address for row in Suppression.objects.long_over()] == ["old@example.org"]
