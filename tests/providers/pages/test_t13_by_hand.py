"""Accounts that people keep by hand: opened, written down anew, counted, deleted; over the pages and the API."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from tests.providers.pages.browsing import signed_in
from tests.providers.pages.test_pages_accounts import open_account
from tests.providers.test_leaving import signed_in as api_of

pytestmark = pytest.mark.django_db


async def test_t13_a_house_is_opened_by_hand_and_written_down_anew(ana: User, ben: User) -> None:
    hers = await api_of(ana)
    today = timezone.now().date()
    house = {
        "name": " House ",
        "type": "other",
        "currency": "EUR",
        "balance": "250000.50",
        "date": str(today),
    }
    opened = await hers.call("POST", "accounts", house)
    assert opened.status_code == 201, opened.content
    row = opened.json()
    assert (row["name"], row["provider"], row["balances"]["source"]) == ("House", "by-hand", "person")
    assert (row["balances"]["current"], row["balances"]["stale"]) == ("250000.50", False)
    place = f"accounts/{row['id']}/balances"
    before = str(today - timedelta(days=400))
    assert (await hers.call("POST", place, {"balance": "240000", "date": before})).status_code == 201
    assert (await hers.call("POST", place, {"balance": "251000", "date": str(today)})).json()[
        "current"
    ] == "251000.00"
    assert (await hers.get(f"accounts/{row['id']}")).json()["balances"]["current"] == "251000.00"
    assert await BalanceSnapshot.objects.filter(account_id=row["id"]).acount() == 2
    assert (await hers.get("net-worth")).json()["total"] == "251000.00"
    wrong = await hers.call("POST", place, {"balance": "1", "date": str(today + timedelta(days=5))})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "date")
    for bad in ({"currency": "XYZ"}, {"balance": "NaN"}, {"name": "\u200b"}, {"type": "yacht"}):
        assert (await hers.call("POST", "accounts", house | bad)).status_code == 400, bad
    his = await api_of(ben)
    assert (await his.call("POST", place, {"balance": "1", "date": str(today)})).status_code == 404


async def test_t13_what_an_institution_states_is_not_written_down(ana: User) -> None:
    account = await run_db(open_account, ana)
    hers = await api_of(ana)
    answer = await hers.call(
        "POST", f"accounts/{account.id}/balances", {"balance": "1", "date": "2026-03-09"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "not_kept_by_hand")
    assert "Enter a new balance" not in (await signed_in(ana)).text(
        await (await signed_in(ana)).get(f"/accounts/{account.id}")
    )


async def test_t13_the_pages_of_accounts_by_hand(ana: User) -> None:
    browser = await signed_in(ana)
    catalogue = await browser.get("/connections/new")
    assert 'href="/accounts/new"' in catalogue.content.decode()
    assert (await browser.get("/connections/new?provider=by-hand"))["Location"] == "/accounts/new"
    today = timezone.now().date()
    form: dict[str, Any] = {"name": "Mortgage", "type": "loan", "currency": "EUR", "date": str(today)}
    await browser.get("/accounts/new")
    wrong = await browser.post("/accounts/new", **form, balance="1200")
    assert wrong.status_code == 422
    assert "type -1200" in browser.text(wrong)
    done = await browser.post("/accounts/new", **form, balance="−1200")
    page = await browser.get(urlsplit(done["Location"]).path)
    assert "Enter a new balance" in browser.text(page)
    assert "Entered by you" in browser.text(page)
    await browser.get(f"{done['Location']}/balance")
    again = await browser.post(f"{done['Location']}/balance", balance="-1100", date=str(today))
    assert again["Location"] == done["Location"]
    account = await FinancialAccount.objects.aget()
    assert account.balance_current == Decimal(-1100)
    listed = browser.text(await browser.get("/connections"))
    assert "You keep these accounts yourself" in listed
    assert "Last import" not in listed
    assert "Disconnect" not in listed
    assert (await Connection.objects.aget()).erasable
