"""Rendered mails: their words, and that nothing can be smuggled into them."""

import email
import email.policy
import re
import unicodedata
from email.header import decode_header, make_header
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.models import OneTimeLink, User
from dashtam.crypto import sealed_tokens
from dashtam.ids import uuid7
from notifications import messages
from notifications.errors import MailRejected, MailUnavailable
from notifications.kinds import KINDS
from notifications.models import Email
from providers.mails import REASONS

LINK_ID = uuid7()
CONTEXTS: dict[str, dict[str, str]] = {
    "verify_email": {"link_id": str(LINK_ID)},
    "reset_password": {"link_id": str(LINK_ID)},
    "address_known": {},
    "superuser_made": {"when": "2026-11-22T12:30:00+00:00", "email": "boss@example.org"},
    "password_changed": {"when": "2026-11-22T12:30:00+00:00", "ip": "203.0.113.7"},
    "confirm_new_email": {"link_id": str(LINK_ID)},
    "email_change_taken": {},
    "email_change_asked": {"link_id": str(LINK_ID), "new": "new@example.org"},
    "email_change_waiting": {
        "link_id": str(LINK_ID),
        "new": "new@example.org",
        "when": "2026-11-22T12:30:00+00:00",
    },
    "email_changed": {
        "when": "2026-11-22T12:30:00+00:00",
        "old": "ana@example.org",
        "new": "new@example.org",
    },
    "export_ready": {"when": "2026-11-22T12:30:00+00:00"},
    "account_leaving": {"when": "2026-11-22T12:30:00+00:00"},
    "account_deleted": {"when": "2026-11-22T12:30:00+00:00"},
    "api_key_created": {
        "when": "2026-11-22T12:30:00+00:00",
        "key_name": "Books & <sons>",
        "may": "read, sync",
        "expires": "20 February 2027",
    },
    "api_key_expiring": {"when": "2026-11-22T12:30:00+00:00", "key_name": "Books & <sons>"},
    "refresh_token_reused": {"when": "2026-11-22T12:30:00+00:00", "ip": "203.0.113.7", "device": "books"},
    "sign_in_locked": {},
    "invitation": {
        "link_id": str(LINK_ID),
        "inviter": "boss@example.org",
        "when": "2026-11-29T12:30:00+00:00",
    },
    "invitation_known": {"inviter": "boss@example.org"},
    "identity_changed": {
        "change": "linked",
        "when": "2026-11-22T12:30:00+00:00",
        "network": "203.0.113.0/24",
    },
    "second_factor_changed": {
        "change": "recovery_code_used",
        "when": "2026-11-22T12:30:00+00:00",
        "network": "203.0.113.0/24",
        "left": "9",
    },
    "new_device": {
        "when": "2026-11-22T12:30:00+00:00",
        "device": "Firefox on Linux",
        "network": "203.0.113.0/24",
    },
    "connection_needs_attention": {
        "connection_id": str(LINK_ID),
        "provider_name": "Fern & Sons <Bank>",
        "reason": "consent_expired",
    },
}
PATHS = {
    "verify_email": "/verify-email?token=",
    "reset_password": "/reset-password?token=",
    "address_known": "/sign-in",
    "superuser_made": "/admin/accounts/user/",
    "password_changed": "/forgot-password",
    "confirm_new_email": "/confirm-new-email?token=",
    "email_change_taken": "/sign-in",
    "email_change_asked": "/email-change?token=",
    "email_change_waiting": "/email-change?token=",
    "email_changed": "/forgot-password",
    "export_ready": "/settings/data",
    "account_leaving": "/sign-in",
    "account_deleted": "/sign-up",
    "api_key_created": "/settings/api-keys",
    "api_key_expiring": "/settings/api-keys",
    "refresh_token_reused": "/settings/sessions",
    "sign_in_locked": "/forgot-password",
    "invitation": "/invitation?token=",
    "invitation_known": "/sign-in",
    "identity_changed": "/settings/security",
    "second_factor_changed": "/settings/security",
    "new_device": "/forgot-password",
    "connection_needs_attention": f"/connections/{LINK_ID}",
}


