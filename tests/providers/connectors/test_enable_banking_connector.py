"""Enable Banking's connector against the vendor's dialect over real HTTP."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import cycle, repeat
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import User
from providers import wiring
from providers.connectors.contract.batches import StartAgain
from providers.connectors.contract.institutions import Institution
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Visit
from providers.connectors.enable_banking import EnableBankingConnector, answers, reading
from providers.errors import (
    AuthorizationDenied,
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreadable,
)
from providers.simulator.process import SandboxBank
from providers.wire import http
from providers.wire.grants import Grant
from tests.providers.connectors import toys
from tests.providers.connectors.household import SIGNS, Pulled, pull, since, told, truth, wanted
from tests.providers.wire.canned import answer

CONNECTOR = EnableBankingConnector()
BACK = "https://dashtam.example/providers/enable-banking/callback"
PAYMENT_ACCOUNTS = tuple(kind for kind in SIGNS if kind != "BROKERAGE")
HERE = {"Address": "203.0.113.9", "User-Agent": "Firefox"}


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(autouse=True)
def _application(bank: SandboxBank, settings: Any) -> None:
    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    httpx.post(f"{bank.url}/enable-banking/applications", json={"application": "app-1", "key": public})
    settings.ENABLE_BANKING_URL = f"{bank.url}/enable-banking"
    settings.ENABLE_BANKING_APPLICATION_ID = "app-1"
    settings.ENABLE_BANKING_PRIVATE_KEY = private


def reached(url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
    return reach(CONNECTOR, url, grant)


async def to_the_bank(renews: Grant | None = None) -> Visit:
    """The questions answered, up to the bank's page."""
    if renews is None:
        first = await CONNECTOR.link(reached, Said())
        assert isinstance(first, Ask)
        second = await CONNECTOR.link(reached, Said({"country": "FI", "psu_type": "personal"}))
        assert isinstance(second, Ask)
        assert ("Sandbox Bank", "Sandbox Bank") in second.fields[0].choices
        said = Said({"bank": "Sandbox Bank"}, kept=second.kept, state="st", redirect_uri=BACK)
    else:
        said = Said(state="st", redirect_uri=BACK, renews=renews)
    page = await CONNECTOR.link(reached, said)
    assert isinstance(page, Visit)
    return page


async def test_t10_names_of_banks_are_measured_and_shown_without_controls(ana: User, settings: Any) -> None:
    names = ["Pier \u202eBank", "x" * 100_000, "a" + "\u0315" * 500_000 + "\u0316" * 500_000]
    listed = [{"name": name, "country": "FI", "maximum_consent_validity": 86400} for name in names]
    body = json.dumps({"aspsps": listed})
    async with toys.open_for_business(lambda _: answer(body)) as place:
        settings.ENABLE_BANKING_URL = place.url
        asked = await CONNECTOR.link(reached, Said({"country": "FI", "psu_type": "personal"}))
        assert isinstance(asked, Ask)
        assert asked.fields[0].choices == (("Pier \u202eBank", "Pier Bank"),)
        found = await wiring.institution_service().find(user_id=ana.id, search="pier")
    [behind] = [each for each in found if each.provider == "enable-banking"]
    assert behind.institutions == [Institution("Pier Bank", "FI")]


async def decided(page: Visit, decision: str = "approve") -> Said:
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(page.url, data={"customer": "ana", "decision": decision})
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert query["state"] == "st"
    return Said(query=query, kept=page.kept)


async def linked(renews: Grant | None = None) -> Grant:
    done = await CONNECTOR.link(reached, await decided(await to_the_bank(renews)))
    assert isinstance(done, Done)
    return done.grant


