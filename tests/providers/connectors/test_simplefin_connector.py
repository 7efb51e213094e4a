"""SimpleFIN's connector against a bridge over the household's banks, and against odd answers."""

import base64
import functools
import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import connectors, wiring
from providers.connections.models import Connection
from providers.connectors.contract.batches import CONNECTION, Wanted
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Step
from providers.connectors.simplefin import SimpleFinConnector
from providers.connectors.simplefin.answers import account_set
from providers.connectors.simplefin.connector import batch, windows
from providers.connectors.simplefin.troubles import troubles
from providers.errors import (
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderRateLimited,
    ProviderUnreadable,
)
from providers.ledger.models import FinancialAccount, Transaction
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.sync.test_sync import sync

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TODAY = NOW.date()
SIGNS = {"CHECKING": 1, "SAVINGS": 1, "CREDIT_CARD": -1, "MORTGAGE": -1, "BROKERAGE": 1}
TYPES = {
    "CHECKING": "depository",
    "SAVINGS": "depository",
    "CREDIT_CARD": "credit",
    "MORTGAGE": "loan",
    "BROKERAGE": "investment",
}
MASKS = {
    "CHECKING": "4417",
    "SAVINGS": "9020",
    "CREDIT_CARD": "7781",
    "MORTGAGE": "0356",
    "BROKERAGE": "5562",
}


def token(bank: SandboxBank) -> str:
    return str(bank.control("simplefin/token", {"customer": "ana"})["token"])


def link(**said: Any) -> Any:
    connector = connectors.get("simplefin")
    return connector.link(functools.partial(reach, connector), Said(**said))


async def linked(bank: SandboxBank) -> Done:
    step: Step = await link(answers={"token": token(bank)})
    assert isinstance(step, Done)
    return step


@pytest.mark.django_db(transaction=False)
async def test_t13_the_household_comes_through_the_bridge_with_its_own_numbers(
    ana: User, bank: SandboxBank
) -> None:
    started = await wiring.connection_service().start(
        user_id=ana.id, provider="simplefin", credentials={"token": token(bank)}
    )
    connection = await Connection.objects.aget(id=started.connection.id)
    run = await sync(connection)
    assert (run.state, run.accounts_done, run.error_code) == (SyncRun.State.SUCCEEDED, 5, "")
    accounts = {each.mask: each async for each in FinancialAccount.objects.filter(connection=connection)}
    for row in bank.control("truth?customer=ana")["accounts"]:
        account, kind = accounts[MASKS[row["kind"]]], row["kind"]
        assert (account.type, account.balance_current) == (TYPES[kind], SIGNS[kind] * Decimal(row["current"]))
        pending = Transaction.objects.filter(account=account, status="pending")
        amounts = [each.amount async for each in pending]
        assert (len(amounts), sum(amounts, Decimal(0))) == (
            row["pending"]["count"],
            Decimal(row["pending"]["sum"]),
        )
        posted = Transaction.objects.filter(account=account, status="posted")
        amounts = [each.amount async for each in posted]
        # The books are two years long, and eight windows of 90 days reach nearly as far.
        assert 0 < len(amounts) <= row["posted"]["count"]
    assert bank.control("log")["counts"]["accounts"] <= 10
    again = await sync(connection)
    assert (again.state, again.added, again.removed) == (SyncRun.State.SUCCEEDED, 0, 0)
    bank.control("advance", {"days": 9})
    later = await sync(connection)
    assert later.added > 0
    await run_db(_all_once, connection)


def _all_once(connection: Connection) -> None:
    for account in FinancialAccount.objects.filter(connection=connection):
        rows = Transaction.objects.filter(account=account).values_list("provider_transaction_id", flat=True)
        assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [("payment", PaymentRequired), ("revoked", ConsentEnded), ("blocked", ProviderRateLimited)],
)
async def test_t13_a_plan_a_revocation_and_a_wall_are_three_states(
    bank: SandboxBank, scenario: str, expected: type[ProviderError]
) -> None:
    connector, done = connectors.get("simplefin"), await linked(bank)
    bank.control("simplefin/scenario", {"customer": "ana", "scenario": scenario})
    async with reach(connector, grant=done.grant) as client:
        with pytest.raises(expected):
            async for _ in connector.pull(client, Wanted(first=TODAY - timedelta(days=5), last=TODAY)):
                pass


