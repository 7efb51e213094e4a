"""A second consent for one login, which shows only after the person was at the institution's page."""

from typing import Any

import pytest

from accounts.models import User
from providers import wiring
from providers.connections.errors import AlreadyConnected
from providers.connections.models import Connection, PendingRevocation
from providers.connectors.plaid.linking import MARKS, same
from providers.simulator.process import SandboxBank
from providers.wire.grants import Grant
from tests.providers.sync.test_sync import sync
from tests.providers.sync.test_t13_vendors import VENDORS, Values, connect, set_up

pytestmark = pytest.mark.django_db(transaction=False)
PLAID = VENDORS[0]
BANK: list[Values] = [{"kind": "bank"}]


async def linked(ana: User, bank: SandboxBank, settings: Any) -> Connection:
    set_up(settings, bank, PLAID)
    return await connect(ana, PLAID, BANK)


async def items(bank: SandboxBank) -> list[str]:
    """The Items at Plaid, once all that waits to be ended there has been."""
    async for each in PendingRevocation.objects.all():
        await wiring.consent_service().revoke(revocation_id=each.id)
    found: list[str] = bank.control("plaid/items", {"code": ""})["items"]
    return found


async def test_t13_a_second_item_is_ended_at_plaid_where_the_first_one_works(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    first = await linked(ana, bank, settings)
    with pytest.raises(AlreadyConnected):
        await connect(ana, PLAID, BANK)
    assert [each.id async for each in Connection.objects.all()] == [first.id]
    assert await items(bank) == [first.provider_subject]
    mended = await connect(ana, PLAID, [], first)
    assert (mended.id, await items(bank)) == (first.id, [first.provider_subject])


async def test_t13_a_second_item_takes_the_place_of_one_that_is_broken(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    first = await linked(ana, bank, settings)
    bank.control("plaid/items", {"code": "ITEM_LOGIN_REQUIRED"})
    await sync(first, "scheduled")
    assert first.state == Connection.State.REAUTH_REQUIRED
    again = await connect(ana, PLAID, BANK)
    assert (again.id, again.state) == (first.id, Connection.State.ACTIVE)
    assert again.provider_subject != first.provider_subject
    assert await Connection.objects.acount() == 1
    assert await items(bank) == [again.provider_subject]


def test_t13_two_sign_ins_at_one_institution_stay_two() -> None:
    mine, yours = Grant({MARKS: "a b"}), Grant({MARKS: "c"})
    assert same(mine, Grant({MARKS: "b c"}))
    assert not same(mine, yours)
    assert not same(mine, Grant({}))
