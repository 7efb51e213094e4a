"""Retention: rows that are long over are deleted, and those that may still matter stay."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, EmailChange, FailedProof, OneTimeLink, Session, User
from accounts.tasks import forget_old
from notifications.models import Email
from notifications.tasks import forget_old_mail
from providers.connections.models import AuthorizationRequest
from providers.tasks import forget_old_authorizations
from tests.jobs import run_now


def days_ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


async def forget() -> None:
    for task in (forget_old, forget_old_mail, forget_old_authorizations):
        await run_now(task, timestamp=0)


@pytest.mark.parametrize(
    ("state", "age", "stays"), [("sent", 29, 1), ("sent", 31, 0), ("failed", 31, 0), ("queued", 31, 1)]
)
async def test_n5_mails_hold_addresses_and_are_forgotten_once_sent(
    ana: User, state: str, age: int, stays: int
) -> None:
    await Email.objects.acreate(
        user=ana, to=ana.email, kind="address_known", state=state, created_at=days_ago(age)
    )
    await forget()
    assert await Email.objects.acount() == stays


@pytest.mark.parametrize(("age", "stays"), [(29, 1), (31, 0)])
async def test_links_and_authorization_requests_go_after_a_month(ana: User, age: int, stays: int) -> None:
    await OneTimeLink.objects.acreate(
        user=ana, purpose="reset_password", email=ana.email, expires_at=days_ago(age)
    )
    await AuthorizationRequest.objects.acreate(
        user=ana, provider="sandbox", redirect_uri="https://d.example/x", expires_at=days_ago(age)
    )
    await forget()
    assert await OneTimeLink.objects.acount() == await AuthorizationRequest.objects.acount() == stays


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        ({}, 1),
        ({"revoked_at": 89}, 1),
        ({"revoked_at": 91}, 0),
        ({"expires_at": 91}, 0),
        ({"idle_expires_at": 91}, 0),
    ],
)
async def test_sessions_and_keys_go_three_months_after_their_end(
    ana: User, changes: dict[str, int], stays: int
) -> None:
    past = {name: days_ago(age) for name, age in changes.items()}
    long = {"created_at": days_ago(400), "expires_at": days_ago(-1)}
    await Session.objects.acreate(user=ana, kind="api", **{**long, "idle_expires_at": days_ago(-1), **past})
    past.pop("idle_expires_at", None)
    await ApiKey.objects.acreate(
        user=ana, name="x", scopes=["read"], key_hash=b"x", hint="x", **{**long, **past}
    )
    await forget()
    assert await Session.objects.acount() == stays
    assert await ApiKey.objects.acount() == (1 if "idle_expires_at" in changes else stays)


async def test_changes_of_address_go_after_three_months(ana: User) -> None:
    for age in (89, 91):
        await EmailChange.objects.acreate(
            user=ana, session_id=ana.id, old_email=ana.email, new_email="x@example.org",
            created_at=days_ago(age), ended_at=days_ago(age),
        )  # fmt: skip
    await forget()
    assert await EmailChange.objects.acount() == 1


async def test_failures_go_after_a_day_where_nobody_has_the_address(ana: User) -> None:
    for name, user, age in ((b"a", None, 0.9), (b"b", None, 1.1), (b"c", ana, 1.1)):
        await FailedProof.objects.acreate(subject_hash=name, user=user, total=1, last_at=days_ago(age))
    await forget()
    assert {bytes(each.subject_hash) async for each in FailedProof.objects.all()} == {b"a", b"c"}
