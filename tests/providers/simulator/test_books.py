"""The books balance: every figure of the API follows from the rows of the API."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from providers.simulator.books.customers import CUSTOMERS
from providers.simulator.books.ledger import ledger
from providers.simulator.books.securities import SECURITIES
from tests.providers.simulator.conftest import TODAY, OAuthClient

OWED = {"CREDIT_CARD", "MORTGAGE"}


def signed(row: dict[str, Any]) -> Decimal:
    return Decimal(row["amount"]) if row["direction"] == "CREDIT" else -Decimal(row["amount"])


def total(rows: list[dict[str, Any]]) -> Decimal:
    return sum(map(signed, rows), Decimal(0))


def posted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["state"] == "POSTED"]


@pytest.mark.parametrize("days", [0, 41])
@pytest.mark.parametrize("customer", list(CUSTOMERS))
def test_every_balance_is_its_opening_plus_what_posted(client: OAuthClient, customer: str, days: int) -> None:
    token = client.connect(customer)["access_token"]
    if days:
        client.bank.control("advance", {"days": days})
    truth = {
        account["id"]: account for account in client.bank.control(f"truth?customer={customer}")["accounts"]
    }
    for kind, account in client.accounts(token).items():
        rows = posted(client.changes(account["id"], token).added)
        current = Decimal(account["balance"]["current"])
        opening = Decimal(truth[account["id"]]["opening"])
        if kind == "BROKERAGE":
            holdings = client.get(f"accounts/{account['id']}/holdings", token).json()["holdings"]
            assert current == opening + total(rows) + sum(Decimal(holding["value"]) for holding in holdings)
        else:
            assert current == (opening - total(rows) if kind in OWED else opening + total(rows))
        assert Decimal(truth[account["id"]]["posted"]["sum"]) == total(rows)


def test_available_money_takes_pending_rows_into_account(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    accounts = client.accounts(token)
    for kind in ("CHECKING", "CREDIT_CARD"):
        rows = client.changes(accounts[kind]["id"], token).added
        pending = total([row for row in rows if row["state"] == "PENDING"])
        balance = {
            name: Decimal(accounts[kind]["balance"][name] or 0) for name in ("current", "available", "limit")
        }
        room = balance["limit"] - balance["current"] if kind == "CREDIT_CARD" else balance["current"]
        assert balance["available"] == room + pending


@pytest.mark.parametrize("kind", ["CHECKING", "SAVINGS", "CREDIT_CARD", "MORTGAGE"])
def test_the_balance_history_moves_by_exactly_what_posts(client: OAuthClient, kind: str) -> None:
    token = client.connect()["access_token"]
    account = client.accounts(token)[kind]
    path = f"accounts/{account['id']}/balances"
    history = client.get(path, token, **{"from": "2025-09-01", "to": "2026-03-17"}).json()["balances"]
    moved: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in posted(client.changes(account["id"], token).added):
        moved[row["posted_on"]] += signed(row) * (-1 if kind in OWED else 1)
    assert len(history) == 198
    for before, after in pairwise(history):
        assert Decimal(after["current"]) - Decimal(before["current"]) == moved[after["date"]]
    assert history[-1]["current"] == account["balance"]["current"]
    assert history[-1]["available"] == account["balance"]["available"]


def test_the_brokerage_history_ends_at_the_current_balance(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    account = client.accounts(token)["BROKERAGE"]
    history = client.get(f"accounts/{account['id']}/balances", token).json()["balances"]
    assert len(history) == 30
    assert history[-1]["current"] == account["balance"]["current"]
    assert len({day["current"] for day in history}) > 15


def test_both_sides_of_a_transfer_agree(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    accounts = client.accounts(token)
    sides: Counter[tuple[str, str, Decimal]] = Counter()
    for account in accounts.values():
        for row in posted(client.changes(account["id"], token).added):
            if row["category"] == "TRANSFER":
                sides[row["posted_on"], row["type"], abs(signed(row))] += (
                    1 if row["direction"] == "CREDIT" else -1
                )
    assert len(sides) > 80
    assert set(sides.values()) == {0}


def test_holdings_are_what_was_bought_less_what_was_sold(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    account = client.accounts(token)["BROKERAGE"]
    answer = client.get(f"accounts/{account['id']}/holdings", token).json()
    units: defaultdict[str, Decimal] = defaultdict(Decimal)
    spent: defaultdict[str, Decimal] = defaultdict(Decimal)
    kinds = Counter(row["type"] for row in client.changes(account["id"], token).added)
    for row in client.changes(account["id"], token).added:
        if row["units"]:
            units[row["security_id"]] += Decimal(row["units"]) * (-1 if row["type"] == "SELL" else 1)
            exact = Decimal(row["units"]) * Decimal(row["unit_price"])
            assert abs(abs(signed(row)) - exact) <= Decimal(row["fees"]) + Decimal("0.01")
            if row["type"] == "BUY":
                spent[row["security_id"]] += Decimal(row["amount"])
    assert {h["security_id"]: Decimal(h["units"]) for h in answer["holdings"]} == dict(units)
    assert {"BUY", "SELL", "DIVIDEND", "REINVESTMENT", "FEE", "INTEREST", "TRANSFER"} <= kinds.keys()
    securities = {security["id"] for security in answer["securities"]}
    for holding in answer["holdings"]:
        assert holding["security_id"] in securities
        exact = Decimal(holding["units"]) * Decimal(holding["price"])
        assert abs(Decimal(holding["value"]) - exact) <= Decimal("0.005")
        assert 0 < Decimal(holding["cost_basis"]) <= spent[holding["security_id"]] * Decimal("1.2")


def test_selling_takes_the_oldest_units_with_their_cost(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    account = client.accounts(token)["BROKERAGE"]
    lots: defaultdict[str, list[list[Decimal]]] = defaultdict(list)
    for row in sorted(client.changes(account["id"], token).added, key=lambda row: str(row["transacted_at"])):
        security, amount, units = row["security_id"], Decimal(row["amount"]), Decimal(row["units"] or 0)
        if row["type"] in ("BUY", "REINVESTMENT"):
            lots[security].append([units, amount / units])
        while row["type"] == "SELL" and units:
            sold = min(units, lots[security][0][0])
            lots[security][0][0] -= sold
            units -= sold
            lots[security] = [lot for lot in lots[security] if lot[0]]
    holdings = client.get(f"accounts/{account['id']}/holdings", token).json()["holdings"]
    for holding in holdings:
        cost = sum((units * each for units, each in lots[holding["security_id"]]), Decimal(0))
        assert abs(Decimal(holding["cost_basis"]) - cost) <= Decimal("0.05")


def test_zoe_has_an_account_and_nothing_in_it(client: OAuthClient) -> None:
    token = client.connect("zoe")["access_token"]
    account = client.accounts(token)["BROKERAGE"]
    assert account["balance"]["current"] == "0.00"
    assert client.changes(account["id"], token).added == []
    assert client.get(f"accounts/{account['id']}/holdings", token).json()["holdings"] == []


def test_only_a_brokerage_account_has_holdings(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    response = client.get(f"accounts/{checking}/holdings", token)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_supported")


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2025-01-01", "2026-01-02", "range_too_long"),
        ("2026-01-02", "2026-01-01", "invalid_range"),
        ("yesterday", "2026-01-01", "invalid_date"),
        ("2026-02-30", "2026-03-01", "invalid_date"),
        ("", "0001-01-01", "invalid_date"),
    ],
)
def test_a_strange_range_of_days_is_refused(client: OAuthClient, first: str, last: str, code: str) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    response = client.get(f"accounts/{checking}/balances", token, **{"from": first, "to": last})
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_days_outside_the_books_have_no_balance(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    path = f"accounts/{checking}/balances"
    early = client.get(path, token, **{"from": "1999-01-01", "to": "1999-01-31"}).json()
    assert early == {"balances": []}
    today = client.get(path, token, **{"from": "2026-03-17", "to": "2026-12-31"}).json()["balances"]
    assert [day["date"] for day in today] == ["2026-03-17"]


def test_difficult_texts_are_in_the_data(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    accounts = client.accounts(token)
    texts = {row["description"] for a in accounts.values() for row in client.changes(a["id"], token).added}
    assert {"Café Zoë", "Bäckerei Kornblume 🥐", "مقهى الياسمين", "Sushi こはる"} <= texts
    assert max(map(len, texts)) > 500
    assert max(len(account["nickname"]) for account in accounts.values()) > 80


def test_a_longer_history_only_adds_to_a_shorter_one() -> None:
    start, shorter, longer = date(2024, 3, 1), date(2025, 8, 9), TODAY
    for customer in CUSTOMERS:
        early, late = ledger(customer, start, shorter), ledger(customer, start, longer)
        for account in early.customer.accounts:
            known = early.entries[account.id]
            assert late.entries[account.id][: len(known)] == known


def test_no_one_ever_overdraws() -> None:
    for customer in CUSTOMERS:
        books = ledger(customer, date(2024, 3, 1), TODAY)
        for account in books.customer.accounts:
            days = books.balances(account, books.start, books.through).values()
            assert min(day.available for day in days) >= 0


def test_security_codes_carry_right_check_digits() -> None:
    for security in SECURITIES.values():
        if security.cusip is None or security.isin is None:
            continue
        assert security.isin[2:11] == security.cusip
        digits = "".join(str(int(character, 36)) for character in security.isin)
        doubled = "".join(str(int(d) * (2 if i % 2 else 1)) for i, d in enumerate(reversed(digits)))
        assert sum(map(int, doubled)) % 10 == 0
