"""Everything that writes is bounded: by person, credential, network or link, over the API and on pages."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts import limits as account_limits
from accounts.models import AuditEvent, Session, SignUp, User
from accounts.models.session import MOST_SESSIONS
from accounts.tasks import end_surplus_sessions, forget_old
from dashtam import limits
from dashtam.api import openapi
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from tests.accounts.conftest import Api, Browser, mails
from tests.accounts.second_factors import enrol
from tests.conftest import PASSWORD
from tests.jobs import run_now

DOCUMENT: dict[str, Any] = json.loads(openapi.document())
WRITES = {
    f"{method.upper()} {path.removeprefix('/api/v1/')}": bool(operation["security"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method not in {"get", "head"}
}
FORGED = {"token": "A" * 75}
NEWCOMER = {"email": "zoe@example.org", "password": PASSWORD, "name": "Zoë"}
# What a stranger sends over and over to each operation that is open to them.
STRANGERS: dict[str, dict[str, Any]] = {
    "POST auth/users": NEWCOMER,
    "POST auth/email-verifications": FORGED,
    "POST auth/email-verifications/resend": {"email": "zoe@example.org"},
    "POST auth/password-resets": {"email": "zoe@example.org"},
    "POST auth/password-resets/confirm": {**FORGED, "password": PASSWORD},
    "POST auth/tokens": {"email": "zoe@example.org", "password": PASSWORD},
    "POST auth/tokens/refresh": {"refresh_token": "A" * 75},
    "POST auth/tokens/revoke": {"refresh_token": "A" * 75},
    "POST auth/email-changes/confirm": FORGED,
    "POST auth/email-changes/stop": FORGED,
}
OPEN_PAGES = {
    *("sign-up", "check-your-mail", "verify-email", "sign-in", "second-step", "passkey-second"),
    *("passkey-sign-in", "passkey-options", "sign-out", "forgot-password", "reset-password"),
    *("confirm-new-email", "email-change", "invitation", "provider-sign-in"),
}  # their services count by network, account or link; signing out ends one session, which is the last it does


def _filled(path: str) -> str:
    for name in ("{id}", "{connection_id}", "{entry}"):
        path = path.replace(name, str(uuid4()))
    assert "{" not in path, path
    return path


async def _use_up(session_id: UUID) -> None:
    """Change as much as one session may at once."""
    while not await limits.take((account_limits.CHANGE_BY_CREDENTIAL, session_id)):
        pass


def _is_too_many(answer: Any) -> bool:
    return (
        answer.status_code == 429
        and int(answer["Retry-After"]) > 0
        and answer["Content-Type"] == "application/problem+json"
        and answer.json()["code"] == "too_many_requests"
    )


def test_s05_each_operation_for_strangers_is_in_this_list() -> None:
    assert {name for name, signed_in in WRITES.items() if not signed_in} == set(STRANGERS)


@pytest.mark.parametrize("name", [name for name, signed_in in WRITES.items() if not signed_in])
async def test_s05_a_stranger_is_told_to_wait(api: Api, db: None, name: str) -> None:
    method, path = name.split()
    answers: list[Any] = []
    while not (answers and answers[-1].status_code == 429):
        answers.append(await api.call(method, path, STRANGERS[name]))
        assert len(answers) < 100, name
    assert _is_too_many(answers[-1]), answers[-1].content


async def test_s05_a_session_is_told_to_wait_whatever_it_changes(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    session_id = (await Session.objects.aget()).id
    for name, signed_in in WRITES.items():
        if signed_in:
            method, path = name.split()
            await _use_up(session_id)  # one comes back every few seconds
            answer = await api.call(method, _filled(path), {})
            assert _is_too_many(answer), (name, answer.status_code, answer.content)
    assert (await api.get("auth/me")).status_code == 200


async def test_s05_what_a_stolen_key_uses_up_keeps_nobody_from_ending_it(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    key = (await api.post("auth/api-keys", {"name": "stolen", "scopes": ["manage"]})).json()
    thief = Api()
    thief.token = key["key"]
    while (await thief.post("connections", {})).status_code != 429:
        pass
    assert (await api.call("DELETE", f"auth/api-keys/{key['id']}")).status_code == 204


def _pages(patterns: Any, below: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        path = below + str(each.pattern)
        if isinstance(each, URLPattern):
            yield each.name or "", path
        elif not path.startswith(("admin/", "api/")):
            yield from _pages(each.url_patterns, path)


OURS = [
    (name, path)
    for name, path in _pages(get_resolver().url_patterns)
    if name and not path.startswith(("admin/", "api/", "static/", "."))
]


@pytest.mark.parametrize(("name", "path"), OURS, ids=[name for name, _ in OURS])
async def test_s05_pages_ask_kindly_to_wait(browser: Browser, ana: User, name: str, path: str) -> None:
    if name in OPEN_PAGES:
        return
    await browser.sign_in(ana.email)
    for kind, value in (("<uuid:id>", str(uuid4())), ("<slug:slug>", "sandbox"), ("<slug:code>", "x"),
                        ("<str:token>", "x"), ("<slug:purpose>", "x")):  # fmt: skip
        path = path.replace(kind, value)
    shown = await browser.get("/settings/profile")
    token = shown.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    await _use_up((await Session.objects.aget()).id)
    answer = await browser.client.post(f"/{path}", {"csrfmiddlewaretoken": token})
    assert answer.status_code in {404, 405, 429}, (path, answer.status_code)
    if answer.status_code == 429 and "html" in answer["Content-Type"]:
        assert int(answer["Retry-After"]) > 0
        assert "Wait " in answer.content.decode()


async def test_s05_links_that_are_genuine_are_counted_too(api: Api, db: None) -> None:
    used = {"token": sealed_tokens.seal("verify_email", uuid4())}
    statuses = [(await api.post("auth/email-verifications", used)).status_code for _ in range(70)]
    assert (statuses[0], statuses[-1]) == (410, 429)


async def test_s05_what_is_mailed_and_recorded_has_a_limit_of_its_own(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    keys = [await api.post("auth/api-keys", {"name": "k", "scopes": ["read"]}) for _ in range(40)]
    assert [each.status_code for each in keys] == [201] * 30 + [429] * 10
    codes = [await api.post("auth/mfa/totp") for _ in range(40)]
    assert [each.status_code for each in codes] == [200] * 30 + [429] * 10
    assert len(await mails("api_key_created")) == 30


async def test_s05_recovery_codes_are_not_made_without_end(api: Api, ana: User) -> None:
    await enrol(api, ana)
    made = [(await api.post("auth/mfa/recovery-codes")).status_code for _ in range(40)]
    assert (made[0], made[-1]) == (201, 429)


async def test_s05_a_right_password_opens_only_so_many_sessions(api: Api, ana: User) -> None:
    while not await limits.take((account_limits.SESSION_BY_PERSON, ana.id)):
        pass
    answer = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    assert _is_too_many(answer)
    assert not await AuditEvent.objects.filter(action="session.opened").aexists()


async def test_s05_proofs_that_succeed_are_counted_too(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    proofs = [
        (await api.post("auth/reauthentications", {"password": PASSWORD})).status_code for _ in range(40)
    ]
    assert (proofs[0], proofs[-1]) == (204, 429)


async def test_s05_the_oldest_of_too_many_sessions_end(ana: User, ben: User) -> None:
    for user, many in ((ana, MOST_SESSIONS + 3), (ben, 2)):
        for number in range(many):
            session = Session.objects.made(user_id=user.id, kind="api", user_agent="", ip=None)
            session.last_seen_at = timezone.now() - timedelta(minutes=number)
            await run_db(session.save)
    await run_now(end_surplus_sessions, timestamp=0)
    live = Session.objects.live()
    assert (await live.filter(user=ana).acount(), await live.filter(user=ben).acount()) == (MOST_SESSIONS, 2)
    ended = Session.objects.filter(revoke_reason="too_many")
    oldest = timezone.now() - timedelta(minutes=MOST_SESSIONS - 1)
    assert all([session.last_seen_at < oldest async for session in ended])


async def test_s05_accounts_that_nobody_confirmed_are_forgotten(api: Api, ana: User, make_user: Any) -> None:
    await api.post("auth/users", NEWCOMER)
    staff = await run_db(make_user, "Sue", email_verified_at=None, is_staff=True)
    await run_now(forget_old, timestamp=0)
    assert await User.objects.acount() == 3
    long_ago = timezone.now() - timedelta(days=31)
    await User.objects.aupdate(created_at=long_ago)
    await SignUp.objects.aupdate(created_at=long_ago)
    await run_now(forget_old, timestamp=0)
    assert {user.id async for user in User.objects.all()} == {ana.id, staff.id}
