"""The bank's front page lists the permissions that its customers gave, and withdraws them."""

import re
from typing import Any

import httpx
import pytest

from accounts.models import User
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect
from tests.providers.sync.test_sync import sync

pytestmark = pytest.mark.django_db


def permissions(page: str) -> list[str]:
    return re.findall(r'name="permission" value="(\w+)"', page)


def withdraw(bank: SandboxBank, permission: str, **headers: str) -> Any:
    sent = {"permission": permission}
    return httpx.post(f"{bank.url}/permissions/withdraw", data=sent, headers=headers, trust_env=False)


def front_page(bank: SandboxBank, path: str = "/") -> str:
    answer = httpx.get(f"{bank.url}{path}", trust_env=False)
    assert answer.status_code == 200
    return answer.text


async def test_t11_a_visitor_withdraws_a_permission_and_sees_a_broken_connection(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    assert "No customer lets Dashtam read" in front_page(bank)
    hers = await connect(ana, bank)
    his = await connect(ben, bank, customer="ben")
    first, second = permissions(front_page(bank))
    done = withdraw(bank, first, **{"Sec-Fetch-Site": "same-origin"})
    assert (done.status_code, done.headers["Location"]) == (303, "/?withdrawn=ana")
    page = front_page(bank, done.headers["Location"])
    assert "has withdrawn the permission" in page
    assert permissions(page) == [second]
    assert (await sync(hers)).state == SyncRun.State.FAILED
    assert hers.state in (Connection.State.REAUTH_REQUIRED, Connection.State.REVOKED)
    assert (await sync(his)).state == SyncRun.State.SUCCEEDED


async def test_t11_withdrawn_twice_or_unknown_changes_nothing(ana: User, bank: SandboxBank) -> None:
    await connect(ana, bank)
    (permission,) = permissions(front_page(bank))
    withdraw(bank, permission)
    for again in (permission, "", "nothing"):
        assert withdraw(bank, again).headers["Location"] == "/"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_t11_another_site_s_page_withdraws_nothing(ana: User, bank: SandboxBank, site: str) -> None:
    await connect(ana, bank)
    (permission,) = permissions(front_page(bank))
    assert withdraw(bank, permission, **{"Sec-Fetch-Site": site}).status_code == 403
    assert permissions(front_page(bank)) == [permission]