@pytest.mark.parametrize("scenario", ["partial", "old"])
async def test_t13_trouble_at_one_bank_and_a_server_of_version_1_leave_the_rest_alone(
    bank: SandboxBank, scenario: str
) -> None:
    connector, done = connectors.get("simplefin"), await linked(bank)
    bank.control("simplefin/scenario", {"customer": "ana", "scenario": scenario})
    async with reach(connector, grant=done.grant) as client:
        pulled = [
            each
            async for each in connector.pull(client, Wanted(first=TODAY - timedelta(days=30), last=TODAY))
        ]
    [found] = pulled
    assert found.accounts is not None
    assert len(found.accounts) == 5
    codes = {name: (error.code, bool(error.detail)) for name, error in found.troubles.items()}
    if scenario == "old":
        assert (codes, len(found.covers)) == ({}, 5)
        return
    first, broker = found.accounts[0], found.accounts[-1]
    assert codes == {
        broker.institution: ("attention_needed", True),
        first.id: ("told_by_server", True),
    }
    assert {each.account for each in found.covers} == {each.id for each in found.accounts} - {
        first.id,
        broker.id,
    }


async def test_t13_a_setup_token_works_once_and_its_second_use_is_a_warning(bank: SandboxBank) -> None:
    asked = await link()
    assert isinstance(asked, Ask)
    assert [field.name for field in asked.fields] == ["token"]
    given = token(bank)
    done = await link(answers={"token": f" {given[:20]}\n{given[20:]} "})
    assert isinstance(done, Done)
    secrets = done.grant.secrets
    assert secrets["password"] not in repr(done)
    assert secrets["password"] not in done.grant.origin
    with pytest.raises(CredentialsRefused) as used:
        await link(answers={"token": given})
    assert "somebody else may have it" in used.value.errors[0].detail
    again = await link(answers={"token": token(bank)}, renews=done.grant)
    assert isinstance(again, Done)
    assert again.subject == done.subject  # the same accounts, so the same person
    for wrong in (
        "no token",
        base64.b64encode(b"ftp://bridge.example/claim").decode(),
        "https://bridge.example",
    ):
        with pytest.raises((CredentialsRefused, ProviderError)):
            await link(answers={"token": wrong})


async def test_t13_access_that_was_claimed_is_kept_while_the_bridge_does_not_answer(
    bank: SandboxBank,
) -> None:
    bank.control("faults", {"target": "accounts", "mode": "status_500", "times": 3})
    step = await link(answers={"token": token(bank)})
    assert isinstance(step, Ask)
    assert step.kept["access"] not in repr(step)
    assert isinstance(await link(answers={"again": "yes"}, kept=step.kept), Done)


# --- answers, as pure functions ---------------------------------------------------------------------------------


def one_account(**more: Any) -> dict[str, Any]:
    row = {
        "id": "A",
        "conn_id": "C1",
        "name": "Checking",
        "currency": "EUR",
        "balance": "1.00",
        "balance-date": 0,
    }
    return {"errlist": [], "accounts": [row | more]}


