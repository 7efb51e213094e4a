"""SnapTrade's connector against the vendor's dialect over real HTTP."""

import base64
import hashlib
import hmac
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Visit
from providers.connectors.snaptrade import SnapTradeConnector, answers, reading
from providers.connectors.snaptrade.signing import signed
from providers.errors import ConsentEnded, ProviderRateLimited, ProviderUnavailable
from providers.simulator.process import SandboxBank
from providers.wire import http
from providers.wire.grants import ACCESS, Grant
from providers.wire.placing import Unsigned
from tests.providers.connectors.household import Pulled, pull, told, truth, wanted

CONNECTOR = SnapTradeConnector()
BACK = "https://dashtam.example/providers/snaptrade/callback"


@pytest.fixture(autouse=True)
def _app(bank: SandboxBank, settings: Any) -> None:
    settings.SNAPTRADE_URL = f"{bank.url}/snaptrade"
    settings.SNAPTRADE_CLIENT_ID = bank.client_id
    settings.SNAPTRADE_CLIENT_SECRET = bank.client_secret


def reached(url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
    return reach(CONNECTOR, url, grant)


async def decided(page: Visit) -> dict[str, str]:
    """The parameters that the browser brings back from a page."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(page.url, data={"customer": "ana", "decision": "approve"})
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def by_oauth() -> Grant:
    first = await CONNECTOR.link(reached, Said())
    assert isinstance(first, Ask)
    page = await CONNECTOR.link(reached, Said({"way": "oauth"}, state="st", redirect_uri=BACK))
    assert isinstance(page, Visit)
    query = await decided(page)
    done = await CONNECTOR.link(reached, Said(query=query, kept=page.kept, redirect_uri=BACK))
    assert isinstance(done, Done)
    return done.grant


async def by_key(bank: SandboxBank, renews: Grant | None = None) -> Done:
    """A personal key, and the portal for its first brokerage, or to mend it."""
    said = Said(bank.control("snaptrade/key", {}), state="st", redirect_uri=BACK)
    if renews:
        said = Said(state="st", redirect_uri=BACK, renews=renews)
    page = await CONNECTOR.link(reached, said)
    assert isinstance(page, Visit)
    waiting = await CONNECTOR.link(reached, Said(kept=page.kept))
    assert isinstance(waiting, Visit)
    await decided(page)
    done = await CONNECTOR.link(reached, Said(kept=page.kept))
    assert isinstance(done, Done)
    return done


def check(bank: SandboxBank, pulled: Pulled) -> None:
    """The brokerage account is there; SnapTrade names securities in its own way."""
    own, found = truth(bank)["5562"], told(pulled, "5562")
    assert sorted(found.pop("units").values()) == sorted(own.pop("units").values())
    for name in ("value", "cost"):  # it tells them of one unit
        assert abs(found.pop(name) - own.pop(name)) < Decimal("0.03")
    assert found == own


async def test_snaptrade_brings_the_brokerage_through_oauth_and_tokens_rotate(bank: SandboxBank) -> None:
    grant = await by_oauth()
    assert not {"client_id", "consumer_key"} & grant.secrets.keys()
    pulled = await pull(CONNECTOR, grant)
    check(bank, pulled)
    account = pulled.accounts[pulled.of("5562")]
    assert account.id in account.aliases
    assert account.handle in account.aliases
    closed = date.fromisoformat(bank.control("truth?customer=ana")["closed_day"])
    assert [cover.last for batch in pulled.batches for cover in batch.covers] == [closed]  # a day behind
    rows = pulled.posted(account.id)
    named = {row.id for row in pulled.holdings[account.id].securities}
    assert {row.security_id for row in rows if row.security_id} <= named
    assert {row.kind for row in rows} == {
        *("buy", "sell", "dividend", "reinvestment", "interest", "fee", "cash_in")
    }
    assert all(row.quantity is None for row in rows if row.kind == "dividend")

    renewed = await CONNECTOR.renew(reached, grant)
    assert renewed.secrets[ACCESS] != grant.secrets[ACCESS]
    check(bank, await pull(CONNECTOR, renewed))
    with pytest.raises(ConsentEnded):
        await CONNECTOR.renew(reached, grant)  # spent: its whole family ends
    with pytest.raises(ConsentEnded):
        await pull(CONNECTOR, renewed)


async def test_snaptrade_is_read_with_a_personal_key_that_signs(bank: SandboxBank) -> None:
    done = await by_key(bank)
    assert done.subject == done.grant.secrets["client_id"]
    first = await pull(CONNECTOR, done.grant)
    check(bank, first)
    wrong = {"client_id": done.subject, "consumer_key": "another"}
    with pytest.raises(CredentialsRefused):
        await CONNECTOR.link(reached, Said(wrong, state="st", redirect_uri=BACK))


async def test_a_disabled_connection_is_mended_with_the_same_account(bank: SandboxBank) -> None:
    done = await by_key(bank)
    before = await pull(CONNECTOR, done.grant)
    bank.control("snaptrade/connections", {"disabled": True})
    with pytest.raises(ConsentEnded):
        await pull(CONNECTOR, done.grant)
    mended = await by_key(bank, renews=done.grant)
    assert not CONNECTOR.replaces(done.grant, mended.grant)
    after = await pull(CONNECTOR, mended.grant)
    assert after.accounts.keys() == before.accounts.keys()

    other = await by_key(bank, renews=done.grant)  # one brokerage more, at which all is as before
    assert (await pull(CONNECTOR, other.grant)).accounts.keys() == before.accounts.keys()


def test_a_signature_covers_the_path_the_query_and_the_body() -> None:
    url = httpx.URL("https://api.snaptrade.com/api/v1/snapTrade/login?a=1")
    asked = Unsigned("POST", url, b'{"reconnect": "r", "broker": "b"}')
    made = signed(asked, {"client_id": "C", "consumer_key": "k"}, datetime(2026, 1, 1, tzinfo=UTC))
    text = (
        '{"content":{"broker":"b","reconnect":"r"},"path":"/api/v1/snapTrade/login",'
        '"query":"a=1&clientId=C&timestamp=1767225600"}'
    )
    digest = hmac.digest(b"k", text.encode(), hashlib.sha256)
    assert made.header == {"Signature": base64.b64encode(digest).decode()}
    bearer = signed(asked, {ACCESS: "t", "client_id": "C", "consumer_key": "k"}, datetime.now(UTC))
    assert (bearer.header, bearer.query) == ({"Authorization": "Bearer t"}, {})


@pytest.mark.parametrize(
    ("status", "headers", "code", "wait"),
    [
        (402, {}, "connection_disabled", None),
        (410, {}, "not_supported", None),
        (425, {}, ProviderUnavailable.code, 300),
        (429, {}, ProviderRateLimited.code, 60),
        (429, {"X-RateLimit-Account-Remaining": "0", "X-RateLimit-Account-Reset": "42"}, "rate_limited", 42),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}, "rate_limited", 7),
        (401, {}, None, None),
        (503, {}, None, None),
    ],
)
def test_snaptrade_names_its_errors(
    status: int, headers: dict[str, str], code: str | None, wait: int | None
) -> None:
    asked = httpx.Request("GET", "https://api.snaptrade.com/api/v1/accounts")
    found = CONNECTOR.fault(httpx.Response(status, headers=headers, request=asked))
    assert (found.code if found else None) == code
    assert found is None or found.retry_after == wait


# --- signs and decimals --------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "id": "a1",
    "trade_date": "2026-03-01T00:00:00Z",
    "currency": {"code": "CAD"},
    "symbol": {"id": "s1", "symbol": "XYZ.TO"},
    "price": Decimal("1.25"),
}


def read(**changes: Any) -> Any:
    body = msgspec.json.Encoder(decimal_format="number").encode(ROW | changes)
    return reading.activity(http.decoded(httpx.Response(200, content=body), answers.Activity), "USD")


@examples(max_examples=40, deadline=None)
@given(amount=st.decimals(-(10**9), 10**9, places=2), units=st.decimals(-(10**6), 10**6, places=8))
def test_signs_and_decimals_of_snaptrade_survive(amount: Decimal, units: Decimal) -> None:
    told_as_it_is = read(type="INTEREST", amount=amount)
    assert (told_as_it_is.amount, told_as_it_is.currency) == (amount, "CAD")
    bought, sold = read(type="BUY", amount=amount, units=units), read(type="SELL", amount=amount, units=units)
    assert (bought.amount, bought.quantity) == (-abs(amount), abs(units) or None)
    assert (sold.amount, sold.quantity) == (abs(amount), -abs(units) or None)


def test_a_type_we_do_not_know_is_kept_and_a_row_without_an_amount_is_not_guessed() -> None:
    unknown = read(type="LUNCH_VOUCHER", amount=Decimal("3.10"))
    assert (unknown.kind, unknown.source_code) == ("unknown", "LUNCH_VOUCHER")
    assert read(type="INTEREST", amount=None) is None
    split = read(type="SPLIT", amount=None, units=Decimal(30))
    assert (split.kind, split.amount, split.quantity) == ("split", Decimal(0), Decimal(30))


def test_t13_what_is_counted_in_a_security_is_no_money_and_what_moves_in_kind_moves_none() -> None:
    coin = {"id": "q1", "symbol": "USDC"}
    bought = read(
        type="BUY", amount=Decimal(-5), units=Decimal(1), currency=None, currency_universal_symbol=coin
    )
    assert (bought.currency, bought.amount) == ("USDC", Decimal(-5))
    assert read(type="FEE", amount=Decimal(-1), currency=None).currency == "USD"
    moved = read(type="TRANSFER", amount=None, units=Decimal(5))
    assert (moved.kind, moved.amount, moved.quantity) == ("transfer", Decimal(0), Decimal(5))
    assert read(type="TRANSFER", amount=None, units=None) is None
    shares = read(type="STOCK_DIVIDEND", amount=None, units=Decimal(1))
    assert (shares.kind, shares.amount, shares.quantity) == ("dividend", Decimal(0), Decimal(1))


# --- shapes that the vendor's schema allows -------------------------------------------------------

HELD: dict[str, Any] = {"kind": "stock", "id": "s1", "symbol": "XYZ"}
ACCOUNT: dict[str, Any] = {
    "id": "h1",
    "brokerage_authorization": "b1",
    "number": "0001",
    "institution_name": "Lighthouse",
    "balance": {"total": {"amount": 10, "currency": "USD"}},
    "sync_status": {},
}
ANSWERS: dict[str, Any] = {
    "authorizations": [{"disabled": False}],
    "accounts": [ACCOUNT],
    "balances": [
        {"currency": {"code": "CAD"}, "cash": 1},
        {"currency": "CAD", "cash": 2},
        {"currency": "00000000-0000-4000-8000-000000000001", "cash": 3},
        {"currency": {}, "cash": 4},
        {"cash": None},
    ],
    "all": {
        "results": [
            {"instrument": HELD, "units": "2", "price": "3"},
            {"instrument": HELD, "units": "1", "price": "4", "cost_basis": None},
            {
                "instrument": HELD | {"kind": "future", "id": "f1", "multiplier": "50"},
                "units": "1",
                "price": "4000",
            },
            {
                "instrument": HELD | {"kind": "cfd", "id": "c1", "currency": "EUR"},
                "units": "1",
                "cost_basis": "9",
            },
        ],
        "data_freshness": {"as_of": "2026-03-01T00:00:00Z"},
    },
    "activities": {
        "data": [
            {
                "type": "LUNCH",
                "trade_date": "2026-03-01T00:00:00Z",
                "amount": 1,
                "currency": "an-id-of-a-currency",
            },
            {
                "type": "OPTIONEXPIRATION",
                "trade_date": "2026-03-01T00:00:00Z",
                "option_symbol": {"id": "o1", "ticker": "XYZ 5C"},
            },
            {"type": "DIVIDEND", "trade_date": "2026-03-01T00:00:00Z", "amount": None},
            {"id": "r4", "type": "", "trade_date": None, "amount": 1},
        ]
    },
}


async def pulled_from(**answers: Any) -> Pulled:
    """A pull of these answers, and of the usual ones to the other requests."""

    def told(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=(ANSWERS | answers)[request.url.path.rpartition("/")[2]])

    pulled = Pulled()
    async with httpx.AsyncClient(
        base_url="https://snaptrade.example", transport=httpx.MockTransport(told)
    ) as client:
        pulled.land([batch async for batch in CONNECTOR.pull(client, wanted())])
    return pulled


@pytest.mark.parametrize(
    ("status", "complete"),
    [
        ({}, True),
        ({"initial_sync_completed": True, "holdings_unavailable": False}, True),
        ({"initial_sync_completed": True, "holdings_unavailable": True}, False),
        ({"initial_sync_completed": False}, False),
    ],
)
async def test_t13_positions_that_snaptrade_cannot_read_are_not_gone(
    status: dict[str, Any], complete: bool
) -> None:
    read_from = {"first_transaction_date": "2026-02-01T00:00:00Z", "last_successful_sync": "2026-03-01"}
    account = ACCOUNT | {"number": None, "sync_status": {"holdings": status, "transactions": read_from}}
    nothing = {"results": [], "data_freshness": {"as_of": "2026-03-01T00:00:00"}}
    pulled = await pulled_from(accounts=[account], all=nothing)
    assert pulled.holdings["h1"].complete is complete
    assert pulled.holdings["h1"].as_of == datetime(2026, 3, 1, tzinfo=UTC)
    [cover] = pulled.batches[-1].covers
    assert (cover.first, cover.last) == (date(2026, 2, 1), date(2026, 3, 1))


async def test_t13_members_may_be_missing_and_currencies_be_objects_or_ids() -> None:
    pulled = await pulled_from()
    [account] = pulled.accounts.values()
    assert (account.currency, account.pockets, pulled.troubles) == ("USD", (("CAD", Decimal(3)),), {})
    rows = [(row.kind, row.currency, row.amount) for row in pulled.posted("h1")]
    assert rows == [("unknown", "USD", Decimal(1)), ("option", "USD", Decimal(0))]
    held = pulled.holdings["h1"]
    assert {each.security_id: (each.quantity, each.market_value) for each in held.holdings} == {
        "s1": (Decimal(3), Decimal(10)),
        "f1": (Decimal(1), None),
        "c1": (Decimal(1), None),
    }
    assert {each.id: each.currency for each in held.securities} == {
        "s1": "USD",
        "f1": "USD",
        "c1": "EUR",
        "o1": "USD",
    }
    assert pulled.batches[-1].notices == {"no amount DIVIDEND": 1, "no amount ": 1, "unknown LUNCH": 1}
