"""The page of all transactions: filters that live in the URL, sums of all that match, pages both ways, and a CSV."""

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.template.loader import render_to_string

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.ingest import upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.models import LedgerSettings
from providers.ledger.queries.transaction_sums import filter_choices, sums
from tests.providers.ledger.test_ingest import pending, row
from tests.providers.pages.browsing import Browser, link, queries_of, signed_in
from tests.providers.pages.test_pages_accounts import open_account

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 9)
LONG = "Marigold & Thorne LLP, professional services rendered in the matter of the shared garden wall " * 3


@pytest.fixture
def household(ana: User) -> dict[str, FinancialAccount]:
    """Two accounts in two currencies."""
    checking = open_account(ana, name="Everyday")
    euros = open_account(ana, id="euros", name="Giro", currency="EUR")
    rows = [
        row("coffee", "-4.50", description="Corner Café", date=DAY, category="DINING"),
        row("rent", "-900", description="Ropewalk rent", date=DAY - timedelta(days=8), kind="payment"),
        row("pay", "2500", description="Payroll", date=DAY - timedelta(days=20), kind="deposit"),
        pending("fuel", "-40", description="Gullwing Fuel", date=DAY + timedelta(days=1)),
    ]
    upsert_transactions(checking, rows)
    bread = row("bread", "-3.20", description="Bäckerei", currency="EUR", category="DINING", date=DAY)
    upsert_transactions(euros, [bread])
    return {"checking": checking, "euros": euros}


async def shown(user: User, query: Any = None, status: int = 200) -> str:
    browser = await signed_in(user)
    answer = await browser.get("/transactions", query)
    assert answer.status_code == status
    return browser.text(answer)


EVERYTHING = {"Corner Café", "Ropewalk rent", "Payroll", "Gullwing Fuel", "Bäckerei"}


async def test_t07_the_dashboard_leads_to_all_transactions(ana: User, household: Any) -> None:
    browser = await signed_in(ana)
    page = (await browser.get("/")).content.decode()
    assert '<a href="/transactions">All transactions</a>' in page
    told = await shown(ana)
    assert all(words in told for words in EVERYTHING)
    assert "Gullwing Fuel Pending" in told
    assert "Corner Café Pending" not in told
    assert 'aria-current="page"' in (await browser.get("/transactions")).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"category": "DINING"}, {"Corner Café", "Bäckerei"}),
        ({"category": "-"}, {"Ropewalk rent", "Payroll", "Gullwing Fuel"}),
        ({"kind": "deposit"}, {"Payroll"}),
        ({"from": "2026-03-09"}, {"Corner Café", "Gullwing Fuel", "Bäckerei"}),
        ({"from": "2026-02-01", "to": "2026-03-01"}, {"Ropewalk rent", "Payroll"}),
        ({"min_amount": "-5", "max_amount": "0"}, {"Corner Café", "Bäckerei"}),
        ({"q": "dining", "from": "2026-03-01", "max_amount": "-4"}, {"Corner Café"}),
        ({"category": "DINING", "kind": "deposit"}, set()),
    ],
)
async def test_t07_filters_combine(ana: User, household: Any, query: Any, found: set[str]) -> None:
    told = await shown(ana, query)
    assert {words for words in EVERYTHING if words in told} == found
    if not found:
        assert "Try a wider range of days or amounts" in told


async def test_t07_one_account_can_be_chosen(ana: User, ben: User, household: Any) -> None:
    told = await shown(ana, {"account": str(household["euros"].id)})
    assert {words for words in EVERYTHING if words in told} == {"Bäckerei"}
    await run_db(open_account, ben)
    told = await shown(ben, {"account": str(household["euros"].id)}, status=422)
    assert "This account is not there any more." in told
    assert "Bäckerei" not in told


async def test_t07_each_filter_can_be_removed_alone_without_script(ana: User, household: Any) -> None:
    browser = await signed_in(ana)
    query = {"q": "o", "category": "DINING", "from": "2026-03-01", "cursor": ""}
    page = (await browser.get("/transactions", query)).content.decode()
    removals = re.findall(r'class="chip" href="([^"]+)"', page)
    assert [each.replace("&amp;", "&") for each in removals] == [
        "/transactions?category=DINING&from=2026-03-01#transactions",
        "/transactions?q=o&from=2026-03-01#transactions",
        "/transactions?q=o&category=DINING#transactions",
    ]
    assert re.search(r'<option value="DINING" selected>Dining</option>', page)


