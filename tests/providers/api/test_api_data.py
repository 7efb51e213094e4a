"""The data over the API: shapes, pages, filters, and one 404 for rows that are missing or another person's."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import AsyncClient

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_balances, apply_holdings, upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from providers.records import BalanceRecord, HoldingRecord, HoldingsRecord, SecurityRecord
from providers.sync.models import SyncRun
from tests.accounts.conftest import QUICK_HASH, Api
from tests.providers.imports.test_imports import line, statement
from tests.providers.ledger.test_ingest import NOON, account_record, pending, row

pytestmark = pytest.mark.django_db
BOUNDARY = "a-boundary"


@pytest.fixture
def settings(settings: Any) -> Any:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]
    return settings


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    """An investment account with rows, holdings and history."""
    connection = Connection.objects.create(user=ana, provider="sandbox", state="active")
    account = apply_accounts(connection, [account_record(type="investment", current="1000")], NOON)[0]
    days = [row(f"t{n}", f"{n}.5", date=date(2026, 3, 1) + timedelta(days=n)) for n in range(5)]
    upsert_transactions(account, [*days, pending("p", "-7", description="Café 100%")])
    held = HoldingRecord("s1", Decimal("2.50"), Decimal(10), Decimal(25), None, "USD")
    acme = SecurityRecord("s1", "ACME", "Acme Corp", "stock", "", "", "USD")
    apply_holdings(account, HoldingsRecord(NOON, [held], [acme]), NOON)
    apply_balances(account, [BalanceRecord(date(2026, 3, n), Decimal(n), None) for n in (1, 2, 3)])
    return account


async def signed_in(user: User) -> Api:
    await User.objects.filter(id=user.id).aupdate(password=QUICK_HASH)
    api = Api()
    await api.sign_in(user.email)
    return api


async def read(api: Api, path: str) -> Any:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


async def test_accounts_and_one_account(ana: User, account: FinancialAccount, settings: Any) -> None:
    api = await signed_in(ana)
    listed = await read(api, "accounts")
    assert listed["next_cursor"] is None
    assert listed["results"] == [await read(api, f"accounts/{account.id}")]
    found = listed["results"][0]
    assert (found["id"], found["type"], found["currency"]) == (str(account.id), "investment", "USD")
    assert found["balances"] == {
        "current": "1000.00",
        "available": None,
        "limit": None,
        "lacks": "",
        "as_of": "2026-03-09T12:00:00Z",
        "fetched_at": "2026-03-09T12:00:00Z",
        "source": "feed",
        "stale": True,
    }


async def test_transactions_page_by_page_and_one(ana: User, account: FinancialAccount, settings: Any) -> None:
    api = await signed_in(ana)
    seen: list[Any] = []
    cursor = ""
    while True:
        answer = await read(api, f"transactions?limit=2{cursor}")
        seen += answer["results"]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert [found["date"] for found in seen] == sorted((found["date"] for found in seen), reverse=True)
    assert len({found["id"] for found in seen}) == 6
    one = await read(api, f"transactions/{seen[0]['id']}")
    assert {name: one[name] for name in seen[0]} == seen[0]
    assert (one["hidden"], one["edited"], one["feed"]["category"]) == (False, [], seen[0]["category"])
    whole = await read(api, f"accounts/{account.id}/transactions?limit=500")
    assert whole["results"] == seen


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=pending", 1),
        ("q=caf%C3%A9", 6),
        ("q=100%25", 1),
        ("from=2026-03-03&to=2026-03-04", 2),
        ("min_amount=2.5&max_amount=3.50", 2),
        ("kind=unknown", 0),
        ("kind=purchase&min_amount=-7&max_amount=-7", 1),
    ],
)
async def test_filters(ana: User, account: FinancialAccount, settings: Any, query: str, count: int) -> None:
    api = await signed_in(ana)
    assert len((await read(api, f"transactions?{query}"))["results"]) == count
    assert len((await read(api, f"accounts/{account.id}/transactions?{query}"))["results"]) == count


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("transactions?from=2026-02-01&to=2026-01-01", "from"),
        ("transactions?from=yesterday", "from"),
        ("transactions?from=0001-01-01", "from"),
        ("transactions?to=2026-02-30", "to"),
        ("transactions?status=gone", "status"),
        ("transactions?kind=nothing", "kind"),
        ("transactions?min_amount=NaN", "min_amount"),
        ("transactions?min_amount=1e400", "min_amount"),
        ("transactions?min_amount=2&max_amount=1", "min_amount"),
        ("transactions?q=%00", "q"),
        ("transactions?limit=0", "limit"),
        ("transactions?limit=501", "limit"),
        ("transactions?cursor=nonsense", "cursor"),
        ("transactions?cursor=WyJhIiwiYiJd", "cursor"),
        ("transactions?sort=amount", "sort"),
        ("transactions?q=a&q=b", "q"),
        ("accounts?cursor=WyJhIl0", "cursor"),
        ("accounts?name=x", "name"),
        ("holdings?cursor=WyJhIiwiYiJd", "cursor"),
        ("net-worth?interval=hour", "interval"),
        ("net-worth?currency=usd", "currency"),
        ("net-worth?from=2026-02-01&to=2026-01-01", "from"),
        ("net-worth?from=1900-01-01&to=2200-12-31", "interval"),
        ("net-worth?from=2200-12-01", "from"),
    ],
)
async def test_wrong_parameters_are_named(ana: User, settings: Any, path: str, field: str) -> None:
    answer = await (await signed_in(ana)).get(path)
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_holdings_and_balances(ana: User, account: FinancialAccount, settings: Any) -> None:
    api = await signed_in(ana)
    holdings = await read(api, "holdings")
    assert holdings == await read(api, f"accounts/{account.id}/holdings")
    found = holdings["results"][0]
    assert (found["security"]["symbol"], found["quantity"], found["market_value"]) == ("ACME", "2.5", "25.00")
    days = await read(api, f"accounts/{account.id}/balances?from=2026-03-02&to=2026-03-08")
    assert [(day["date"], day["current"]) for day in days["results"]] == [
        ("2026-03-03", "3.00"),
        ("2026-03-02", "2.00"),
    ]
    first = await read(api, f"accounts/{account.id}/balances?limit=1")
    second = await read(api, f"accounts/{account.id}/balances?limit=1&cursor={first['next_cursor']}")
    assert [first["results"][0]["date"], second["results"][0]["date"]] == ["2026-03-09", "2026-03-03"]


async def test_net_worth(ana: User, account: FinancialAccount, settings: Any) -> None:
    api = await signed_in(ana)
    for _ in range(2):  # computed, then from the cache
        answer = await read(api, "net-worth?from=2026-03-01&to=2026-03-09&interval=week&currency=USD")
        assert answer == {
            "currency": "USD",
            "as_of": "2026-03-09T12:00:00Z",
            "total": "1000.00",
            "assets": "1000.00",
            "liabilities": "0.00",
            "rates": None,
            "unconverted": [],
            "unknown_accounts": 0,
            "derived_accounts": 0,
            "change": {
                "since": "2026-03-01",
                "until": "2026-03-09",
                "total": "999.00",
                "before": "1.00",
                "moved": "999.00",
                "added": "0.00",
                "added_accounts": 0,
                "left": "0.00",
                "left_accounts": 0,
            },
            "series": [
                {"date": "2026-03-01", "total": "1.00", "assets": "1.00", "liabilities": "0.00"},
                {"date": "2026-03-08", "total": "3.00", "assets": "3.00", "liabilities": "0.00"},
                {"date": "2026-03-09", "total": "1000.00", "assets": "1000.00", "liabilities": "0.00"},
            ],
        }
    elsewhere = await read(api, "net-worth?currency=EUR&to=2026-03-09")
    assert [elsewhere[name] for name in ("total", "assets", "liabilities", "rates")] == [None] * 4
    assert (elsewhere["unconverted"][0]["currency"], elsewhere["series"]) == ("USD", [])


async def test_asking_for_a_sync_and_seeing_it(ana: User, account: FinancialAccount, settings: Any) -> None:
    api = await signed_in(ana)
    path = f"connections/{account.connection_id}/syncs"
    asked, again = await api.post(path), await api.post(path)
    assert (asked.status_code, again.status_code) == (202, 202)
    assert asked.json() == again.json()
    assert asked.json()["state"] == "queued"
    runs = (await read(api, path))["results"]
    assert [(run["id"], run["state"], run["trigger"]) for run in runs] == [
        (asked.json()["id"], "queued", "manual")
    ]
    await SyncRun.objects.aupdate(state="failed")
    await Connection.objects.aupdate(state="revoked")
    refused = await api.post(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "connection_not_syncable")


async def test_what_is_somebody_elses_is_not_there(
    ana: User, ben: User, account: FinancialAccount, settings: Any
) -> None:
    api = await signed_in(ben)
    transaction = await Transaction.objects.filter(account=account).afirst()
    assert transaction is not None
    mine = [
        f"accounts/{account.id}",
        f"accounts/{account.id}/transactions",
        f"accounts/{account.id}/holdings",
        f"accounts/{account.id}/balances",
        f"transactions/{transaction.id}",
        f"connections/{account.connection_id}/syncs",
    ]
    for path in [*mine, f"accounts/{uuid4()}", f"imports/{uuid4()}", "accounts/1", "transactions/x"]:
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert (await api.post(f"connections/{account.connection_id}/syncs")).status_code == 404
    for path in ("accounts", "transactions", "holdings", "imports"):
        assert (await read(api, path))["results"] == []
    assert (await read(api, "net-worth"))["series"] == []


async def test_nothing_is_told_to_nobody(account: FinancialAccount) -> None:
    for path in ("accounts", "transactions", "holdings", "net-worth", "imports", f"accounts/{account.id}"):
        assert (await Api().get(path)).status_code == 401


# --- files ------------------------------------------------------------------------------------------------


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """A multipart body (RFC 7578) of (name, filename, content)."""
    body = b""
    for name, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def upload(
    api: Api, body: bytes, content_type: str = f"multipart/form-data; boundary={BOUNDARY}"
) -> Any:
    headers = {"authorization": f"Bearer {api.token}"}
    client = AsyncClient(raise_request_exception=False)
    return await client.generic("POST", "/api/v1/imports", body, content_type=content_type, headers=headers)


async def test_a_file_is_brought_in_and_told_of(ana: User, settings: Any) -> None:
    api = await signed_in(ana)
    answer = await upload(api, form(("file", "march.ofx", statement(line("1"), line("2", "x")))))
    assert answer.status_code == 201, answer.content
    done = answer.json()
    assert (done["state"], done["format"], done["added"], done["matched"]) == ("partial", "ofx1", 1, 0)
    assert set(done["rejected"][0]) == {"line", "reason"}
    assert (done["filename"], len(done["accounts"])) == ("march.ofx", 1)
    assert await read(api, f"imports/{done['id']}") == done
    assert (await read(api, "imports"))["results"] == [done]
    assert (await read(api, f"accounts/{done['accounts'][0]}"))["balances"]["current"] == "100.00"


async def test_a_file_into_an_account(ana: User, ben: User, account: FinancialAccount, settings: Any) -> None:
    body = form(
        ("file", "a.ofx", statement(line("1", "-1234"))), ("account_id", None, str(account.id).encode())
    )
    answer = await upload(await signed_in(ana), body)
    assert answer.json()["accounts"] == [str(account.id)]
    assert (await upload(await signed_in(ben), body)).status_code == 404


@pytest.mark.parametrize(
    ("parts", "status", "code", "field"),
    [
        ((), 400, "validation_failed", "file"),
        ((("file", None, b"not a file"),), 400, "validation_failed", "file"),
        ((("file", "empty.ofx", b""),), 400, "validation_failed", "file"),
        (
            (("file", "a", statement(line("1"))), ("file", "b", statement(line("2")))),
            400,
            "validation_failed",
            "file",
        ),
        ((("file", "a", statement(line("1"))), ("more", "b", b"x")), 400, "validation_failed", "file"),
        ((("file", "a", statement()), ("account_id", None, b"12")), 400, "validation_failed", "account_id"),
        ((("file", "a.pdf", b"%PDF-1.7"),), 422, "not_a_statement", None),
    ],
)
async def test_what_is_not_one_readable_file_is_refused(
    ana: User, settings: Any, parts: Any, status: int, code: str, field: str | None
) -> None:
    answer = await upload(await signed_in(ana), form(*parts))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])
    assert not await Transaction.objects.aexists()


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (statement(line("1")), "application/x-ofx", 415),
        (b"garbage", f"multipart/form-data; boundary={BOUNDARY}", 400),
        (b"garbage", "multipart/form-data", 400),
    ],
)
async def test_other_kinds_of_content_are_refused(
    ana: User, settings: Any, body: bytes, content_type: str, status: int
) -> None:
    answer = await upload(await signed_in(ana), body, content_type)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"


async def test_every_address_is_in_the_document() -> None:
    document = (await AsyncClient().get("/api/v1/openapi.json")).json()
    paths = document["paths"]
    for path in (
        *("accounts", "accounts/{id}", "accounts/{id}/transactions", "accounts/{id}/holdings"),
        *("accounts/{id}/balances", "transactions", "transactions/{id}", "holdings", "net-worth"),
        *("imports", "imports/{id}", "connections/{id}/syncs"),
    ):
        assert "200" in paths[f"/api/v1/{path}"]["get"]["responses"], path
    parameters = paths["/api/v1/transactions"]["get"]["parameters"]
    names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    assert names == {"from", "to", "status", "kind", "q", "min_amount", "max_amount", "cursor", "limit"}
    assert "multipart/form-data" in paths["/api/v1/imports"]["post"]["requestBody"]["content"]


async def test_history_and_rows_agree_through_the_api(
    ana: User, account: FinancialAccount, settings: Any
) -> None:
    api = await signed_in(ana)
    rows = (await read(api, f"accounts/{account.id}/transactions"))["results"]
    total = sum((Decimal(found["amount"]) for found in rows), Decimal(0))
    expected = await run_db(lambda: sum((t.amount for t in Transaction.objects.all()), Decimal(0)))
    assert total == expected
