"""Pages of what people do with accounts, imports, connections and transactions; all without script."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Session, User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection, DeletedAccount
from providers.imports.models import FileImport
from providers.ledger.ingest import apply_accounts, upsert_transactions
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.imports.test_imports import line, statement
from tests.providers.ledger.test_ingest import account_record, row
from tests.providers.pages.browsing import Browser, signed_in
from tests.providers.pages.test_pages_accounts import open_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    made = open_account(ana, current="1234.50")
    upsert_transactions(made, [row("a", category="DINING"), row("b", "-20")])
    return made


async def read(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return browser.text(answer)


async def send(browser: Browser, path: str, **fields: Any) -> Any:
    await browser.get(path)
    return await browser.post(path, **fields)


async def bring(user: User, *lines: str, balance: str = "100.00") -> FileImport:
    return await wiring.import_service().import_statement(
        user_id=user.id, filename="march.ofx", data=statement(*lines, balance=balance), account_id=None
    )


async def test_t06_an_account_is_renamed_and_the_institution_s_name_comes_back(
    ana: User, account: FinancialAccount
) -> None:
    browser = await signed_in(ana)
    told = await read(browser, f"/accounts/{account.id}")
    assert "Sandbox Bank calls it “Everyday”." in told
    saved = await browser.post(f"/accounts/{account.id}/settings", name="Household", in_net_worth="on")
    assert (saved.status_code, saved["Location"]) == (303, f"/accounts/{account.id}")
    assert "Household" in await read(browser, "/")
    await account.arefresh_from_db()
    assert (account.name, account.institution_name, account.hidden) == ("Household", "Everyday", False)
    await send(browser, f"/accounts/{account.id}/settings", name="", in_net_worth="on")
    await account.arefresh_from_db()
    assert (account.name, account.institution_name) == ("Everyday", None)


async def test_t06_a_name_that_is_too_long_is_told_beside_the_field(
    ana: User, account: FinancialAccount
) -> None:
    browser = await signed_in(ana)
    refused = await send(browser, f"/accounts/{account.id}/settings", name="x" * 201, in_net_worth="on")
    assert refused.status_code == 422
    assert "Use at most 200 characters." in browser.text(refused)
    assert "x" * 201 in refused.content.decode(), "what was typed stays"


async def test_t06_a_hidden_account_is_shown_when_asked_for(ana: User, account: FinancialAccount) -> None:
    browser = await signed_in(ana)
    await send(browser, f"/accounts/{account.id}/settings", name="Everyday", hidden="on", in_net_worth="on")
    link = f'<a class="account__name" href="/accounts/{account.id}">'
    for path in ("/", f"/connections/{account.connection_id}"):
        page = await browser.get(path)
        assert "1 account is hidden, and still counted. Show hidden" in browser.text(page)
        assert link not in page.content.decode()
        page = await browser.get(path, {"hidden": "true"})
        assert "Leave hidden accounts out" in browser.text(page)
        assert link in page.content.decode()
    assert "$1,234.50" in await read(browser, "/"), "net worth counts it"
    await FinancialAccount.objects.aupdate(in_net_worth=False)
    assert "1 account is hidden. Show hidden" in await read(browser, "/")


async def test_t06_accounts_left_out_and_closed_say_so(ana: User, account: FinancialAccount) -> None:
    browser = await signed_in(ana)
    await send(browser, f"/accounts/{account.id}/settings", name="Everyday")
    for path in ("/", f"/accounts/{account.id}", f"/connections/{account.connection_id}"):
        assert "Not in net worth" in await read(browser, path)
    await send(browser, f"/accounts/{account.id}/settings", name="Everyday", in_net_worth="on", closed="on")
    told = await read(browser, "/")
    assert "Closed (1)" in told
    assert "Not in net worth" not in told
    assert "Closed" in await read(browser, f"/accounts/{account.id}")
    await send(browser, f"/accounts/{account.id}/settings", name="Everyday", in_net_worth="on")
    assert "Closed" not in await read(browser, "/")


async def test_t06_what_the_institution_closed_has_no_box_to_open_it(
    ana: User, account: FinancialAccount
) -> None:
    await FinancialAccount.objects.filter(id=account.id).aupdate(closed_at=timezone.now())
    browser = await signed_in(ana)
    page = await browser.get(f"/accounts/{account.id}/settings")
    assert 'name="closed"' not in page.content.decode()
    saved = await browser.post(f"/accounts/{account.id}/settings", name="Old one", in_net_worth="on")
    assert saved.status_code == 303


async def test_t06_deleting_an_account_says_first_what_goes(ana: User, account: FinancialAccount) -> None:
    await Transaction.objects.filter(provider_transaction_id="a").aupdate(note="with Ben")
    browser = await signed_in(ana)
    told = await read(browser, f"/accounts/{account.id}/delete")
    for words in (
        "2 transactions of 9 March 2026 will be deleted.",
        "1 of them has your own description, category or note.",
        "1 day of balances will be deleted",
        "no update brings it back",
        "This cannot be undone.",
        "nothing changes there",
    ):
        assert words in told
    assert await FinancialAccount.objects.aexists(), "looking deletes nothing"
    gone = await browser.post(f"/accounts/{account.id}/delete")
    assert (gone.status_code, gone["Location"]) == (303, "/")
    assert not await FinancialAccount.objects.aexists()
    assert "Everyday is deleted, with everything in it." in await read(browser, "/")
    place = f"/connections/{account.connection_id}"
    assert "1 account that you deleted is not read any more." in await read(browser, place)
    assert (await browser.post(f"{place}/read-again")).status_code == 303
    assert not await DeletedAccount.objects.aexists()


async def test_t06_deleting_needs_a_fresh_proof(ana: User, account: FinancialAccount) -> None:
    browser = await signed_in(ana)
    await browser.get("/settings/profile")
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    other = await signed_in(ana)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    for path in (f"accounts/{account.id}/delete", f"connections/{account.connection_id}/erase"):
        asked = await other.get(f"/{path}")
        assert (asked.status_code, asked["Location"][:15]) == (302, "/reauthenticate")
    assert await FinancialAccount.objects.aexists()


async def test_t06_an_import_is_taken_back_after_its_page_said_what_goes(ana: User) -> None:
    first = await bring(ana, line("1"), line("2"))
    second = await bring(ana, line("2"), line("3"), balance="95.00")
    browser = await signed_in(ana)
    assert "Undo this import" in await read(browser, f"/imports/{second.id}")
    told = await read(browser, f"/imports/{second.id}/undo")
    assert "1 transaction that only this file brought will be deleted." in told
    assert "1 transaction that came from elsewhere too." in told
    assert "Delete the account" not in told
    done = await browser.post(f"/imports/{second.id}/undo")
    assert (done.status_code, done["Location"]) == (303, "/imports/new")
    assert "The import of march.ofx is undone: 1 transaction removed. 1 transaction stayed." in await read(
        browser, "/imports/new"
    )
    again = await bring(ana, line("1"), balance="95.00")
    assert "0 transaction" not in await read(browser, f"/imports/{again.id}/undo")
    await browser.post(f"/imports/{again.id}/undo")
    told = await read(browser, f"/imports/{first.id}/undo")
    assert "Delete the account as well: First Bank checking" in told
    await browser.post(f"/imports/{first.id}/undo", delete_accounts="on")
    assert not await FinancialAccount.objects.aexists()
    assert (await browser.get(f"/imports/{first.id}/undo")).status_code == 404


async def test_t06_an_import_from_before_has_no_way_back_on_its_page(ana: User) -> None:
    file = await bring(ana, line("1"))
    await FileImport.objects.aupdate(traced=False)
    browser = await signed_in(ana)
    assert "Undo this import" not in await read(browser, f"/imports/{file.id}")
    refused = await browser.get(f"/imports/{file.id}/undo")
    assert (refused.status_code, refused["Location"]) == (303, f"/imports/{file.id}")
    assert "too old to be undone" in await read(browser, f"/imports/{file.id}")


async def test_t06_what_a_connection_brought_is_erased(ana: User, account: FinancialAccount) -> None:
    browser = await signed_in(ana)
    place = f"/connections/{account.connection_id}"
    assert "Erase" not in await read(browser, place)
    refused = await send(browser, f"{place}/erase")
    assert (refused.status_code, refused["Location"]) == (303, place)
    assert "Disconnect it first" in await read(browser, place)
    await Connection.objects.aupdate(state="disconnected", provider="plaid", institution="First Bank")
    assert "Erase its data from First Bank" in await read(browser, place)
    told = await read(browser, f"{place}/erase")
    assert "Erase all data from First Bank?" in told
    assert "1 account with everything in it will be deleted." in told
    assert "2 transactions of 9 March 2026 will be deleted." in told
    gone = await browser.post(f"{place}/erase")
    assert (gone.status_code, gone["Location"]) == (303, "/connections")
    assert not await Connection.objects.aexists()
    assert "Everything that First Bank had brought is erased." in await read(browser, "/connections")


async def test_t06_the_accounts_of_files_are_erased_and_never_called_connected(ana: User) -> None:
    file = await bring(ana, line("1"))
    place = f"/connections/{(await Connection.objects.aget()).id}"
    browser = await signed_in(ana)
    account = await FinancialAccount.objects.aget()
    assert f"Leave this empty to call it “{account.name}”." in await read(browser, f"/accounts/{account.id}")
    ending = await browser.get(f"{place}/disconnect")
    assert (ending.status_code, ending["Location"]) == (303, f"{place}/erase")
    await browser.post(f"/imports/{file.id}/undo")
    told = await read(browser, f"{place}/erase")
    assert "1 account with everything in it will be deleted." in told
    assert "There are no transactions" not in told
    await browser.post(f"{place}/erase")
    assert "The accounts of your files are erased." in await read(browser, "/connections")


async def test_t06_a_note_and_a_category_are_set_on_a_transaction_s_page(
    ana: User, account: FinancialAccount
) -> None:
    found = await Transaction.objects.aget(provider_transaction_id="a")
    browser = await signed_in(ana)
    page = f"/transactions/{found.id}"
    assert f'href="{page}"' in (await browser.get(f"/accounts/{account.id}")).content.decode()
    told = await browser.get(page)
    assert 'value="Dining"' in told.content.decode()
    assert (await browser.post(page, note="With Ben", category="Dining")).status_code == 303
    await found.arefresh_from_db()
    assert (found.note, found.category, found.feed_category) == ("With Ben", "DINING", None)
    await send(browser, page, note="With Ben", category="Eating Out")
    await found.arefresh_from_db()
    assert (found.category, found.feed_category) == ("Eating Out", "DINING")
    told = await browser.get(page)
    assert "Use “ Dining ” again" in browser.text(told)
    assert "Eating Out" in await read(browser, f"/accounts/{account.id}")
    await browser.post(page, note="With Ben", category="Eating Out", restore="category")
    await found.arefresh_from_db()
    assert (found.category, found.feed_category) == ("DINING", None)
    refused = await send(browser, page, note="x" * 1001, category="Dining")
    assert refused.status_code == 422
    assert "Use at most 1000 characters." in browser.text(refused)


async def test_t06_nothing_of_hers_is_there_for_him(ana: User, ben: User, account: FinancialAccount) -> None:
    file = await bring(ana, line("1"))
    found = await Transaction.objects.afirst()
    assert found is not None
    browser = await signed_in(ben)
    await browser.get("/settings/profile")
    hers = (
        f"accounts/{account.id}/settings",
        f"accounts/{account.id}/delete",
        f"imports/{file.id}/undo",
        f"connections/{account.connection_id}/erase",
        f"connections/{account.connection_id}/read-again",
        f"transactions/{found.id}",
    )
    before = await Transaction.objects.acount()
    for path in hers:
        assert (await browser.post(f"/{path}", name="His", note="his")).status_code == 404, path
        assert (await browser.get(f"/{path}")).status_code in {404, 405}, path
    assert await Transaction.objects.acount() == before
    assert await FinancialAccount.objects.filter(id=account.id, name="Everyday").aexists()


async def test_t06_a_page_with_many_accounts_asks_the_database_no_more_often(ana: User) -> None:
    from tests.providers.pages.browsing import queries_of

    async def opened(names: list[str]) -> int:
        place = await Connection.objects.acreate(user=ana, provider="sandbox", state="active")
        records = [account_record(name, name=name) for name in names]
        made = await run_db(apply_accounts, place, records, timezone.now())
        await FinancialAccount.objects.filter(id=made[0].id).aupdate(hidden=True)
        return await queries_of(await signed_in(ana), "/")

    assert await opened(["a", "b"]) == await opened([str(n) for n in range(12)])


async def test_t07_a_connection_without_accounts_is_erased_without_a_word_of_none(ana: User) -> None:
    browser = await signed_in(ana)
    empty = await Connection.objects.acreate(
        user=ana, provider="plaid", state="disconnected", provider_subject="empty", institution="Corner Bank"
    )
    told = await read(browser, f"/connections/{empty.id}/erase")
    assert "Erase all data from Corner Bank?" in told
    assert "0 accounts" not in told
    assert "The connection disappears from your list." in told
