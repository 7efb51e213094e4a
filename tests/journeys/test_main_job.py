"""From sign-up to collected accounts, through the public API alone."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.stack import PASSWORD, Stack


@pytest.fixture(scope="module")
def ana(stack: Stack) -> tuple[str, str]:
    """A person whose Sandbox Bank accounts have been collected: email and access token."""
    email, token = stack.sign_up("Ana")
    end = stack.connect(email, token)
    assert end.status_code == 200
    assert "/connections/" in str(end.url)
    assert "code=" not in str(end.url)
    connection = stack.synced(token)
    assert connection["state"] == "active"
    assert connection["provider_name"] == "Sandbox Bank"
    return email, token


def every(api: httpx.Client, path: str, limit: int = 97) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        response = api.get(path, params=query)
        assert response.status_code == 200, response.text
        body = response.json()
        rows += body["results"]
        cursor = body["next_cursor"] or ""
        if not cursor:
            return rows


SUBTYPES = {
    "checking": "CHECKING",
    "savings": "SAVINGS",
    "credit_card": "CREDIT_CARD",
    "mortgage": "MORTGAGE",
}


def test_the_numbers_are_the_banks_numbers(stack: Stack, ana: tuple[str, str]) -> None:
    bank_accounts = {
        account["kind"]: account for account in stack.bank.control("truth?customer=ana")["accounts"]
    }
    with stack.api(ana[1]) as api:
        accounts = every(api, "accounts")
        assert len(accounts) == len(bank_accounts) == 5
        for account in accounts:
            bank = bank_accounts[SUBTYPES.get(account["subtype"], "BROKERAGE")]
            sign = -1 if account["type"] in {"credit", "loan"} else 1
            assert Decimal(account["balances"]["current"]) == sign * Decimal(bank["current"])
            rows = every(api, f"accounts/{account['id']}/transactions")
            assert len({row["id"] for row in rows}) == len(rows)
            for status in ("posted", "pending"):
                of_status = [Decimal(row["amount"]) for row in rows if row["status"] == status]
                assert len(of_status) == bank[status]["count"]
                assert sum(of_status) == Decimal(bank[status]["sum"])
            holdings = every(api, f"accounts/{account['id']}/holdings")
            assert sorted(map(ours, holdings)) == sorted(map(theirs, bank["holdings"]))


def ours(holding: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(Decimal(holding[name]) for name in ("quantity", "price", "market_value", "cost_basis"))


def theirs(holding: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(Decimal(holding[name]) for name in ("units", "price", "value", "cost_basis"))


def test_transactions_of_all_accounts_come_newest_first_each_once(stack: Stack, ana: tuple[str, str]) -> None:
    with stack.api(ana[1]) as api:
        together = every(api, "transactions", limit=500)
        apart = [
            row for a in every(api, "accounts") for row in every(api, f"accounts/{a['id']}/transactions", 500)
        ]
    assert len({row["id"] for row in together}) == len(together) == len(apart) > 1000
    assert [row["date"] for row in together] == sorted((row["date"] for row in together), reverse=True)


def test_net_worth_adds_up(stack: Stack, ana: tuple[str, str]) -> None:
    with stack.api(ana[1]) as api:
        start = (date.today() - timedelta(days=700)).isoformat()  # noqa: DTZ011 a day more or less is all right
        worth = api.get("net-worth", params={"interval": "month", "from": start}).json()
        balances = [Decimal(a["balances"]["current"]) for a in every(api, "accounts")]
    assert Decimal(worth["total"]) == sum(balances)
    assert Decimal(worth["assets"]) + Decimal(worth["liabilities"]) == Decimal(worth["total"])
    assert len(worth["series"]) >= 22


def test_holdings_say_what_they_cost(stack: Stack, ana: tuple[str, str]) -> None:
    with stack.api(ana[1]) as api:
        holdings = every(api, "holdings")
    assert holdings
    for holding in holdings:
        assert Decimal(holding["quantity"]) > 0
        assert Decimal(holding["cost_basis"]) > 0
        assert holding["security"]["name"]


def test_somebody_else_sees_nothing_of_it(stack: Stack, ana: tuple[str, str]) -> None:
    _, stranger = stack.sign_up("Ben")
    with stack.api(ana[1]) as mine, stack.api(stranger) as theirs:
        account = every(mine, "accounts")[0]["id"]
        connection = mine.get("connections").json()["results"][0]["id"]
        transaction = every(mine, f"accounts/{account}/transactions")[0]["id"]
        for path in ("accounts", "transactions", "holdings", "connections"):
            assert theirs.get(path).json()["results"] == []
        for path in (
            f"accounts/{account}",
            f"accounts/{account}/transactions",
            f"accounts/{account}/holdings",
            f"accounts/{account}/balances",
            f"transactions/{transaction}",
            f"connections/{connection}",
            f"connections/{connection}/syncs",
        ):
            response = theirs.get(path)
            assert (response.status_code, response.json()["code"]) == (404, "not_found"), path
        for method, path in (
            ("POST", f"connections/{connection}/syncs"),
            ("POST", f"connections/{connection}/reauthorizations"),
            ("DELETE", f"connections/{connection}"),
        ):
            assert theirs.request(method, path).status_code == 404
        assert mine.get(f"connections/{connection}").json()["state"] == "active"


def test_a_denied_consent_leaves_nothing_behind(stack: Stack) -> None:
    email, token = stack.sign_up("Zoe")
    end = stack.connect(email, token, decision="deny")
    assert 400 <= end.status_code < 500
    assert "Traceback" not in end.text
    with stack.api(token) as api:
        assert [c for c in api.get("connections").json()["results"] if c["state"] == "active"] == []


def test_connections_broken_by_the_database_are_replaced_at_once(stack: Stack, ana: tuple[str, str]) -> None:
    import psycopg

    with stack.api(ana[1]) as api:
        assert api.get("accounts").status_code == 200
        with psycopg.connect(stack.admin_url, autocommit=True) as admin:
            cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(cut, [stack.database])
        assert [api.get("accounts").status_code for _ in range(20)] == [200] * 20


def test_signing_out_ends_access_at_once(stack: Stack) -> None:
    email, _ = stack.sign_up("Eve")
    with stack.api() as api:
        pair = api.post("auth/tokens", json={"email": email, "password": PASSWORD}).json()
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        assert api.get("accounts", headers=bearer).status_code == 200
        assert (
            api.post("auth/tokens/revoke", json={"refresh_token": pair["refresh_token"]}).status_code == 204
        )
        refused = api.get("accounts", headers=bearer)
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert (
            api.post("auth/tokens/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 401
        )


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", ["/imports/new", "/api/v1/imports", "/api/v1/auth/tokens"])
def test_a_body_larger_than_anything_we_take_is_refused_in_order(
    stack: Stack, path: str, chunked: bool
) -> None:
    piece = b"x" * 1_048_576
    body = (piece for _ in range(30)) if chunked else piece * 30
    with httpx.Client(trust_env=False, timeout=30) as client:
        refused = client.post(
            f"{stack.origin}{path}", content=body, headers={"content-type": "application/json"}
        )
        assert refused.status_code == 413
        if path.startswith("/api/"):
            assert refused.json()["code"] == "payload_too_large"
        assert client.get(f"{stack.origin}/healthz").status_code == 200


def test_a_chunked_body_is_read_like_any_other(stack: Stack, ana: tuple[str, str]) -> None:
    body = json.dumps({"email": ana[0], "password": PASSWORD}).encode()
    with stack.api() as api:
        pieces = (body[i : i + 7] for i in range(0, len(body), 7))
        signed_in = api.post("auth/tokens", content=pieces, headers={"content-type": "application/json"})
        assert signed_in.status_code == 200
        large = (b" " * 65_536 for _ in range(32))
        refused = api.post("auth/tokens", content=large, headers={"content-type": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