async def test_enable_banking_brings_the_household_and_knows_it_again_in_a_new_session(
    bank: SandboxBank,
) -> None:
    grant = await linked()
    assert grant.ends_at is not None
    assert timedelta(days=179) < grant.ends_at - datetime.now(UTC) <= timedelta(days=180)
    pulled = await pull(CONNECTOR, grant)
    for mask, own in truth(bank, PAYMENT_ACCOUNTS).items():
        assert told(pulled, mask) == own, mask
    rows = [row for rows in pulled.rows.values() for row in rows.values()]
    assert all(row.source_code and row.kind != "unknown" for row in rows)
    assert all(row.id for row in rows if row.status == "posted")

    renewed = await linked(renews=grant)
    assert CONNECTOR.replaces(grant, renewed)
    again = await pull(CONNECTOR, renewed)
    assert again.accounts.keys() == pulled.accounts.keys()
    handles = [{account.handle for account in each.accounts.values()} for each in (pulled, again)]
    assert not handles[0] & handles[1]
    await CONNECTOR.revoke(reached, grant)
    with pytest.raises(ConsentEnded):
        await pull(CONNECTOR, grant)


async def test_enable_banking_asks_a_shorter_period_and_no_more_than_four_times_a_day(
    bank: SandboxBank,
) -> None:
    grant = await linked()
    await pull(CONNECTOR, grant, present=HERE)
    bank.control("advance", {"days": 1})  # the person has long gone: no bank goes back further than 90 days
    far = date.today() - timedelta(days=400)  # noqa: DTZ011
    pulled = await pull(CONNECTOR, grant, first=far)
    shorter = date.today() - timedelta(days=89)  # noqa: DTZ011
    covers = [cover for batch in pulled.batches for cover in batch.covers]
    assert {cover.first for cover in covers} == {shorter}
    assert told(pulled, "4417")["posted"] == since(bank, "4417", shorter)

    for _ in range(2):
        await pull(CONNECTOR, grant, first=far)
    spent = await pull(CONNECTOR, grant, first=far)
    assert {type(error) for error in spent.troubles.values()} == {ProviderRateLimited}
    assert covers_nothing(spent.batches)
    there = await pull(CONNECTOR, grant, first=far, present=HERE)
    assert not there.troubles
    assert told(there, "4417")["posted"] == since(bank, "4417", far)


def covers_nothing(batches: list[Any]) -> bool:
    return not any(batch.covers for batch in batches)


async def test_psu_headers_are_sent_all_or_not_at_all(bank: SandboxBank) -> None:
    grant = await linked()
    half = await pull(CONNECTOR, grant, present={"Address": "203.0.113.9"})
    assert not half.troubles  # the bank refuses half of them
    assert len(half.accounts) == 4


@pytest.mark.parametrize(
    ("status", "code"),
    [("EXPIRED", "consent_expired"), ("REVOKED", "revoked_by_user"), ("CLOSED", "consent_ended")],
)
async def test_a_session_that_has_ended_asks_for_the_person(
    bank: SandboxBank, status: str, code: str
) -> None:
    grant = await linked()
    bank.control("enable-banking/sessions", {"status": status})
    with pytest.raises(ConsentEnded) as ended:
        await pull(CONNECTOR, grant)
    assert ended.value.code == code


async def test_a_customer_who_says_no_is_no_customer(bank: SandboxBank) -> None:
    said = await decided(await to_the_bank(), "deny")
    with pytest.raises(AuthorizationDenied):
        await CONNECTOR.link(reached, said)


@pytest.mark.parametrize(
    ("path", "status", "code", "error"),
    [
        ("/accounts/x/balances", 401, "ASPSP_ACCOUNT_NOT_ACCESSIBLE", ProviderRefused),
        ("/accounts/x/balances", 404, "ACCOUNT_DOES_NOT_EXIST", ProviderRefused),
        ("/accounts/x/balances", 401, "A_WORD_OF_2031", ProviderRefused),
        ("/accounts/x/balances", 401, "EXPIRED_SESSION", ConsentEnded),
        ("/accounts/x/balances", 400, "ASPSP_PSU_ACTION_REQUIRED", ConsentEnded),
        ("/accounts/x/balances", 429, "ASPSP_RATE_LIMIT_EXCEEDED", ProviderRateLimited),
        ("/accounts/x/balances", 400, "ASPSP_ERROR", ProviderUnavailable),
        ("/accounts/x/balances", 408, "ASPSP_TIMEOUT", ProviderUnavailable),
        ("/sessions/s", 404, "SESSION_DOES_NOT_EXIST", ConsentEnded),
        ("/sessions/s", 422, "WRONG_REQUEST_PARAMETERS", ProviderRefused),
        ("/sessions/s", 401, "UNAUTHORIZED_ACCESS", ProviderRefused),
        ("/sessions/s", 500, "A_WORD_OF_2031", None),
    ],
)
def test_enable_banking_names_its_errors(
    path: str, status: int, code: str, error: type[ProviderError] | None
) -> None:
    asked = httpx.Request("GET", f"https://api.enablebanking.com{path}")
    found = CONNECTOR.fault(httpx.Response(status, json={"message": None, "error": code}, request=asked))
    assert (type(found) if found else None) is error