decimals = st.decimals(min_value="-1e15", max_value="1e15", places=4, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(decimals, st.booleans()), max_size=8), decimals)
@property_settings(max_examples=60)
def test_t13_signs_and_decimals_survive(rows: list[tuple[Decimal, bool]], balance: Decimal) -> None:
    listed = [
        {
            "id": str(n),
            "posted": 0 if waits else 1_764_000_000,
            "amount": format(amount, "f"),
            "description": "x",
        }
        for n, (amount, waits) in enumerate(rows)
    ]
    [found] = account_set(one_account(balance=format(balance, "f"), transactions=listed), NOW).found
    assert found.account.current == balance
    assert [(row.amount, row.status == "pending") for row in found.rows] == rows
    assert [str(row.amount.copy_abs()) for row in found.rows] == [
        str(amount.copy_abs()) for amount, _ in rows
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"amount": "1,5"}, "amount"),
        ({"amount": "1e"}, "amount"),
        ({"amount": "-"}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"posted": "yesterday"}, "posted"),
        ({"posted": 10**15}, "posted"),
    ],
)
def test_t13_a_row_that_cannot_be_read_is_counted_and_its_account_covers_nothing(
    bad: dict[str, Any], reason: str
) -> None:
    good = {"id": "1", "posted": 1_764_000_000, "amount": "-3.10", "description": "Tea"}
    read = account_set(one_account(transactions=[good, good | {"id": "2"} | bad]), NOW)
    made = batch(read, [], TODAY, TODAY, newest=True)
    assert [row.amount for row in made.rows["C1/A"]] == [Decimal("-3.10")]
    assert (made.covers, dict(made.notices)) == ([], {f"unread transactions: {reason}": 1})
    assert made.troubles["C1/A"].code == "provider_unreadable"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("-.5", "-0.5"),
        ("1e3", "1000"),
        ("+5.00", "5.00"),
        ("7.", "7"),
        ("25E-1", "2.5"),
        (Decimal("1E+2"), "100"),
    ],
)
def test_t13_an_amount_is_read_however_a_server_writes_the_number(written: Any, plain: str) -> None:
    row = {"id": "1", "posted": 1_764_000_000, "amount": written, "description": "Tea"}
    [found] = account_set(one_account(transactions=[row]), NOW).found
    assert [str(each.amount) for each in found.rows] == [plain]


def test_t13_servers_write_flags_units_and_errors_in_their_own_ways() -> None:
    row = {"id": "1", "posted": 1_764_000_000, "amount": "1", "description": "Tea"}
    waiting = [
        row | {"id": str(n), "pending": flag} for n, flag in enumerate((True, 1, "true", 0, "no", None))
    ]
    [found] = account_set(one_account(transactions=waiting, currency="eur"), NOW).found
    assert [each.status for each in found.rows] == ["pending"] * 3 + ["posted"] * 3
    assert found.account.currency == "EUR"
    [points] = account_set(one_account(currency="http://air.example/miles"), NOW).found
    assert points.account.currency.startswith("miles:")
    beside = one_account() | {"errors": ["Connection to Bank may need attention"]}
    assert [each.error.code for each in troubles(beside)] == ["attention_needed"]
    alone: dict[str, Any] = {"errlist": [{"code": "gen.auth", "msg": "Gone"}], "accounts": None}
    made = batch(account_set(alone, NOW), list(troubles(alone)), TODAY, TODAY, newest=True)
    assert {name: error.code for name, error in made.troubles.items()} == {CONNECTION: "consent_ended"}
    with pytest.raises(ProviderUnreadable):
        account_set({"errlist": []}, NOW)


@pytest.mark.parametrize(
    ("item", "place", "code"),
    [
        ({"code": "con.auth", "msg": "Sign in", "conn_id": "C1"}, "C1", "attention_needed"),
        ({"code": "con.new", "msg": "Hm", "conn_id": "C1"}, "C1", "told_by_server"),
        ({"code": "con.auth", "msg": "m", "conn_id": "C9"}, "C9", "attention_needed"),
        ({"code": "act.missingdata", "msg": "m", "account_id": "A"}, "C1/A", "incomplete"),
        ({"code": "act.failed", "msg": "m", "account_id": "A", "conn_id": "C2"}, "C2", "told_by_server"),
        ({"code": "gen.auth", "msg": "m", "conn_id": "C1"}, CONNECTION, "consent_ended"),
        ({"code": "gen.", "msg": "m"}, CONNECTION, "told_by_server"),
        ({"code": 7}, CONNECTION, "told_by_server"),
        ({"description": "odd"}, CONNECTION, "told_by_server"),
        ("a sentence", CONNECTION, "told_by_server"),
        (None, CONNECTION, "told_by_server"),
    ],
)
def test_t13_errors_are_troubles_of_an_account_a_bank_or_all(item: Any, place: str, code: str) -> None:
    answer = one_account() | {"errlist": [item]}
    made = batch(account_set(answer, NOW), list(troubles(answer)), TODAY, TODAY, newest=True)
    assert {name: error.code for name, error in made.troubles.items()} == {place: code}


