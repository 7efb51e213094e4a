"""Interactive Brokers' connector against a service over the household's portfolio, and against odd documents."""

import functools
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from accounts.models import User
from providers import connectors, wiring
from providers.connections.models import Connection
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Visit
from providers.connectors.ibkr_flex import IbkrFlexConnector
from providers.connectors.ibkr_flex.connector import HOSTS
from providers.connectors.ibkr_flex.read import batch, read
from providers.connectors.ibkr_flex.reading import Reading
from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)
from providers.ledger.models import FinancialAccount, Holding, Transaction
from providers.simulator.books.ledger import ledger
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.sync.test_sync import sync

AT_ONCE = IbkrFlexConnector(link_waits=(0, 0), pull_waits=(0, 0, 0))
WANTED = Wanted(first=None, last=date(2026, 11, 29))
TRADES = ("BUY", "SELL", "REINVESTMENT")


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    kept = connectors.CONNECTORS["ibkr"]
    connectors.CONNECTORS["ibkr"] = AT_ONCE
    yield
    connectors.CONNECTORS["ibkr"] = kept


@pytest.fixture
def desk(bank: SandboxBank, settings: Any) -> "Desk":
    settings.IBKR_URL = f"{bank.url}/ibkr"
    return Desk(bank)


class Desk:
    """Ana's token and query at the service."""

    def __init__(self, bank: SandboxBank) -> None:
        self.bank = bank

    def order(self, **said: Any) -> dict[str, str]:
        found: dict[str, str] = self.bank.control("ibkr/desk", {"customer": "ana", **said})
        return found

    async def link(self, **said: Any) -> Any:
        return await AT_ONCE.link(functools.partial(reach, AT_ONCE), Said(**said))

    async def batches(self, done: Done) -> AsyncIterator[Batch]:
        async with reach(AT_ONCE, grant=done.grant) as client:
            async for each in AT_ONCE.pull(client, WANTED):
                yield each


@pytest.mark.django_db(transaction=False)
async def test_t13_the_portfolio_comes_with_its_own_numbers(ana: User, desk: Desk) -> None:
    started = await wiring.connection_service().start(
        user_id=ana.id, provider="ibkr", credentials=desk.order(polls=1)
    )
    connection = await Connection.objects.aget(id=started.connection.id)
    desk.order()
    run = await sync(connection)
    assert (run.state, run.accounts_done, run.error_code) == (SyncRun.State.SUCCEEDED, 1, "")
    truth = next(row for row in desk.bank.control("truth?customer=ana")["accounts"] if row["holdings"])
    account = await FinancialAccount.objects.aget(connection=connection)
    assert account.balance_current == Decimal(truth["current"])
    holdings = [each async for each in Holding.objects.filter(account=account).select_related("security")]
    held = {each.security.symbol: (each.quantity, each.market_value, each.cost_basis) for each in holdings}
    assert held.pop("USD")[1] == Decimal(truth["available"])
    assert sorted(held.values()) == sorted(
        (Decimal(row["units"]), Decimal(row["value"]), Decimal(row["cost_basis"]))
        for row in truth["holdings"]
    )
    lots = sorted(
        [(Decimal(lot["quantity"]), Decimal(lot["cost_basis"])) for lot in each.lots]
        for each in holdings
        if each.lots
    )
    assert lots == sorted(
        [(Decimal(lot["units"]), Decimal(lot["cost_basis"])) for lot in row["lots"]]
        for row in truth["holdings"]
    )
    closed = date.fromisoformat(desk.bank.control("truth?customer=ana")["closed_day"])
    books = ledger("ana", closed.replace(year=closed.year - 2, day=1), closed)
    rows = [each for each in books.entries[truth["id"]] if each.settles_on <= closed]
    stored = [each async for each in Transaction.objects.filter(account=account)]
    assert sum(each.amount for each in stored) == sum(each.amount for each in rows)
    kinds = {"TRANSFER": "cash_in"}
    expected = sorted(kinds.get(each.type, each.type.lower()) for each in rows)
    assert sorted(each.kind for each in stored) == expected
    again = await sync(connection)
    assert (again.state, again.added, again.removed) == (SyncRun.State.SUCCEEDED, 0, 0)