async def test_t07_count_and_sums_are_of_all_that_match_by_currency(ana: User, household: Any) -> None:
    more = [row(f"m{n}", "-0.01", date=date(2025, 1, 1)) for n in range(60)]
    await run_db(upsert_transactions, household["checking"], more)
    told = await shown(ana)
    assert "65 transactions, total" in told
    assert "−€3.20 minus 3.20 euros ( 1 in EUR)" in told
    assert "+$1,554.90 1,554.90 US dollars ( 64 in USD)" in told
    assert "1 transaction, total" in await shown(ana, {"q": "payroll"})


async def test_t07_pages_lead_both_ways_and_keep_the_filters(ana: User, household: Any) -> None:
    more = [row(f"m{n}", f"-{n}.01", date=date(2025, 1, 1) + timedelta(days=n)) for n in range(1, 121)]
    await run_db(upsert_transactions, household["checking"], more)
    browser = await signed_in(ana)
    first = await browser.get("/transactions", {"to": "2025-12-31"})
    second = await browser.get(link(first, "Older"))
    third = await browser.get(link(second, "Older"))
    assert 'rel="next"' not in third.content.decode()
    assert "120 transactions, total" in browser.text(third)
    back = await browser.get(link(third, "Newer"))
    assert browser.text(back) == browser.text(second)
    assert link(back, "Newer") == "/transactions?to=2025-12-31"


async def test_t07_a_person_without_accounts_is_shown_the_first_step(ana: User) -> None:
    told = await shown(ana)
    assert "No accounts yet" in told
    await run_db(open_account, ana)
    assert "No transactions yet" in await shown(ana)


async def test_t07_long_and_hostile_words_stay_words(ana: User, household: Any) -> None:
    rows = [
        row("long", description=LONG, category="<b>x</b>"),
        row("tag", description="<script>alert(1)</script>"),
    ]
    await run_db(upsert_transactions, household["checking"], rows)
    told = await shown(ana)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert LONG.strip().replace("&", "&amp;") in told


async def test_t07_nobody_sees_transactions_of_others(ana: User, ben: User, household: Any) -> None:
    await run_db(open_account, ben)
    told = await shown(ben)
    assert not any(words in told for words in EVERYTHING)
    assert len(await download(await signed_in(ben))) == 1


async def test_t07_the_page_reads_the_same_for_one_account_and_many(ana: User, household: Any) -> None:
    browser = await signed_in(ana)
    few = await queries_of(browser, "/transactions")
    assert few == 4  # choices with sums, page, updates under way, and how many questions wait
    for number in range(8):
        account = await run_db(open_account, ana, id=f"a{number}")
        await run_db(upsert_transactions, account, [row(f"r{n}") for n in range(20)])
    assert await queries_of(browser, "/transactions") == few


# --- the file ------------------------------------------------------------------------------------------