class Buttons(HTMLParser):
    """Collects where the links of a page lead, and whatever it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in {"src", "href", "background", "action"}:
                self.loads.append(value or "")


def queued(user: User | None, kind: str = "address_known", **fields: Any) -> Email:
    return Email(user=user, to="ana@example.org", kind=kind, context=CONTEXTS[kind], **fields)


def parsed(message: messages.Message) -> Any:
    return email.message_from_bytes(message.mime().as_bytes(), policy=email.policy.default)


def bodies(message: Any) -> tuple[str, str]:
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("kind", KINDS)
def test_each_mail_has_one_button_and_the_same_link_as_text(kind: str, ana: User) -> None:
    message = messages.render(queued(ana, kind))
    text, html = bodies(parsed(message))
    assert message.link.startswith(f"http://testserver{PATHS[kind]}")
    assert Buttons(html).links == [message.link, message.link]
    assert Buttons(html).loads == []
    assert message.link in text.splitlines()
    assert KINDS[kind].button in text


@pytest.mark.parametrize("kind", KINDS)
def test_each_mail_says_why_it_came_and_has_a_plain_subject(kind: str, ana: User) -> None:
    message = parsed(messages.render(queued(ana, kind)))
    for body in bodies(message):
        assert "You are getting this mail because" in body
        assert "ana@example.org" in body
        assert "{" not in re.sub(r"<style>.*</style>", "", body, flags=re.DOTALL)
    assert 10 < len(message["Subject"]) < 80
    assert "&amp;" not in message["Subject"]


def test_a_context_is_escaped_in_html_and_plain_in_text(ana: User) -> None:
    message = parsed(messages.render(queued(ana, "connection_needs_attention")))
    text, html = bodies(message)
    assert message["Subject"] == "Fern & Sons <Bank> needs your attention"
    assert "Fern & Sons <Bank>" in text
    assert REASONS["consent_expired"] in text
    assert "<Bank>" not in html
    assert "Fern &amp; Sons &lt;Bank&gt;" in html


@pytest.mark.parametrize("kind", ["verify_email", "reset_password"])
def test_a_link_unseals_to_the_row_it_was_made_for_and_only_for_its_purpose(kind: str, ana: User) -> None:
    message = messages.render(queued(ana, kind))
    token = message.link.partition("?token=")[2]
    sealed = sealed_tokens.unseal(kind, token)
    assert sealed is not None
    assert sealed.id == LINK_ID
    assert sealed_tokens.unseal("refresh", token) is None


@pytest.mark.parametrize("purpose", OneTimeLink.LIFETIME)
def test_a_mail_is_worth_sending_for_as_long_as_its_link_counts(purpose: str) -> None:
    assert KINDS[purpose].link_lifetime == OneTimeLink.LIFETIME[purpose]


def test_the_time_of_a_change_is_told_in_the_persons_zone(make_user: Any) -> None:
    zoe = make_user("Zoe", time_zone="Asia/Tokyo")
    text, _ = bodies(parsed(messages.render(queued(zoe, "password_changed"))))
    assert "on 22 November 2026 at 21:30 JST, from the network address 203.0.113.7" in text


@pytest.mark.parametrize(
    "name",
    [
        "Ana\r\nBcc: eve@example.org",
        "Ana\nSubject: x\n\nbody",
        "Ana\x00\x1b[31m",
        "Ana\u2028Bcc: x",
        "\u202eanA",
    ],
)
def test_a_name_cannot_start_a_header(name: str, make_user: Any) -> None:
    eve = make_user("Eve", email="eve@example.org")
    eve.name = name
    message = parsed(messages.render(queued(eve)))
    assert message["Bcc"] is None
    assert message["Subject"] == "You already have a Dashtam account"
    assert [address.addr_spec for address in message["To"].addresses] == ["ana@example.org"]
    for text in (message["To"].addresses[0].display_name, bodies(message)[0].splitlines()[0]):
        assert not [character for character in text if unicodedata.category(character).startswith("C")]


@pytest.mark.parametrize(
    "name", ["Zoë Müller-Łukasiewicz", "山田太郎", 'O"Brien, Pat <x@y.z>', "😀" * 60, "a" * 149]
)
def test_any_name_arrives_as_it_was_written(name: str, make_user: Any) -> None:
    message = messages.render(queued(_named(make_user, name)))
    raw = message.mime().as_bytes()
    raw.decode("ascii")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    # Not the default policy: until Python 3.13 its parser leaves a space where a long name was folded.
    written, address = parseaddr(email.message_from_bytes(raw)["To"].replace("\r\n", ""))
    assert str(make_header(decode_header(written))) == name[:60]
    assert address == "ana@example.org"
    assert f"Hello {name[:60]}," in bodies(email.message_from_bytes(raw, policy=email.policy.default))[0]


def _named(make_user: Any, name: str) -> User:
    user: User = make_user("Pat", email="ana@example.org")
    user.name = name
    return user


def test_nobodys_chosen_words_go_to_an_address_not_yet_proved(make_user: Any) -> None:
    eve = make_user("Eve", email_verified_at=None)
    eve.name = "You won! Visit evil.example"
    message = messages.render(queued(eve, "verify_email"))
    assert b"evil" not in message.mime().as_bytes()
    assert message.text.startswith("Hello,")


def test_a_mail_needs_no_user(db: None) -> None:
    assert parsed(messages.render(queued(None)))["To"] == "ana@example.org"


def test_the_headers_a_mail_server_asks_for_are_there(ana: User, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Dashtam für alle <mail@dashtam.example>"
    settings.PUBLIC_URL = "https://money.example:8443"
    message = parsed(messages.render(queued(ana)))
    assert message["From"] == message["Reply-To"] == "Dashtam für alle <mail@dashtam.example>"
    assert message["Message-ID"].endswith("@money.example>")
    assert abs((message["Date"].datetime - timezone.now()).total_seconds()) < 3600
    assert message["Auto-Submitted"] == "auto-generated"


def test_an_address_in_a_foreign_script_is_written_in_ascii(ana: User) -> None:
    mail = queued(ana)
    mail.to = "ana@bücher.example"
    assert parsed(messages.render(mail))["To"].addresses[0].addr_spec == "ana@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "to", ["zoë@example.org", "a@b@c\r\nx", "", "nobody", "a@\x00", "a@" + "x" * 80 + ".example"]
)
def test_an_address_that_cannot_be_written_is_refused(to: str, ana: User) -> None:
    mail = queued(ana)
    mail.to = to
    with pytest.raises(MailRejected):
        messages.render(mail).mime()


def test_a_broken_sender_is_not_the_mails_fault(ana: User, settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "nonsense"
    with pytest.raises(MailUnavailable):
        messages.render(queued(ana)).mime()


def test_links_keep_ids_from_breaking_out_of_the_path(ana: User) -> None:
    mail = queued(ana, "connection_needs_attention")
    mail.context = {**mail.context, "connection_id": "../admin?x=1"}
    assert messages.render(mail).link == "http://testserver/connections/..%2Fadmin%3Fx%3D1"


def test_the_same_mail_always_has_the_same_link(ana: User) -> None:
    mail = queued(ana, "verify_email", id=UUID(int=7))
    assert messages.render(mail).link == messages.render(mail).link