async def test_t13_the_link_says_which_boxes_to_tick_and_may_go_on_without_the_lesser_ones(
    desk: Desk,
) -> None:
    asked = await desk.link()
    assert [field.name for field in asked.fields] == ["token", "lasts", "query"]
    given = desk.order(without=["OpenPositions", "CashReport", "CashTransaction.transactionID"])
    first = await desk.link(answers=given | {"lasts": "365"})
    assert isinstance(first, Ask)
    lines = first.fields[0].help.split("\n")
    assert lines[1] == "Needed: Open Positions, at the levels Summary and Lot.", "what is needed comes first"
    assert "Better with it: in Cash Transactions, Transaction ID." in lines, "a sentence for each"
    assert "looked again" not in first.fields[0].help
    assert [value for value, _ in first.fields[0].choices] == ["look"]
    desk.order(without=["CashReport", "CashTransaction.transactionID"])
    second = await desk.link(answers={"boxes": "look"}, kept=first.kept)
    assert isinstance(second, Ask)
    again = second.fields[0].help.split("\n")
    assert again[0] == "Dashtam looked again, and this is still left out."
    assert "Better with it: Cash Report." in again
    assert "connect without them" in again[-1], "nothing that is there is lost"
    done = await desk.link(answers={"boxes": "leave"}, kept=second.kept)
    assert isinstance(done, Done)
    assert done.grant.ends_at is not None
    assert given["token"] not in repr((first, second, done))
    nameless = [
        row for each in [b async for b in desk.batches(done)] for rows in each.rows.values() for row in rows
    ]
    assert {row.id == "" for row in nameless if row.kind in ("dividend", "interest", "fee", "cash_in")} == {
        True
    }


async def test_t13_a_statement_that_takes_long_is_looked_for_again(desk: Desk) -> None:
    given = desk.order(polls=3)
    waiting = await desk.link(answers=given)
    assert isinstance(waiting, Visit)
    assert waiting.poll
    assert isinstance(await desk.link(kept=waiting.kept), Done)
    done = await desk.link(answers=desk.order())
    desk.order(polls=9)
    with pytest.raises(ProviderUnavailable) as busy:
        _ = [each async for each in desk.batches(done)]
    assert busy.value.code == "still_generating"


@pytest.mark.parametrize(
    ("code", "expected", "reason"),
    [
        ("1001", ProviderUnavailable, "provider_unavailable"),
        ("1009", ProviderUnavailable, "provider_unavailable"),
        ("1021", ProviderUnavailable, "provider_unavailable"),
        ("1012", ConsentEnded, "consent_expired"),
        ("1015", ConsentEnded, "consent_ended"),
        ("1018", ProviderRateLimited, "rate_limited"),
        ("1011", ProviderRefused, "service_off"),
        ("1013", ProviderRefused, "address_not_allowed"),
        ("1014", ProviderRefused, "query_refused"),
        ("1016", ProviderRefused, "settings_needed"),
        ("1020", ProviderRefused, "provider_refused"),
        ("1999", ProviderRefused, "provider_refused"),
    ],
)
async def test_t13_each_code_of_the_service_is_a_state_with_a_next_step(
    desk: Desk, code: str, expected: type[ProviderError], reason: str
) -> None:
    done = await desk.link(answers=desk.order())
    desk.order(error=code)
    with pytest.raises(expected) as caught:
        _ = [each async for each in desk.batches(done)]
    assert (caught.value.code, bool(caught.value.detail)) == (reason, True)
    if reason not in ("provider_refused", "provider_unavailable", "rate_limited", "consent_ended"):
        with pytest.raises(CredentialsRefused) as refused:
            await desk.link(answers=desk.order(error=code))
        assert refused.value.errors[0].detail == caught.value.detail


async def test_t13_only_two_hosts_ever_see_the_token(settings: Any) -> None:
    settings.IBKR_URL = ""
    connector = IbkrFlexConnector()
    assert (connector.base_url, *connector.hosts) == HOSTS
    assert [httpx.URL(host).host for host in HOSTS] == [
        "ndcdyn.interactivebrokers.com",
        "gdcdyn.interactivebrokers.com",
    ]


# --- documents, as pure functions -------------------------------------------------------------------------------


def document(*sections: str, account: str = "U7654321", head: str = "", **attributes: str) -> Element:
    period = {"fromDate": "20260101", "toDate": "20260131", "whenGenerated": "20260201;061500"} | attributes
    told = " ".join(f'{name}="{value}"' for name, value in period.items())
    found: Element = fromstring(
        f'<FlexQueryResponse queryName="q" type="AF"><FlexStatements count="1"><FlexStatement accountId="{account}" '
        f'{told}><AccountInformation currency="EUR"/>{"".join(sections)}{head}</FlexStatement></FlexStatements>'
        "</FlexQueryResponse>"
    )
    return found