# --- signs and decimals --------------------------------------------------------------------------

ROW: dict[str, Any] = {
    "transaction_amount": {"currency": "EUR", "amount": "12.50"},
    "credit_debit_indicator": "DBIT",
    "status": "BOOK",
    "booking_date": "2026-03-01",
    "entry_reference": "r1",
}
TODAY = date(2026, 3, 2)


def read(row: dict[str, Any]) -> answers.Transaction:
    return http.decoded(httpx.Response(200, content=msgspec.json.encode(row)), answers.Transaction)


@examples(max_examples=40, deadline=None)
@given(
    amount=st.decimals(0, 10**12, places=2),
    minus=st.booleans(),
    way=st.sampled_from(["CRDT", "DBIT"]),
    status=st.sampled_from(["BOOK", "PDNG", "HOLD"]),
)
def test_signs_and_decimals_of_enable_banking_survive(
    amount: Decimal,
    minus: bool,
    way: str,
    status: str,
) -> None:
    text = f"{'-' if minus else ''}{amount:f}"
    row = ROW | {"transaction_amount": {"currency": "EUR", "amount": text}, "credit_debit_indicator": way}
    record = reading.transaction(read(row | {"status": status}), TODAY, trusted=True)
    assert record.amount == (amount if way == "CRDT" else -amount)
    assert record.amount.as_tuple().exponent == -2
    assert record.status == ("posted" if status == "BOOK" else "pending")


def test_references_that_two_rows_share_identify_neither_and_rows_without_money_are_counted() -> None:
    listed = [read(ROW), read(ROW | {"transaction_amount": {"currency": "EUR", "amount": "1"}})]
    listed += [read(ROW | {"status": status}) for status in ("SCHD", "RJCT", "RJCT")]
    rows, left_out = reading.rows(listed, "FI:Bank", TODAY)
    assert [row.id for row in rows] == ["", ""]
    assert left_out == {"status SCHD": 1, "status RJCT": 2}


def test_a_pending_row_without_a_day_is_of_today_and_a_booked_one_is_unreadable() -> None:
    undated = ROW | {"booking_date": None}
    assert reading.transaction(read(undated | {"status": "PDNG"}), TODAY, trusted=True).date == TODAY
    with pytest.raises(ProviderUnreadable):
        reading.transaction(read(undated), TODAY, trusted=True)


def test_a_balance_is_the_booked_one_in_the_accounts_own_currency() -> None:
    def stated(type_: str, amount: str, unit: str = "EUR") -> answers.Balance:
        return answers.Balance(answers.Amount(unit, amount), type_, reference_date=date(2026, 3, 1))

    listed = answers.SessionAccount("u", "hash")
    details = answers.Details("CACC", "EUR", answers.Number("FI21 1234 5600 0007 85"), name="Käyttötili")
    told_ones = [
        stated("XPCD", "9"),
        stated("CLBD", "-10.50"),
        stated("ITAV", "7"),
        stated("CLBD", "3", "SEK"),
    ]
    account = reading.account(listed, details, told_ones, "Bank", datetime(2026, 3, 2, tzinfo=UTC))
    assert (account.current, account.available, account.mask) == (Decimal("-10.50"), Decimal(7), "0785")
    assert (account.day, account.pockets) == (date(2026, 3, 1), (("SEK", Decimal(3)),))
    assert reading.iban_alias("fi2112345600000785") in account.aliases