async def download(browser: Browser, **query: Any) -> list[list[str]]:
    answer: Any = await browser.client.get("/transactions.csv", query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="dashtam-transactions-')
    content = b"".join([part async for part in answer])
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\xef\xbb\xbf") == 1
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


async def test_t07_the_file_has_the_rows_of_the_view_in_people_s_columns(ana: User, household: Any) -> None:
    await Transaction.objects.filter(description="Corner Café").aupdate(note="with Ben")
    browser = await signed_in(ana)
    found = await download(browser, category="DINING")
    assert found[0] == [
        "Date",
        "Account",
        "Description",
        "Category",
        "Kind",
        "Amount",
        "Currency",
        "Status",
        "Note",
    ]
    assert sorted(found[1:]) == [
        ["2026-03-09", "Everyday", "Corner Café", "Dining", "Purchase", "-4.50", "USD", "Posted", "with Ben"],
        ["2026-03-09", "Giro", "Bäckerei", "Dining", "Purchase", "-3.20", "EUR", "Posted", ""],
    ]
    assert len(await download(browser)) == 6


async def test_t07_the_page_of_an_account_offers_its_own_rows(ana: User, household: Any) -> None:
    browser = await signed_in(ana)
    account = household["checking"]
    page = (await browser.get(f"/accounts/{account.id}", {"kind": "payment", "range": "1y"})).content.decode()
    query = urlencode({"kind": "payment", "account": account.id}).replace("&", "&amp;")
    assert f'href="/transactions.csv?{query}"' in page
    assert "1</data></strong> transaction, total" in page
    assert [each[2] for each in (await download(browser, kind="payment", account=account.id))[1:]] == [
        "Ropewalk rent"
    ]


async def test_t07_no_text_of_the_file_is_a_formula(ana: User, household: Any) -> None:
    await run_db(
        upsert_transactions, household["euros"], [row("evil", description="=HYPERLINK(1)", currency="EUR")]
    )
    await FinancialAccount.objects.filter(id=household["euros"].id).aupdate(name="@SUM(A1)")
    await Transaction.objects.filter(description="=HYPERLINK(1)").aupdate(note="+1", category="-x")
    rows = await download(await signed_in(ana), q="HYPERLINK")
    assert rows[1][1:4] == ["'@SUM(A1)", "'=HYPERLINK(1)", "'-x"]
    assert rows[1][8] == "'+1"
    assert Decimal(rows[1][5]) == Decimal("-4.50")


async def test_t07_a_long_file_comes_in_parts_each_row_once(ana: User, household: Any) -> None:
    more = [row(f"m{n}", f"-{n}.01", date=date(2025, 1, 1) + timedelta(days=n % 300)) for n in range(1, 1203)]
    await run_db(upsert_transactions, household["checking"], more)
    browser = await signed_in(ana)
    answer: Any = await browser.client.get("/transactions.csv", {"to": "2025-12-31"})
    parts = [part async for part in answer]
    rows = list(csv.reader(io.StringIO(b"".join(parts).decode("utf-8-sig"), newline="")))[1:]
    assert len(parts) == 3
    assert len({each[5] for each in rows}) == len(rows) == 1202
    assert [each[0] for each in rows] == sorted((each[0] for each in rows), reverse=True)


async def test_t07_filters_that_are_wrong_give_the_page_that_says_so(ana: User, household: Any) -> None:
    browser = await signed_in(ana)
    answer = await browser.client.get("/transactions.csv", {"from": "yesterday"})
    assert (answer.status_code, answer["Location"]) == (303, "/transactions?from=yesterday")
    assert "Give a date such as 2026-03-09." in await shown(ana, {"from": "yesterday"}, status=422)


async def test_t07_strangers_are_asked_to_sign_in(db: None) -> None:
    for path in ("/transactions", "/transactions.csv"):
        assert "/sign-in" in (await Browser().client.get(path))["Location"]


@pytest.mark.parametrize("count_pending", [True, False])
async def test_t11_the_sums_that_come_with_the_choices_are_the_sums(
    ana: User, ben: User, household: Any, count_pending: bool
) -> None:
    await LedgerSettings.objects.acreate(user_id=ana.id, count_pending=count_pending)
    chosen = await filter_choices(ana.id, with_sums=True)
    assert chosen["sums"] == await sums(ana.id)
    assert chosen["sums"]
    assert [(each["currency"], each["count"]) for each in chosen["sums"]["by_currency"]] == [
        ("EUR", 1),
        ("USD", 4 if count_pending else 3),
    ]
    assert sorted(chosen["categories"]) == sorted((await filter_choices(ana.id))["categories"])
    assert (await filter_choices(ben.id, with_sums=True))["sums"] == {"by_currency": [], "too_many": False}


async def test_t11_more_rows_than_a_page_can_add_up_are_not_added_up(ana: User, household: Any) -> None:
    none = {"by_currency": [], "too_many": True}
    assert await sums(ana.id, most=4) == none
    assert (await filter_choices(ana.id, with_sums=True, most=4))["sums"] == none
    assert not (await sums(ana.id, most=5))["too_many"]
    told = render_to_string("providers/_sums.html", {"sums": [], "too_many_to_add": 100_000})
    assert "100,000" in told
    assert "too many to add up" in told