def test_t13_a_servers_own_words_show_no_address_and_no_number() -> None:
    said = {
        "code": "con.auth",
        "msg": "See https://bank.example/?t=s3cret for 123456789\x1b[31m " + "x" * 500,
    }
    [trouble] = troubles({"errlist": [said], "accounts": []})
    assert trouble.error.detail.startswith("See … for …")
    assert len(trouble.error.detail) <= 200
    assert "\x1b" not in trouble.error.detail


def test_t13_an_account_id_is_unique_within_its_connection_only() -> None:
    rows = [one_account(conn_id=conn)["accounts"][0] for conn in ("C1", "C2")]
    found = account_set({"errlist": [], "accounts": rows}, NOW).found
    assert [(each.account.id, each.account.handle, each.account.aliases) for each in found] == [
        ("C1/A", "A", ()),
        ("C2/A", "A", ()),
    ]


@pytest.mark.parametrize(
    ("basis", "paid", "total"),
    [("500.00", "5.00", "500.00"), ("5.00", "5.00", "500.00"), ("500.00", "0.00", None), ("0.00", "5", None)],
)
def test_t13_a_cost_is_of_all_units_or_unknown(basis: str, paid: str, total: str | None) -> None:
    held = {
        "id": "H",
        "symbol": "ABC",
        "shares": "100",
        "cost_basis": basis,
        "purchase_price": paid,
        "currency": "",
    }
    [found] = account_set(one_account(holdings=[held]), NOW).found
    assert found.holdings is not None
    [row] = found.holdings.holdings
    assert row.cost_basis == (None if total is None else Decimal(total))
    assert (row.market_value, row.price, row.currency) == (None, None, "EUR")


def test_t13_what_a_server_does_not_say_is_not_made_up() -> None:
    [found] = account_set(
        one_account(transactions=None, extra=None, **{"available-balance": None}), NOW
    ).found
    assert (found.account.available, found.holdings, found.rows, found.account.as_of) == (None, None, [], NOW)
    odd = one_account(name="Sunshine", currency="https://air.example/miles")
    [points] = account_set(odd, NOW).found
    assert (points.account.type, points.account.currency[:6]) == ("other", "miles:")


def test_t13_windows_are_90_days_long_the_newest_first() -> None:
    assert list(windows(date(2026, 9, 1), TODAY)) == [(date(2026, 9, 1), TODAY)]
    three = list(windows(date(2026, 6, 1), TODAY))
    assert [(last - first).days + 1 for first, last in three] == [90, 90, 2]
    assert all(newer[0] - older[1] == timedelta(days=1) for newer, older in itertools.pairwise(three))


def test_t13_only_a_page_of_a_protection_service_is_a_wall() -> None:
    page = {"Content-Type": "text/html"}
    fault = SimpleFinConnector().fault
    assert isinstance(fault(httpx.Response(403, headers=page, text="<h1>Forbidden</h1>")), ConsentEnded)
    assert isinstance(fault(httpx.Response(403, headers=page, text="Cloudflare")), ProviderRateLimited)
    assert isinstance(fault(httpx.Response(200, headers=page, text="Cloudflare")), ProviderRateLimited)
    assert fault(httpx.Response(200, json={"accounts": ["Cloudflare"]})) is None
