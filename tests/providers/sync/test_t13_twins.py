"""Two connections to one bank: the same accounts by both are asked about, and become one if their person says so."""

from typing import Any

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.ledger import queries
from providers.ledger.models import Transaction
from providers.ledger.observations.models import Question
from providers.simulator.process import SandboxBank
from tests.providers.connections.linking import connect
from tests.providers.sync.test_sync import sync
from tests.providers.sync.test_t13_vendors import VENDORS, set_up
from tests.providers.sync.test_t13_vendors import connect as connect_vendor

pytestmark = pytest.mark.django_db


async def test_t13_two_connectors_at_one_bank_end_in_one_account_each(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    plaid = VENDORS[0]
    await sync(await connect(ana, bank))
    set_up(settings, bank, plaid)
    await sync(await connect_vendor(ana, plaid, plaid.answers(bank)))
    asked = [each async for each in Question.objects.filter(kind=Question.Kind.ACCOUNT)]
    accounts = {account["id"]: account["mask"] for account in (await queries.accounts(ana.id)).results}
    assert len(accounts) == 10
    assert {accounts[each.left] for each in asked} >= {"4417", "7781", "9020"}
    assert all(accounts[each.left] == accounts[each.right] for each in asked), "and no others"
    for each in asked:
        await wiring.review_service().accept(user_id=ana.id, review_id=each.id)
    left = (await queries.accounts(ana.id)).results
    assert len(left) == 10 - len(asked)
    days = Transaction.objects.filter(account__mask="4417", date__gt="2026-01-01").values("account_id")
    assert await days.distinct().acount() == 1
    accounts_asked = Question.objects.filter(kind=Question.Kind.ACCOUNT)
    assert await run_db(lambda: set(accounts_asked.values_list("state", flat=True))) == {"accepted"}
