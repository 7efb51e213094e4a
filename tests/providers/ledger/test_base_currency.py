"""The currency of totals: that of the first account, until the person chooses one."""

from typing import Any

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts
from providers.simulator.process import SandboxBank
from tests.jobs import run_queued
from tests.providers.api.test_api_data import read, signed_in
from tests.providers.connections.linking import connect
from tests.providers.imports.test_imports import line, statement
from tests.providers.ledger.test_ingest import NOON, account_record
from tests.providers.pages.browsing import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]


async def bring(user: User, currency: str, number: str = "00012345678") -> None:
    data = statement(line(f"of {currency}"), currency=currency, number=number)
    service = wiring.import_service()
    await service.import_statement(user_id=user.id, filename="a.ofx", data=data, account_id=None)


def account(user: User, currency: str) -> None:
    connection = Connection.objects.create(user=user, provider="sandbox", state="active")
    apply_accounts(connection, [account_record(currency=currency)], NOON)


async def test_t01_the_first_account_that_is_imported_sets_the_currency_at_once(ana: User) -> None:
    api = await signed_in(ana)
    assert (await read(api, "auth/me"))["base_currency"] == "USD"
    await bring(ana, "ILS")
    assert (await read(api, "auth/me"))["base_currency"] == "ILS"
    worth = await read(api, "net-worth")
    assert (worth["currency"], worth["total"]) == ("ILS", "100.00")
    await bring(ana, "EUR", number="99")
    assert (await read(api, "auth/me"))["base_currency"] == "ILS"


async def test_t01_the_first_sync_sets_the_currency(ana: User, bank: SandboxBank) -> None:
    await User.objects.filter(id=ana.id).aupdate(base_currency="CHF")
    await connect(ana, bank)
    await run_db(run_queued)
    await ana.arefresh_from_db()
    assert (ana.base_currency, ana.base_currency_chosen) == ("USD", False)


async def test_t01_a_currency_that_was_chosen_stays(ana: User) -> None:
    api = await signed_in(ana)
    answer = await api.call("PATCH", "auth/me", {"base_currency": "USD"})
    assert answer.status_code == 200
    await bring(ana, "EUR")
    assert (await read(api, "auth/me"))["base_currency"] == "USD"


async def test_t01_saving_the_profile_with_another_name_chooses_no_currency(ana: User) -> None:
    browser = await Browser().sign_in(ana)
    told = browser.text(await browser.get("/settings/profile"))
    assert "Until you choose one, it is the currency of your first account." in told
    await browser.post("/settings/profile", name="Ana María", time_zone="UTC", base_currency="USD")
    await bring(ana, "EUR")
    await ana.arefresh_from_db()
    assert (ana.name, ana.base_currency) == ("Ana María", "EUR")
    await browser.post("/settings/profile", name="Ana María", time_zone="UTC", base_currency="JPY")
    await ana.arefresh_from_db()
    assert (ana.base_currency, ana.base_currency_chosen) == ("JPY", True)


async def test_t01_coins_are_passed_over(ana: User, ben: User) -> None:
    for currency in ("BTC", "GBP"):
        await run_db(account, ana, currency)
    await run_db(account, ben, "BTC")
    for user, expected in ((ana, "GBP"), (ben, "USD")):
        await wiring.propose_base_currency(user.id)
        await user.arefresh_from_db()
        assert user.base_currency == expected
