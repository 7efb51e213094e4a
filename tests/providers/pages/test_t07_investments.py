"""Investments: values, costs and gains by type, security, currency and account, and nothing made up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger import queries
from providers.ledger.ingest import apply_holdings
from providers.ledger.models import FinancialAccount
from providers.rates.conversion import EuroRate
from providers.rates.models import ExchangeRate
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord
from tests.providers.pages.browsing import queries_of, signed_in
from tests.providers.pages.test_pages_accounts import open_account

pytestmark = pytest.mark.django_db

WORLD = SecurityRecord("w", "WRLD", "World ETF", "ETF", "", "US0000000001", "USD")
ACME = SecurityRecord("a", "ACME", "Acme <Inc>", "equity", "", "", "EUR")
COIN = SecurityRecord("c", "", "Coin", "", "", "", "XBT")


def held(security: SecurityRecord, units: str, value: str | None, cost: str | None) -> HoldingRecord:
    price = Decimal(value) / Decimal(units) if value else None
    known = (Decimal(value) if value else None, Decimal(cost) if cost else None)
    return HoldingRecord(security.id, Decimal(units), price, *known, security.currency)


def hold(account: FinancialAccount, *found: tuple[SecurityRecord, HoldingRecord], days_ago: int = 0) -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    record = HoldingsRecord(moment, [each for _, each in found], [security for security, _ in found])
    apply_holdings(account, record, timezone.now())


@pytest.fixture
def rates(db: None) -> None:
    day = timezone.now().date() - timedelta(days=1)
    ExchangeRate.objects.add_missing([EuroRate(day, "USD", Decimal("1.25"))])


@pytest.fixture
def broker(ana: User) -> FinancialAccount:
    """World at two brokers, Acme in euros."""
    broker = open_account(ana, id="b", name="Broker", type="investment")
    pension = open_account(ana, id="p", name="Pension", type="investment")
    hold(broker, (WORLD, held(WORLD, "10", "1000.00", "800.00")), (ACME, held(ACME, "5", "400.00", "480.00")))
    hold(pension, (WORLD, held(WORLD, "2.5", "250.00", None)), days_ago=3)
    return broker


async def test_t07_values_costs_and_gains_as_computed_by_hand(ana: User, broker: Any, rates: None) -> None:
    found: Any = await queries.investments(ana.id, "USD")
    # 1000 + 250 + 400 × 1.25; cost 800 + 480 × 1.25 of the holdings whose cost is known
    assert (found.total.value, found.total.cost, found.total.gain) == (
        Decimal(1750),
        Decimal(1400),
        Decimal(100),
    )
    assert (found.total.compared, len(found.total.positions)) == (2, 3)
    assert [(each.key, each.value) for each in found.by_type] == [("etf", 1250), ("equity", 500)]
    assert [(each.key, each.value) for each in found.by_currency] == [("USD", 1250), ("EUR", 500)]
    world, acme = found.by_security
    assert (world.value, world.cost, world.gain, world.compared) == (1250, 800, 200, 1)
    assert (acme.value, acme.cost, acme.gain) == (500, 600, -100)
    assert sorted((each.positions[0].account_name, each.value, each.gain) for each in found.by_account) == [
        ("Broker", Decimal(1500), Decimal(100)),
        ("Pension", Decimal(250), None),
    ]
    assert sum(each.share or 0 for each in found.by_security) == 1
    assert found.rates_of == timezone.now().date() - timedelta(days=1)


async def test_t07_what_is_not_known_is_said_and_never_zero(ana: User, broker: Any) -> None:
    bare = held(COIN, "1", None, None)
    account = await run_db(open_account, ana, id="x", name="Wallet", type="investment")
    await run_db(hold, account, (COIN, bare))
    found: Any = await queries.investments(ana.id, "CHF")
    assert (found.total.value, found.total.cost, found.total.gain, found.unpriced) == (None, None, None, 1)
    assert found.unconverted == {"USD": Decimal(1250), "EUR": Decimal(400)}
    assert {each.share for each in found.by_security} == {None}
    await User.objects.filter(id=ana.id).aupdate(base_currency="CHF")
    browser = await signed_in(await User.objects.aget(id=ana.id))
    told = browser.text(await browser.get("/investments"))
    assert "No value in CHF, because we know no exchange rate" in told
    assert "1 holding is not in these sums, because its institution gives no value." in told
    assert "No cost is known, so there is no gain to show." in told


async def test_t07_the_page_shows_each_holding_with_its_accounts(ana: User, broker: Any, rates: None) -> None:
    empty = await run_db(open_account, ana, id="e", name="Empty broker", type="investment")
    browser = await signed_in(ana)
    answer = await browser.get("/investments")
    told, page = browser.text(answer), answer.content.decode()
    for words in (
        "$1,750.00", "+$100.00", "+7.1%", "known for 2 of 3 holdings", "World ETF", "12.5", "Acme &lt;Inc&gt;",
        "−$100.00", "−16.7%", "71.4%", "ECB rates of", "Without holdings: Empty broker",
    ):  # fmt: skip
        assert words in told, words
    assert f'href="/accounts/{broker.id}#holdings"><bdi>Broker</bdi></a> (<data' in page
    assert 'class="share"' in page
    assert str(empty.id) not in page


async def test_t07_a_short_position_lowers_the_whole(ana: User) -> None:
    account = await run_db(open_account, ana, type="investment")
    short = held(SecurityRecord("s", "SHRT", "Short", "equity", "", "", "USD"), "-1", "-100.00", "-90.00")
    long = (WORLD, held(WORLD, "5", "500.00", "400.00"))
    await run_db(hold, account, long, (SecurityRecord("s", "SHRT", "Short", "equity", "", "", "USD"), short))
    found: Any = await queries.investments(ana.id, "USD")
    assert (found.total.value, found.total.gain) == (400, 90)
    assert [each.share for each in found.by_security] == [Decimal("1.25"), Decimal("-0.25")]
    browser = await signed_in(ana)
    assert "−25.0%" in browser.text(await browser.get("/investments"))


async def test_t07_accounts_that_are_closed_or_of_others_do_not_count(
    ana: User, ben: User, broker: FinancialAccount
) -> None:
    assert (await queries.investments(ben.id)).total.positions == []
    await FinancialAccount.objects.filter(user=ana).aupdate(closed_at=timezone.now())
    assert (await queries.investments(ana.id)).total.positions == []
    browser = await signed_in(ben)
    assert "No investments yet" in browser.text(await browser.get("/investments"))


async def test_t07_two_statements_read_any_number_of_holdings(ana: User, broker: Any, rates: None) -> None:
    browser = await signed_in(ana)
    assert await queries_of(browser, "/investments") == 4  # and how many questions wait
    for number in range(5):
        account = await run_db(open_account, ana, id=f"i{number}", type="investment")
        await run_db(hold, account, (WORLD, held(WORLD, "1", "10.00", None)))
    assert await queries_of(browser, "/investments") == 4


async def test_t07_types_that_institutions_name_differently_are_one(ana: User, rates: None) -> None:
    one = SecurityRecord("x", "X", "X fund", "Mutual Fund", "", "", "USD")
    other = SecurityRecord("y", "Y", "Y fund", "mutualfund", "", "", "USD")
    account = await run_db(open_account, ana, id="f", name="Funds", type="investment")
    await run_db(
        hold, account, (one, held(one, "1", "10.00", None)), (other, held(other, "1", "20.00", None))
    )
    found: Any = await queries.investments(ana.id, "USD")
    assert [(each.key, each.value) for each in found.by_type] == [("mutual_fund", 30)]
