"""A database that takes no writes: reads go on, writes are answered with 503, and no sign-in counts as failed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import limits as account_limits
from accounts.models import Session, User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def read_only(on: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET default_transaction_read_only = {'on' if on else 'off'}")


@pytest.fixture(autouse=True)
def _writable_again(db: None) -> Iterator[None]:
    yield
    read_only(False)


async def test_s15_reads_go_on_and_writes_are_postponed(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    # Both are noted every few minutes, which must not cost the read.
    await Session.objects.aupdate(last_seen_at=timezone.now() - timedelta(hours=1))
    await run_db(read_only, True)
    assert (await api.get("auth/me")).status_code == 200
    for path in ("accounts", "transactions", "connections", "auth/sessions"):
        assert (await api.get(path)).status_code == 200, path
    answer = await api.call("PATCH", "auth/me", {"name": "Anna"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer["Retry-After"]) > 0
    await run_db(read_only, False)
    assert (await api.call("PATCH", "auth/me", {"name": "Anna"})).status_code == 200


async def test_s15_no_sign_in_counts_as_failed(api: Api, ana: User) -> None:
    await run_db(read_only, True)
    many = account_limits.FAILED_BY_ACCOUNT_AND_NETWORK.times + 1
    for _ in range(many):
        answer: Any = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    await run_db(read_only, False)
    await api.sign_in(ana.email)


async def test_s15_a_database_that_takes_no_writes_is_not_ready(api: Api) -> None:
    await run_db(read_only, True)
    answer = await api.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "read-only"