def only(root: Element) -> Reading:
    [reading] = read(root)
    return reading


def section(name: str, *rows: str) -> str:
    return f"<{name}>{''.join(rows)}</{name}>"


def row(tag: str, **attributes: object) -> str:
    told = " ".join(f"{name}={quoteattr(str(value))}" for name, value in attributes.items())
    return f"<{tag} {told}/>"


def bought(**more: object) -> str:
    usual: dict[str, object] = {
        "assetCategory": "STK",
        "currency": "USD",
        "symbol": "LANT",
        "conid": "77",
        "buySell": "BUY",
        "quantity": "10",
        "tradePrice": "2.50",
        "proceeds": "-25",
        "taxes": "0",
        "ibCommission": "-1",
        "ibCommissionCurrency": "USD",
        "netCash": "-26",
        "reportDate": "20260105",
        "transactionType": "ExchTrade",
        "tradeID": "t1",
        "transactionID": "x1",
    }
    return row("Trade", **(usual | more))


def legs(reading: Reading) -> list[tuple[str, str, str]]:
    return [(each.currency, format(each.amount, "f"), each.kind) for each in reading.rows]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("USD", "-26", "buy")]),
        ({"netCash": ""}, [("USD", "-26", "buy")]),
        ({"netCash": "", "proceeds": ""}, [("USD", "-26.00", "buy")]),
        ({"buySell": "BUY (Ca.)", "transactionType": "TradeCancel", "netCash": "25"}, [("USD", "25", "buy")]),
        ({"buySell": "SELL", "quantity": "-10", "netCash": "24"}, [("USD", "24", "sell")]),
        ({"notes": "R;P"}, [("USD", "-26", "reinvestment")]),
        ({"notes": "R", "buySell": ""}, [("USD", "-26", "reinvestment")]),
        (
            {"buySell": "", "quantity": "-10", "transactionType": "TradeCancel", "netCash": "25"},
            [("USD", "25", "buy")],
        ),
        ({"assetCategory": "OPT", "notes": "Ep", "netCash": "0"}, [("USD", "0", "option")]),
        ({"assetCategory": "CFD", "netCash": "-1"}, [("USD", "-1", "buy")]),
        ({"ibCommissionCurrency": "EUR", "netCash": "-25"}, [("USD", "-25", "buy"), ("EUR", "-1", "fee")]),
        ({"ibCommissionCurrency": "EUR"}, [("USD", "-26", "buy")]),
        (
            {"assetCategory": "CASH", "symbol": "EUR.USD", "netCash": "0", "ibCommissionCurrency": "CHF"},
            [("EUR", "10", "journal"), ("USD", "-25", "journal"), ("CHF", "-1", "fee")],
        ),
    ],
)
def test_t13_a_trade_has_a_leg_for_each_currency(
    changes: dict[str, object], expected: list[tuple[str, str, str]]
) -> None:
    reading = only(document(section("Trades", bought(**changes))))
    assert legs(reading) == expected
    assert {(each.details or {}).get("event") for each in reading.rows} == {"trade:t1"}
    assert not reading.counts.refused
    assert len({each.id for each in reading.rows}) == len(expected)


@pytest.mark.parametrize(
    ("changes", "wanting"),
    [
        ({"assetCategory": "FUT", "netCash": "", "ibCommission": ""}, "netCash"),
        ({"assetCategory": "BOND", "netCash": "--", "proceeds": ""}, "netCash"),
        ({"assetCategory": "EVENT", "netCash": ""}, "netCash"),
        ({"currency": ""}, "currency"),
        ({"netCash": "1.2.3"}, "netCash"),
        ({"reportDate": "20261305"}, "reportDate"),
        ({"assetCategory": "CASH", "symbol": "odd"}, "symbol"),
    ],
)
def test_t13_a_trade_without_its_cash_is_counted_and_not_guessed(
    changes: dict[str, object], wanting: str
) -> None:
    parts = [section(name) for name in ("CashTransactions", "CorporateActions", "Transfers")]
    whole = only(document(section("Trades", bought()), *parts))
    assert whole.covers == (date(2026, 1, 1), date(2026, 1, 31))
    reading = only(document(section("Trades", bought(**changes)), *parts))
    assert (reading.rows, reading.covers) == ([], None)
    assert dict(reading.counts.refused) == {f"Trades: {wanting}": 1}
    made = batch([reading])
    assert {name: error.code for name, error in made.troubles.items()} == {"U7654321": "provider_unreadable"}


