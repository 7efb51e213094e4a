"""The change feed: paging, pending rows that post, and the cursor."""

from typing import Any

import pytest

from tests.providers.simulator.conftest import OAuthClient


def held(account: dict[str, Any], client: OAuthClient, token: str) -> dict[str, dict[str, Any]]:
    """The rows that a client holds after reading the feed from its start."""
    return {row["id"]: row for row in client.changes(account["id"], token).added}


def test_paging_to_the_end_gives_each_row_once_and_oldest_first(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    truth = {account["id"]: account for account in client.bank.control("truth?customer=ana")["accounts"]}
    for account in client.accounts(token).values():
        found = client.changes(account["id"], token, limit=97)
        ids = [row["id"] for row in found.added]
        numbers = truth[account["id"]]
        assert len(ids) == len(set(ids)) == numbers["posted"]["count"] + numbers["pending"]["count"]
        assert [row["transacted_at"] for row in found.added] == sorted(
            row["transacted_at"] for row in found.added
        )
        assert not found.modified
        assert not found.removed


def test_two_years_of_anas_life_are_some_two_thousand_rows(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    total = sum(
        len(client.changes(account["id"], token).added) for account in client.accounts(token).values()
    )
    assert 1_500 <= total <= 2_500


def test_the_last_cursor_has_nothing_more_to_tell(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    card = client.accounts(token)["CREDIT_CARD"]
    cursor = client.changes(card["id"], token).cursor
    again = client.changes(card["id"], token, cursor)
    assert (again.added, again.modified, again.removed) == ([], [], [])
    assert again.cursor == cursor


def test_a_pending_row_posts_under_a_new_id_as_days_go_by(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    card = client.accounts(token)["CREDIT_CARD"]
    first = client.changes(card["id"], token)
    pending = {row["id"]: row for row in first.added if row["state"] == "PENDING"}
    assert pending
    assert all(row["posted_on"] is None for row in pending.values())
    client.bank.control("advance", {"days": 7})
    later = client.changes(card["id"], token, first.cursor)
    assert set(later.removed) == set(pending)
    posted = {row["pending_id"]: row for row in later.added if row["pending_id"] in pending}
    for pending_id, row in posted.items():
        assert (row["state"], row["direction"]) == ("POSTED", pending[pending_id]["direction"])
        assert row["id"] != pending_id
        assert row["posted_on"]
    assert any(
        row["transacted_at"] > max(p["transacted_at"] for p in pending.values()) for row in later.added
    )


def test_following_the_feed_day_by_day_ends_where_a_new_reader_starts(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    card = client.accounts(token)["CREDIT_CARD"]
    first = client.changes(card["id"], token)
    rows = {row["id"]: row for row in first.added}
    cursor = first.cursor
    amended = removed = 0
    for _ in range(30):
        client.bank.control("advance", {"days": 1})
        news = client.changes(card["id"], token, cursor, limit=7)
        for row_id in news.removed:
            del rows[row_id]
        assert not rows.keys() & {row["id"] for row in news.added}
        assert {row["id"] for row in news.modified} <= rows.keys()
        rows |= {row["id"]: row for row in news.added + news.modified}
        amended, removed, cursor = amended + len(news.modified), removed + len(news.removed), news.cursor
    assert rows == held(card, client, token)
    assert amended
    assert removed


def test_a_tip_or_a_pump_changes_the_amount_on_posting(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    card = client.accounts(token)["CREDIT_CARD"]
    first = client.changes(card["id"], token)
    pending = {row["id"]: row for row in first.added if row["state"] == "PENDING"}
    cursor, changed = first.cursor, 0
    for _ in range(14):
        client.bank.control("advance", {"days": 1})
        news = client.changes(card["id"], token, cursor)
        changed += sum(
            row["pending_id"] in pending and pending[row["pending_id"]]["amount"] != row["amount"]
            for row in news.added
        )
        pending |= {row["id"]: row for row in news.added if row["state"] == "PENDING"}
        cursor = news.cursor
    assert changed


def test_a_reader_in_the_middle_is_not_disturbed_by_the_clock(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]
    before = held(checking, client, token)
    path = f"accounts/{checking['id']}/transactions"
    page = client.get(path, token, limit=500).json()
    client.bank.control("advance", {"days": 3})
    rows = {row["id"] for row in page["added"]}
    while len(rows) < len(before):
        page = client.get(path, token, limit=500, cursor=page["next_cursor"]).json()
        rows |= {row["id"] for row in page["added"]}
    assert rows == before.keys()
    assert page["has_more"]


@pytest.mark.parametrize("cursor", ["garbage", "%%%", "AAAAAAAAAAAAAAAAAAAAAAAA", "é"])
def test_a_garbage_cursor_is_refused(client: OAuthClient, cursor: str) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    response = client.get(f"accounts/{checking}/transactions", token, cursor=cursor)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_cursor")


def test_a_cursor_of_another_account_is_refused(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    accounts = client.accounts(token)
    cursor = client.changes(accounts["SAVINGS"]["id"], token).cursor
    response = client.get(f"accounts/{accounts['CHECKING']['id']}/transactions", token, cursor=cursor)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.5", "99999999999999999999"])
def test_a_limit_out_of_range_is_refused(client: OAuthClient, limit: str) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    response = client.get(f"accounts/{checking}/transactions", token, limit=limit)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_limit")


def test_a_stranger_to_the_account_finds_nothing(client: OAuthClient) -> None:
    ana, ben = client.connect()["access_token"], client.connect("ben")["access_token"]
    checking = client.accounts(ana)["CHECKING"]["id"]
    for path in ("transactions", "holdings", "balances"):
        response = client.get(f"accounts/{checking}/{path}", ben)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