@pytest.mark.parametrize(
    ("units", "currency", "current", "pockets"),
    [
        (["SEK"], "SEK", Decimal(1), ()),
        (["SEK", "EUR"], "XXX", None, (("SEK", Decimal(1)), ("EUR", Decimal(1)))),
        ([], "XXX", None, ()),
    ],
)
def test_t13_an_account_of_no_currency_has_that_of_its_balances(
    units: list[str], currency: str, current: Decimal | None, pockets: tuple[tuple[str, Decimal], ...]
) -> None:
    balances = [answers.Balance(answers.Amount(unit, "1"), "CLBD") for unit in units]
    listed, details = answers.SessionAccount("u", "hash"), answers.Details("CACC", "XXX")
    account = reading.account(listed, details, balances, "Bank", datetime.now(UTC))
    assert (account.currency, account.current, account.pockets) == (currency, current, pockets)


def test_t13_a_booked_row_without_a_day_is_counted_and_the_others_are_read() -> None:
    listed = [read(ROW), read(ROW | {"booking_date": None, "entry_reference": "r2"})]
    rows, left_out = reading.rows(listed, "FI:Bank", TODAY)
    assert ([row.id for row in rows], left_out) == (["r1"], {reading.NO_DAY: 1})


# --- sessions and pages that only other banks have ------------------------------------------------

AT = "https://enable.example/sessions/s"


async def read_from(pages: Iterator[str | None], **uids: str) -> Pulled:
    """A pull of accounts of one number, each in its currency, whose pages have these keys."""
    numbered = {"identification_hash": "h", "identification_hashes": ["h"]}
    session = {
        "status": "AUTHORIZED",
        "aspsp": {"name": "Bank", "country": "FI"},
        "accounts_data": [numbered | {"uid": uid} for uid in uids],
    }

    def told_by(request: httpx.Request) -> httpx.Response:
        *_, uid, word = request.url.path.split("/")
        unit = uids.get(uid, "")
        if word == "details":
            return httpx.Response(200, json={"cash_account_type": "CACC", "currency": unit})
        if word == "balances":
            balance = {"balance_amount": {"currency": unit, "amount": "1"}, "balance_type": "CLBD"}
            return httpx.Response(200, json={"balances": [balance]})
        if word == "transactions":
            return httpx.Response(200, json={"transactions": [ROW], "continuation_key": next(pages)})
        return httpx.Response(200, json=session)

    pulled = Pulled()
    async with httpx.AsyncClient(base_url=AT, transport=httpx.MockTransport(told_by)) as client:
        pulled.land([batch async for batch in CONNECTOR.pull(client, wanted(first=date(2026, 2, 1)))])
    return pulled


async def test_t13_accounts_that_share_a_number_are_told_apart_by_their_currencies() -> None:
    alone = await read_from(repeat(None), u1="EUR")
    assert alone.accounts.keys() == {"h"}
    both = await read_from(repeat(None), u1="EUR", u2="USD")
    assert {name: each.handle for name, each in both.accounts.items()} == {"h:EUR": "u1", "h:USD": "u2"}
    assert both.rows.keys() == {"h:EUR", "h:USD"}


async def test_t13_pages_whose_keys_come_again_have_no_end() -> None:
    assert not (await read_from(iter(["a", "b", None]), u1="EUR")).troubles
    for keys in ("a", "ab"):
        with pytest.raises(StartAgain):
            await read_from(cycle(keys), u1="EUR")


@pytest.mark.parametrize(
    ("stated", "current", "available"),
    [
        ([("CLBD", "1", 27), ("CLBD", "2", 28), ("CLBD", "3", 26)], "2", None),
        ([("FWAV", "9", 28), ("FWAV", "8", 27), ("OTHR", "7", 28)], None, "8"),
        ([("CLBD", "1", None), ("CLBD", "2", 1), ("CLAV", "4", 2), ("ITAV", "3", 1)], "2", "3"),
    ],
)
def test_t13_of_several_days_the_last_balance_counts_and_the_nearest_forecast(
    stated: list[tuple[str, str, int | None]], current: str | None, available: str | None
) -> None:
    listed = answers.SessionAccount("u", "hash")
    balances = [
        answers.Balance(
            answers.Amount("EUR", amount), type_, reference_date=date(2026, 2, day) if day else None
        )
        for type_, amount, day in stated
    ]
    found = reading.account(listed, answers.Details("CACC", "EUR"), balances, "Bank", datetime.now(UTC))
    assert (found.current, found.available) == tuple(text and Decimal(text) for text in (current, available))