def paid(type: str, amount: object = "5", **more: object) -> str:
    return row("CashTransaction", type=type, amount=amount, currency="USD", reportDate="20260107", **more)


def test_t13_dividends_carry_their_tax_and_unknown_words_stay_raw_and_are_counted() -> None:
    reading = only(
        document(
            section(
                "CashTransactions",
                paid("Dividends", "9.52", conid="7", dateTime="20260107;202000", description="CASH DIVIDEND"),
                paid("Withholding Tax", "-1.43", conid="7", dateTime="20260107;202000"),
                paid("Dividends", "3", actionID="88", description="(Return of Capital)"),
                paid("Withholding Tax", "-1", actionID="88"),
                paid("Deposits & Withdrawals", "-100"),
                paid("Moonlight Levy", "-0.5"),
                paid("Dividends", "12", levelOfDetail="SUMMARY"),
            )
        )
    )
    events = [(each.kind, (each.details or {}).get("event", "")) for each in reading.rows]
    assert events == [
        ("dividend", "paid:7:USD:20260107;202000"),
        ("tax", "paid:7:USD:20260107;202000"),
        ("return_of_capital", "action:88"),
        ("tax", "action:88"),
        ("cash_out", ""),
        ("unknown", ""),
    ]
    assert reading.rows[-1].source_code == "Moonlight Levy"
    assert dict(reading.counts.unknown) == {"type Moonlight Levy": 1}
    assert dict(reading.counts.left_out) == {"sums of rows that are there": 1}
    assert batch([reading]).notices == {"unknown type Moonlight Levy": 1}


def test_t13_what_two_sections_tell_is_counted_once() -> None:
    taxed = row("TransactionTax", tradeId="t1", taxAmount="-2", currency="USD", date="20260105")
    later = row("TransactionTax", tradeId="t9", taxAmount="-3", currency="USD", date="20260106")
    line = {"currency": "EUR", "amount": "-26", "date": "20260105"}
    told = document(
        section(
            "Trades",
            bought(taxes="-2", netCash="-28"),
            bought(levelOfDetail="ORDER"),
            row("Lot", currency="USD"),
        ),
        section("TransactionTaxes", taxed, later),
        section("OptionEAE", row("OptionEAE", tradeID="t1", proceeds="-25", currency="USD", date="20260105")),
        section(
            "StmtFunds",
            row("StatementOfFundsLine", activityCode="BUY", **line),
            row("StatementOfFundsLine", activityCode="DIV", **(line | {"amount": "4"})),
            row("StatementOfFundsLine", activityDescription="Starting Balance", currency="EUR", amount="0"),
        ),
        section("Novelties", row("Novelty", amount="1")),
    )
    reading = only(told)
    assert legs(reading) == [("USD", "-28", "buy"), ("USD", "-3", "tax"), ("EUR", "4", "dividend")]
    assert dict(reading.counts.unknown) == {"section Novelties": 1}
    assert sum(reading.counts.left_out.values()) == 6


def test_t13_base_summaries_are_no_positions_and_lots_are_no_positions_beside_their_sum() -> None:
    lot = {"currency": "USD", "conid": "7", "assetCategory": "STK", "markPrice": "3"}
    cash = section(
        "CashReport",
        row("CashReportCurrency", currency="BASE_SUMMARY", endingCash="91.5"),
        row("CashReportCurrency", currency="EUR", endingCash="50"),
        row("CashReportCurrency", currency="USD", endingCash="46.11"),
        row("CashReportCurrency", currency="CHF", endingCash="0"),
    )
    lots = [
        row("OpenPosition", position="10", costBasisMoney="20", levelOfDetail="LOT", **lot),
        row("OpenPosition", position="5", costBasisMoney="15", levelOfDetail="LOT", **lot),
    ]
    whole = row(
        "OpenPosition", position="15", costBasisMoney="35", positionValue="45", levelOfDetail="SUMMARY", **lot
    )
    for rows in (lots, [whole, *lots]):
        reading = only(document(section("OpenPositions", *rows), cash))
        assert reading.holdings is not None
        held = {
            each.security_id: (each.quantity, each.market_value, each.cost_basis)
            for each in reading.holdings.holdings
        }
        assert held == {
            "7": (Decimal(15), Decimal(45), Decimal(35)),
            "cash:EUR": (Decimal(50), Decimal(50), None),
            "cash:USD": (Decimal("46.11"), Decimal("46.11"), None),
        }
        assert reading.account.pockets == (("EUR", Decimal(50)), ("USD", Decimal("46.11")))
    future = row(
        "OpenPosition", position="1", conid="8", assetCategory="FUT", currency="USD", markPrice="4000"
    )
    reading = only(document(section("OpenPositions", future), cash))
    assert reading.holdings is not None
    assert next(iter(reading.holdings.holdings)).market_value is None
    assert (reading.account.current, reading.account.lacks) == (Decimal("91.5"), "holdings")


