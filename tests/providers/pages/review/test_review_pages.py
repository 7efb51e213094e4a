"""Pages of edits, histories, questions and proof, as a browser without script sees them."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import AccountDoor, Question
from tests.providers.api.review.test_proof import balance
from tests.providers.api.review.test_reviews import unsure
from tests.providers.ledger.observations.telling import FEED, FILES, stated, told
from tests.providers.pages.browsing import Browser, signed_in

pytestmark = pytest.mark.django_db


async def read(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.content
    return browser.text(answer)


async def test_t01_the_page_of_a_transaction_edits_hides_deletes_and_restores(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00", category="FOOD"), window=(1, 9)))
    row, browser = await Transaction.objects.aget(), await signed_in(ana)
    page = f"/transactions/{row.id}"
    await read(browser, page)
    sent = await browser.post(page, description="Tea", category="Food", note="")
    assert sent.status_code == 303
    found = await read(browser, page)
    assert "Tea" in found
    assert "Use “ Kiosk ” again" in found
    assert "Use “ Food ” again" not in found  # it was not changed
    await browser.post(page, description="Tea", category="Food", note="", restore="description")
    assert "Tea" not in await read(browser, page)
    for act, words in (
        ("hide", "You have hidden this transaction"),
        ("delete", "You deleted this transaction"),
    ):
        assert (await browser.post(f"{page}/put-aside", act=act)).status_code == 303
        assert words in await read(browser, page)
        assert "Kiosk" not in await read(browser, "/transactions")
        aside = await read(browser, "/transactions/set-aside")
        assert "Kiosk" in aside
        assert "Bring it back" in aside
        back = await browser.post(f"{page}/put-aside", act="back", next="/transactions/set-aside")
        assert back["Location"] == "/transactions/set-aside"
        assert "Nothing is hidden or deleted" in await read(browser, "/transactions/set-aside")
        assert "Kiosk" in await read(browser, "/transactions")
    assert (await browser.post(f"{page}/put-aside", act="burn")).status_code == 404


async def test_t02_the_history_says_in_words_what_happened_and_undoes_it(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    hostile = "<b>Bistro</b>"
    await run_db(land, account, FEED, stated(told("a1", 4, "-20.00", hostile, status="pending"), hour=1))
    await run_db(land, account, FEED, stated(told("b1", 4, "-23.00", hostile), hour=2, window=(1, 9)))
    await run_db(land, account, FILES, stated(told("", 4, "-23.00", hostile), hour=3))
    row, browser = await Transaction.objects.aget(), await signed_in(ana)
    page = f"/transactions/{row.id}/history"
    found = await read(browser, page)
    for words in (
        "It first came from corpus",
        "It also came from CSV files",
        "Amount: −20.00",
        "A pending row with this amount and name was waiting to be booked.",
        "Still there",
        "&lt;b&gt;Bistro",
        "Make it a separate transaction",
    ):
        assert words in found, words
    link = await row_link(row)
    assert (await browser.post(f"{page}/undo", entry=f"observation-{link}")).status_code == 303
    assert "You said that a row is a different transaction" in await read(browser, page)
    assert await Transaction.objects.acount() == 2
    his = await signed_in(ben)
    assert (await his.get(page)).status_code == 404
    await run_db(land, account, FEED, stated(hour=4, window=(1, 9)))
    assert "No source has this transaction any more" in await read(browser, page)


async def row_link(row: Transaction) -> int:
    from providers.ledger.queries.row_history import row_history

    found = await row_history(row.user_id, row.id)
    entry = next(each["id"] for each in found["entries"] if each["kind"] == "seen_too")
    return int(entry.removeprefix("observation-"))


async def test_t03_questions_are_answered_on_their_page_and_counted_in_the_navigation(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    browser = await signed_in(ana)
    assert "Nothing is waiting for you" in await read(browser, "/reviews")
    assert "Nothing answered yet" in await read(browser, "/reviews?answered=true")
    await run_db(unsure, account)
    asked = await Question.objects.aget()
    assert "Review , 1 waiting" in await read(browser, "/settings/profile")
    assert "1 question about your accounts is waiting for you." in await read(browser, "/")
    found = await read(browser, "/reviews")
    for words in (
        "Is this the same transaction?",
        "Two transactions",
        "Bistro",
        "Kiosk",
        "The amounts are equal.",
    ):
        assert words in found, words
    answered = await browser.post(f"/reviews/{asked.id}", act="accept")
    assert (answered.status_code, answered["Location"]) == (303, "/reviews?answered=true")
    assert await Transaction.objects.acount() == 1
    assert "You said yes" in await read(browser, "/reviews?answered=true")
    assert "waiting" not in (await read(browser, "/settings/profile")).split("Connections")[0]
    await browser.post(f"/reviews/{asked.id}", act="undo")
    assert await Transaction.objects.acount() == 2
    await browser.post(f"/reviews/{asked.id}", act="refuse")
    await browser.post(f"/reviews/{asked.id}", act="refuse")
    assert "That question is not open any more." in await read(browser, "/reviews?answered=true")
    assert (await browser.post(f"/reviews/{asked.id}", act="burn")).status_code == 404
    his = await signed_in(ben)
    assert "Nothing is waiting for you" in await read(his, "/reviews")


async def test_t03_every_kind_of_question_has_words(ana: User, account: FinancialAccount) -> None:
    given: dict[str, Any] = {"account": account, "left": account.id, "why": "it looks odd"}
    for kind in Question.Kind:
        evidence: dict[str, Any] = {"observations": []} if kind == Question.Kind.VANISHED else {}
        await Question.objects.acreate(**given, kind=kind, right=uuid4(), evidence=evidence)
    browser = await signed_in(ana)
    found = await read(browser, "/reviews")
    assert found.count("Why this is asked: It looks odd.") == len(Question.Kind)


async def test_t04_the_page_of_an_account_shows_which_days_are_proved(
    ana: User, account: FinancialAccount
) -> None:
    def bring(day: int) -> None:
        BalanceSnapshot.objects.all().delete()
        for number, amount in ((3, "100.00"), (5, "97.00"), (day, "90.00")):
            balance(account, number, amount)
        land(account, FEED, stated(told("a", 4, "-3"), told("b", 7, "-6"), window=(1, 9)))

    await run_db(bring, 9)
    browser = await signed_in(ana)
    found = await read(browser, f"/accounts/{account.id}?range=all")
    assert "2 of " in found
    assert "on 4 something is missing" in found
    assert "5 May 2026 to 9 May 2026" in found
    await FinancialAccount.objects.aupdate(type="investment")
    assert "something is missing" not in await read(browser, f"/accounts/{account.id}")


async def test_t05_the_page_of_a_further_entrance_leads_to_its_account(
    ana: User, account: FinancialAccount
) -> None:
    door = await FinancialAccount.objects.acreate(
        user=ana,
        connection_id=account.connection_id,
        provider_account_id="again",
        name="Everyday again",
        type="depository",
        currency="EUR",
    )
    await AccountDoor.objects.acreate(account=door, into=account)
    browser = await signed_in(ana)
    led = await browser.get(f"/accounts/{door.id}")
    assert (led.status_code, led["Location"]) == (303, f"/accounts/{account.id}")
    for page in ("/", f"/connections/{account.connection_id}", "/transactions"):
        assert "Everyday again" not in await read(browser, page)
