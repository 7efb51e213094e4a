"""Plaid's connector against the vendor's dialect over real HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from providers.connectors.contract.batches import StartAgain
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Visit
from providers.connectors.doubles import exact
from providers.connectors.plaid import PlaidConnector, answers, reading
from providers.connectors.plaid.kinds import activity_kind
from providers.errors import (
    AuthorizationDenied,
    ConsentEnded,
    NotSupported,
    PaymentRequired,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)
from providers.simulator.process import SandboxBank
from providers.wire import http
from providers.wire.grants import Grant
from tests.providers.connectors.household import Pulled, pull, since, told, truth, wanted

CONNECTOR = PlaidConnector()
BACK = "https://dashtam.example/providers/plaid/callback"


@pytest.fixture(autouse=True)
def _keys(bank: SandboxBank, settings: Any) -> None:
    settings.PLAID_URL = f"{bank.url}/plaid"
    settings.PLAID_CLIENT_ID = bank.client_id
    settings.PLAID_SECRET = bank.client_secret
    settings.PLAID_COUNTRIES = "US, CA"


def reached(url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
    return reach(CONNECTOR, url, grant)


async def visit(renews: Grant | None = None, decision: str = "approve") -> tuple[Visit, Said]:
    """A visit to the hosted page, and what is said when we look at it afterwards."""
    said = Said(
        state="s" * 43, redirect_uri=BACK, renews=renews, answers={"kind": "bank"} if not renews else {}
    )
    page = await CONNECTOR.link(reached, said)
    assert isinstance(page, Visit)
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(page.url, data={"customer": "ana", "decision": decision})
    assert answer.headers["Location"] == f"{BACK}?state={'s' * 43}"
    return page, Said(kept=page.kept, renews=renews)


async def linked() -> Done:
    _, said = await visit()
    done = await CONNECTOR.link(reached, said)
    assert isinstance(done, Done)
    return done


async def post(path: str, grant: Grant, **members: Any) -> dict[str, Any]:
    async with reached(grant=grant) as client:
        found: dict[str, Any] = (await client.post(path, json=members)).json()
    return found


async def test_plaid_brings_the_household_and_then_only_what_is_new(bank: SandboxBank) -> None:
    done = await linked()
    pulled = await pull(CONNECTOR, done.grant)
    check(bank, pulled)
    invests = pulled.accounts[pulled.of("5562")]
    assert invests.pockets == ()  # its cash is in its own currency
    named = {row.id for row in pulled.holdings[invests.id].securities}
    for each in pulled.holdings[invests.id].holdings:
        assert each.lots
        assert sum(lot.quantity or 0 for lot in each.lots) == each.quantity
        assert sum(lot.cost_basis or 0 for lot in each.lots) == each.cost_basis
    rows = [row for rows in pulled.rows.values() for row in rows.values()]
    assert {row.security_id for row in pulled.posted(invests.id) if row.security_id} <= named
    assert all(row.source_code and row.kind != "unknown" for row in rows)
    assert {row.kind for row in rows} >= {"buy", "sell", "dividend", "reinvestment", "deposit", "purchase"}
    held = [batch.final for batch in pulled.batches]
    assert held.count(False) > 1
    assert held[-1]
    assert pulled.cursors.keys() == {"", invests.id}

    bank.control("advance", {"days": 3})
    again = await pull(CONNECTOR, done.grant, pulled)
    check(bank, again)
    assert sum(len(batch.rows.get(invests.id, ())) for batch in again.batches[len(held) :]) < 20


def check(bank: SandboxBank, pulled: Pulled) -> None:
    """The household is there; of investments, Plaid tells two years."""
    for mask, own in truth(bank).items():
        if mask == "5562":
            first = datetime.now(UTC).date() + timedelta(days=1) - timedelta(days=730)
            own["posted"] = since(bank, mask, first)
        assert told(pulled, mask) == own, mask


async def test_plaid_breaks_and_is_mended_without_a_second_item(bank: SandboxBank) -> None:
    done = await linked()
    await post("/sandbox/item/reset_login", done.grant)
    with pytest.raises(ConsentEnded):
        await pull(CONNECTOR, done.grant)
    _, waiting = await visit(renews=done.grant)
    mended = await CONNECTOR.link(reached, waiting)
    assert isinstance(mended, Done)
    assert mended.grant == done.grant
    assert not CONNECTOR.replaces(done.grant, mended.grant)
    await pull(CONNECTOR, mended.grant)
    await CONNECTOR.revoke(reached, mended.grant)
    with pytest.raises(ConsentEnded):
        await pull(CONNECTOR, mended.grant)


async def test_t13_a_consent_with_an_end_is_known_by_it_and_mending_moves_it(bank: SandboxBank) -> None:
    done = await linked()
    assert done.grant.ends_at is None
    bank.control("scenarios", {"name": "consent_ending", "customer": "ana", "on": True})
    _, waiting = await visit(renews=done.grant)
    mended = await CONNECTOR.link(reached, waiting)
    assert isinstance(mended, Done)
    assert mended.grant.ends_at is not None
    assert mended.grant.ends_at - datetime.now(UTC) < timedelta(days=6)
    assert not CONNECTOR.replaces(done.grant, mended.grant)


async def test_plaid_asks_waits_and_takes_no_for_an_answer(bank: SandboxBank) -> None:
    ask = await CONNECTOR.link(reached, Said(state="s", redirect_uri=BACK))
    assert isinstance(ask, Ask)
    assert [field.name for field in ask.fields] == ["kind"]
    page = await CONNECTOR.link(reached, Said({"kind": "investments"}, state="s", redirect_uri=BACK))
    assert isinstance(page, Visit)
    again = await CONNECTOR.link(reached, Said(kept=page.kept))
    assert isinstance(again, Visit)
    assert again.kept == page.kept
    _, said = await visit(decision="deny")
    with pytest.raises(AuthorizationDenied):
        await CONNECTOR.link(reached, said)


async def test_plaid_starts_again_when_the_bank_posts_between_two_pages(bank: SandboxBank) -> None:
    done = await linked()
    async with reached(grant=done.grant) as client:
        pages = CONNECTOR.pull(client, wanted())
        batch = await anext(pages)
        while batch.final:
            batch = await anext(pages)
        bank.control("advance", {"days": 2})
        with pytest.raises(StartAgain):
            await anext(pages)
    check(bank, await pull(CONNECTOR, done.grant))


async def test_a_cursor_that_plaid_no_longer_takes_leads_to_all_rows_and_what_is_gone(
    bank: SandboxBank,
) -> None:
    done = await linked()
    pulled = await pull(CONNECTOR, done.grant)
    account = pulled.of("4417")
    ghost = replace(next(iter(pulled.rows[account].values())), id="ghost", amount=Decimal(-1))
    pulled.rows[account]["ghost"] = ghost
    pulled.cursors[""] = "a cursor of another Item"
    check(bank, await pull(CONNECTOR, done.grant, pulled))
    assert "ghost" not in pulled.rows[account]


FAULTS = [
    ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", None, 400, ConsentEnded, "consent_ended"),
    ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "OAUTH_CONSENT_EXPIRED", 400, ConsentEnded, "consent_expired"),
    ("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", "OAUTH_USER_REVOKED", 400, ConsentEnded, "revoked_by_user"),
    ("ITEM_ERROR", "USER_PERMISSION_REVOKED", None, 400, ConsentEnded, "revoked_by_user"),
    ("ITEM_ERROR", "PASSWORD_RESET_REQUIRED", None, 400, ConsentEnded, "consent_ended"),
    ("ITEM_ERROR", "ITEM_NOT_SUPPORTED", None, 400, NotSupported, "not_supported"),
    ("ITEM_ERROR", "PRODUCT_NOT_READY", None, 400, ProviderUnavailable, "provider_unavailable"),
    ("ITEM_ERROR", "NO_INVESTMENT_ACCOUNTS", None, 400, NotSupported, "not_supported"),
    ("RATE_LIMIT_EXCEEDED", "ACCOUNTS_LIMIT", None, 429, ProviderRateLimited, "rate_limited"),
    ("INSTITUTION_ERROR", "INSTITUTION_DOWN", None, 400, ProviderUnavailable, "provider_unavailable"),
    ("API_ERROR", "INTERNAL_SERVER_ERROR", None, 500, ProviderUnavailable, "provider_unavailable"),
    ("INVALID_INPUT", "INVALID_API_KEYS", None, 400, ProviderRefused, "provider_refused"),
    ("INVALID_REQUEST", "UNKNOWN_FIELDS", None, 400, ProviderRefused, "provider_refused"),
    ("ITEM_ERROR", "TRIAL_LIMIT_REACHED", None, 400, PaymentRequired, "payment_required"),
    ("ITEM_ERROR", "NEVER_HEARD_OF", None, 400, None, ""),
]


@pytest.mark.parametrize(("type_", "code", "reason", "status", "error", "ours"), FAULTS)
def test_plaid_names_its_errors_in_a_400(
    type_: str, code: str, reason: str | None, status: int, error: type[Exception] | None, ours: str
) -> None:
    body = {"error_type": type_, "error_code": code, "error_code_reason": reason}
    found = CONNECTOR.fault(httpx.Response(status, json=body))
    assert (type(found) if found else None) is error
    assert found is None or found.code == ours
    assert CONNECTOR.fault(httpx.Response(status, text="<html>")) is None
    assert CONNECTOR.fault(httpx.Response(200, json=body)) is None


# --- signs and decimals --------------------------------------------------------------------------

CENTS = st.decimals(-(10**9), 10**9, places=2)
UNITS = st.decimals(-(10**6), 10**6, places=8)


@examples(max_examples=40, deadline=None)
@given(
    amount=CENTS, units=UNITS, pending=st.booleans(), debt=st.sampled_from(["credit", "loan", "depository"])
)
def test_signs_and_decimals_of_plaid_survive(
    amount: Decimal, units: Decimal, pending: bool, debt: str
) -> None:
    row = read(answers.Transaction, ROW | {"amount": amount, "pending": pending})
    record = reading.transaction(row)
    assert (record.amount, record.amount.as_tuple().exponent) == (-amount, amount.as_tuple().exponent)
    assert (record.posted_at is None, record.status) == (pending, "pending" if pending else "posted")
    trade = reading.activity(read(answers.Activity, ACTIVITY | {"amount": amount, "quantity": units}))
    assert (trade.amount, trade.quantity) == (-amount, units or None)
    balances = {"current": amount, "available": None, "limit": None, "iso_currency_code": "USD"}
    listed = read(answers.Account, ACCOUNT | {"type": debt, "balances": balances})
    now = datetime(2026, 3, 1, tzinfo=UTC)
    account = reading.account(listed, read(answers.Item, {"item_id": "i"}), now, ())
    assert account.current == (amount if debt == "depository" else -amount)


def test_a_double_that_slipped_is_the_decimal_that_was_meant() -> None:
    slipped = "0.30000000000000004 2307.2099999999996 1E+2 1e-7 -12.5 123456789012345678"
    meant = "0.3 2307.21 100 0.0000001 -12.5 123456789012346000"
    assert list(map(exact, map(Decimal, slipped.split()))) == list(map(Decimal, meant.split()))


@pytest.mark.parametrize(
    ("type_", "subtype", "kind"),
    [
        ("buy", "buy to cover", "buy"),
        ("sell", "sell short", "sell"),
        ("buy", "dividend reinvestment", "reinvestment"),
        ("cash", "qualified dividend", "dividend"),
        ("cash", "long-term capital gain", "capital_gain"),
        ("cash", "return of principal", "return_of_capital"),
        ("fee", "margin expense", "interest"),
        ("fee", "non-resident tax", "tax"),
        ("transfer", "spin off", "merger"),
        ("transfer", "assignment", "option"),
        ("cancel", "buy", "unknown"),
        ("cash", "a word of 2031", "unknown"),
    ],
)
def test_plaid_activities_have_our_kinds(type_: str, subtype: str, kind: str) -> None:
    assert activity_kind(type_, subtype) == kind


ROW: dict[str, Any] = {
    "transaction_id": "t1",
    "account_id": "a1",
    "date": "2026-03-01",
    "name": "Café",
    "iso_currency_code": "USD",
}
ACTIVITY: dict[str, Any] = {
    "investment_transaction_id": "i1",
    "account_id": "a1",
    "date": "2026-03-01",
    "name": "Buy",
    "price": Decimal("1.5"),
    "type": "buy",
    "subtype": "buy",
    "security_id": "s1",
    "iso_currency_code": "USD",
}
ACCOUNT: dict[str, Any] = {"account_id": "a1", "name": "Everyday", "mask": "1234", "subtype": "checking"}


def read(type_: Any, row: dict[str, Any]) -> Any:
    """The row as it comes over the wire: decimals are JSON numbers."""
    body = msgspec.json.Encoder(decimal_format="number").encode(row)
    return http.decoded(httpx.Response(200, content=body), type_)


# --- webhooks ------------------------------------------------------------------------------------


async def test_plaid_is_heard_only_when_it_signed_just_now_and_once(bank: SandboxBank) -> None:
    done = await linked()
    told_of = bank.control("plaid/webhook", {"code": "SYNC_UPDATES_AVAILABLE"})
    headers = {name.lower(): value for name, value in told_of["headers"].items()}
    body = told_of["body"].encode()

    async def heard(signature: str = "", content: bytes = body) -> list[str]:
        given = headers | ({"plaid-verification": signature} if signature else {})
        return [news.subject for news in await CONNECTOR.hear(reached, given, content)]

    kid = jwt.get_unverified_header(headers["plaid-verification"])["kid"]
    claims = jwt.decode(headers["plaid-verification"], options={"verify_signature": False})
    forger = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims, forger, algorithm="ES256", headers={"kid": kid})
    shared = jwt.encode(claims, "k" * 32, algorithm="HS256", headers={"kid": kid})
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
    old = bank.control("plaid/webhook", {"code": "SYNC_UPDATES_AVAILABLE", "age": 400})
    idle = bank.control("plaid/webhook", {"code": "RECURRING_TRANSACTIONS_UPDATE"})
    for signature, content in [
        (forged, body),
        (shared, body),
        (unsigned, body),
        ("no.jwt", body),
        ("x" * 5000, body),
        ("", body + b" "),
        (old["headers"]["Plaid-Verification"], old["body"].encode()),
        (idle["headers"]["Plaid-Verification"], idle["body"].encode()),
    ]:
        assert await heard(signature, content) == []

    before = bank.control("log")["counts"].get("pages", 0)
    for number in range(30):  # each names a key that does not exist
        flood = jwt.encode(claims, forger, algorithm="ES256", headers={"kid": f"kid-{number}"})
        assert await heard(flood) == []
    assert bank.control("log")["counts"]["pages"] - before <= 5

    assert await heard() == [done.subject]  # its key is known since the forged ones
    assert await heard() == []


# --- units, pieces, cancellations ----------------------------------------------------------------

BALANCES: dict[str, Any] = {"current": 1, "available": None, "limit": None, "iso_currency_code": None}
ANSWERS: dict[str, Any] = {
    "/item/get": {"item": {"item_id": "i", "products": ["transactions", "investments"]}},
    "/accounts/get": {
        "accounts": [
            ACCOUNT | {"type": "depository", "balances": BALANCES | {"unofficial_currency_code": "BTC"}},
            ACCOUNT | {"account_id": "a2", "type": "depository", "balances": BALANCES},
            ACCOUNT
            | {"account_id": "a3", "type": "investment", "balances": BALANCES | {"iso_currency_code": "CHF"}},
        ]
    },
    "/investments/holdings/get": {
        "holdings": [
            {
                "account_id": "a3",
                "security_id": name,
                "quantity": 2,
                "institution_price": 3,
                "institution_value": 6,
            }
            for name in ("s1", "s1", "s2", "cash", "cash")
        ],
        "securities": [
            {"security_id": "s1", "type": "equity"},
            {"security_id": "s2", "type": "equity", "unofficial_currency_code": "ETH"},
            {"security_id": "s9", "type": "equity"},
            {"security_id": "cash", "type": "cash"},
        ],
    },
    "/investments/transactions/get": {
        "investment_transactions": [
            ACTIVITY
            | {
                "account_id": "a3",
                "iso_currency_code": None,
                "type": "cancel",
                "subtype": "buy",
                "amount": 5,
                "quantity": 0,
            }
            | {"cancel_transaction_id": "i0"},
        ],
        "securities": [],
        "total_investment_transactions": 1,
    },
    "/transactions/sync": {
        "added": [
            ROW | {"account_id": name, "amount": 1, "pending": False, "iso_currency_code": None}
            for name in ("a1", "a2")
        ],
        "modified": [],
        "removed": [],
        "next_cursor": "c",
        "has_more": False,
    },
}


async def pulled_from(changes: dict[str, dict[str, Any]]) -> Pulled:
    """A pull of the answers above, with these changes to them, by path."""

    def told(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        answer = ANSWERS[path] | changes.get(path, {})
        return httpx.Response(200, content=msgspec.json.Encoder(decimal_format="number").encode(answer))

    pulled = Pulled()
    async with httpx.AsyncClient(
        base_url="https://plaid.example", transport=httpx.MockTransport(told)
    ) as client:
        pulled.land([batch async for batch in CONNECTOR.pull(client, wanted())])
    return pulled


async def test_t13_what_an_institution_leaves_open_at_plaid_is_unknown_and_the_rest_is_read() -> None:
    line = {"account_id": "a3", "security_id": "s1", "quantity": 2, "institution_price": None}
    euros = {"security_id": "eur", "quantity": 100, "institution_price": Decimal("1.08")}
    euros |= {"iso_currency_code": "USD", "institution_value": 108}
    securities = [{"security_id": "s1", "type": "equity"}, {"security_id": "eur", "type": "cash"}]
    listed = [line | {"institution_value": None}, line | euros]
    row = ACTIVITY | {"account_id": "a3", "type": "cash", "subtype": None, "amount": 5, "price": None}
    pulled = await pulled_from({"/investments/holdings/get": {"holdings": listed, "securities": securities}})
    [held] = pulled.holdings["a3"].holdings
    assert (held.quantity, held.price, held.market_value) == (Decimal(2), None, None)
    assert pulled.accounts["a3"].pockets == (("USD", Decimal(108)),)
    record = reading.activity(read(answers.Activity, row))
    assert (record.amount, record.quantity, record.price) == (Decimal(-5), None, None)
    assert (record.kind, record.source_code) == ("unknown", "cash")


async def test_t13_a_row_that_is_gone_is_gone_though_plaid_does_not_say_from_where() -> None:
    added = [ROW | {"transaction_id": name, "amount": 1, "pending": False} for name in ("t1", "t2", "t3")]
    gone = [{"transaction_id": "t1", "account_id": "a1"}, {"transaction_id": "t3"}]
    pulled = await pulled_from({"/transactions/sync": {"added": added, "removed": gone}})
    assert pulled.batches[-1].gone["a1"] == ["t1", "t3"]


async def test_t13_rows_of_accounts_that_plaid_does_not_list_are_counted() -> None:
    strays = [ROW | {"account_id": name, "amount": 1, "pending": False} for name in ("a1", "a9", "a9")]
    traded = [ACTIVITY | {"account_id": "a9", "amount": 5, "quantity": 1}]
    pulled = await pulled_from(
        {
            "/transactions/sync": {"added": strays[:2], "modified": strays[2:]},
            "/investments/transactions/get": {"investment_transactions": traded},
        }
    )
    assert [batch.notices.get("account not listed") for batch in pulled.batches] == [None, 1, 2]


async def test_t13_what_names_no_currency_has_its_accounts_and_pieces_of_a_position_are_one() -> None:
    pulled = await pulled_from({})
    assert {name: account.currency for name, account in pulled.accounts.items()} == {"a1": "BTC", "a3": "CHF"}
    assert {name: error.code for name, error in pulled.troubles.items()} == {"a2": "unknown_currency"}  # type: ignore[attr-defined]
    assert {row.currency for rows in pulled.rows.values() for row in rows.values()} == {"BTC", "CHF"}
    held = pulled.holdings["a3"]
    assert {each.security_id: (each.quantity, each.market_value) for each in held.holdings} == {
        "s1": (Decimal(4), Decimal(12)),
        "s2": (Decimal(2), Decimal(6)),
    }
    assert {each.id: each.currency for each in held.securities} == {"s1": "CHF", "s2": "ETH"}
    [cancelled] = pulled.posted("a3")
    assert (cancelled.kind, cancelled.source_code, cancelled.details) == (
        "unknown",
        "cancel/buy",
        {"event": "cancelled:i0"},
    )
    assert all(money == ("CHF", Decimal(4)) for money in pulled.accounts["a3"].pockets)