def test_t13_a_corporate_action_is_one_event_with_several_legs() -> None:
    told = "LANT(XX0000000077) SPLIT 4 FOR 1 (LANT, LANTERN, XX0000000077)"
    usual = {"currency": "USD", "reportDate": "20260110", "dateTime": "20260109;202500", "conid": "77"}
    reading = only(
        document(
            section(
                "CorporateActions",
                row("CorporateAction", type="FS", quantity="30", description=told, **usual),
                row("CorporateAction", quantity="-10", proceeds="0", description=told, **usual),
                row("CorporateAction", type="TC", quantity="-5", proceeds="50.25", actionID="4", **usual),
                row("CorporateAction", type="ZZ", quantity="1", proceeds="0", **usual),
                row("CorporateAction", type="TC", quantity="-5", **usual),
            )
        )
    )
    assert legs(reading) == [
        ("USD", "0", "split"),
        ("USD", "0", "split"),
        ("USD", "50.25", "merger"),
        ("USD", "0", "unknown"),
    ]
    split, other = ((each.details or {}) for each in reading.rows[:2])
    assert (split["split"], split["event"]) == ("4:1", other["event"])
    assert dict(reading.counts.unknown) == {"corporate action ZZ": 1}
    assert dict(reading.counts.refused) == {"CorporateActions: proceeds": 1}


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20260105", "2026-01-05"),
        ("2026-01-05", "2026-01-05"),
        ("2026-01-05, 19:45:00", "2026-01-05"),
        ("20260105;093015 EST", "2026-01-05"),
        ("05-Jan-26", "2026-01-05"),
        ("01/05/2026", "2026-01-05"),
    ],
)
def test_t13_days_are_read_in_any_form_that_the_query_offers(written: str, day: str) -> None:
    proof = {"01/05/2026": "01/31/2026"}.get(written, "20260131")  # with slashes, another day shows the order
    reading = only(document(section("Trades", bought(reportDate=written)), toDate=proof))
    assert [str(each.date) for each in reading.rows] == [day]


def test_t13_a_day_that_can_be_read_in_two_ways_is_not_read() -> None:
    told = section("Trades", bought(reportDate="04/05/2026"))
    assert dict(only(document(told)).counts.refused) == {"Trades: reportDate": 1}
    with pytest.raises(ProviderError) as ambiguous:
        read(document(told, toDate="06/07/2026"))
    assert "yyyyMMdd" in ambiguous.value.detail


numbers = st.decimals(min_value="-1e12", max_value="1e12", places=9, allow_nan=False, allow_infinity=False)


@given(net=numbers, amount=numbers, units=numbers, fee=numbers, total=numbers)
@property_settings(max_examples=60)
def test_t13_signs_and_decimals_survive(
    net: Decimal, amount: Decimal, units: Decimal, fee: Decimal, total: Decimal
) -> None:
    def text(value: Decimal) -> str:
        return format(value, "f")

    sells = units < 0
    reading = only(
        document(
            section(
                "Trades",
                bought(
                    netCash=text(net),
                    quantity=text(units),
                    ibCommission=text(fee),
                    buySell="SELL" if sells else "BUY",
                ),
            ),
            section("CashTransactions", paid("Other Fees", text(amount))),
            section(
                "EquitySummaryInBase", row("EquitySummary", reportDate="20260131", total=text(total))
            ).replace("<EquitySummary ", "<EquitySummaryByReportDateInBase "),
        )
    )
    trade, cash = reading.rows
    assert (trade.amount, trade.quantity, trade.fees, cash.amount) == (net, units, -fee, amount)
    assert (reading.account.current, [each.current for each in reading.balances]) == (total, [total])
