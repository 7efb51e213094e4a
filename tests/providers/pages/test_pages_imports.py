"""Importing a statement file by form."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.imports.arriving import uploads
from providers.imports.models import FileImport
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.formats.ofx.writing import bank_file, row
from tests.providers.pages.browsing import Browser, signed_in
from tests.providers.pages.test_pages_accounts import open_account

pytestmark = pytest.mark.django_db
TWO = row("-4.50", fitid="A", name="Corner Cafe") + row("1200.00", fitid="B", name="Payroll")
BROKEN = row("not money", fitid="C", name="Broken")

FILES = Path(__file__).parents[1] / "formats" / "ofx" / "files"


async def send(browser: Browser, data: bytes, name: str = "march.ofx", **fields: Any) -> Any:
    await browser.get("/imports/new")
    return await browser.post("/imports/new", file=SimpleUploadedFile(name, data), **fields)


async def test_the_form_says_what_it_takes(ana: User) -> None:
    browser = await signed_in(ana)
    answer = await browser.get("/imports/new")
    assert "at most 20 MB" in browser.text(answer)
    assert 'enctype="multipart/form-data"' in answer.content.decode()


async def test_a_file_leads_to_a_page_that_says_what_it_brought(ana: User) -> None:
    browser = await signed_in(ana)
    answer = await send(browser, bank_file(TWO, balance="1195.50"))
    done = await FileImport.objects.aget()
    assert (answer.status_code, answer["Location"]) == (303, f"/imports/{done.id}")
    told = browser.text(await browser.get(answer["Location"]))
    assert "2 added, 0 known already" in told
    assert "$1,195.50" in told
    account = await FinancialAccount.objects.aget()
    assert f'href="/accounts/{account.id}"' in (await browser.get(answer["Location"])).content.decode()


async def test_the_same_file_twice_adds_nothing(ana: User) -> None:
    browser = await signed_in(ana)
    await send(browser, bank_file(TWO))
    answer = await send(browser, bank_file(TWO))
    assert "0 added, 2 known already" in browser.text(await browser.get(answer["Location"]))
    assert await Transaction.objects.acount() == 2


async def test_rows_that_cannot_be_read_are_listed_with_line_and_reason(ana: User) -> None:
    browser = await signed_in(ana)
    answer = await send(browser, bank_file(TWO + "\n" + BROKEN))
    told = browser.text(await browser.get(answer["Location"]))
    rejected = (await FileImport.objects.aget()).rejected
    assert "2 added, 0 known already, 1 rejected" in told
    assert f"{rejected[0]['line']} {rejected[0]['reason']}" in told


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "This file is empty."),
        (b"%PDF-1.7\n", "This is not a statement file that we can read."),
        (bank_file(TWO)[:300], "This file is incomplete."),
    ],
)
async def test_a_file_that_cannot_be_read_says_why_beside_the_field(
    ana: User, data: bytes, says: str
) -> None:
    browser = await signed_in(ana)
    answer = await send(browser, data)
    assert answer.status_code == 422
    assert browser.text(answer).count(says) == 2  # in the summary and beside the field
    assert await Transaction.objects.acount() == 0


async def test_no_file_at_all_is_asked_for(ana: User) -> None:
    browser = await signed_in(ana)
    await browser.get("/imports/new")
    answer = await browser.post("/imports/new")
    assert answer.status_code == 422
    assert "Choose the file to import." in browser.text(answer)


async def test_a_file_that_is_too_large_is_refused_with_the_remedy(ana: User) -> None:
    data = b"OFXHEADER:100\n" + b" " * uploads.MAX_BYTES
    browser = await signed_in(ana)
    answer = await send(browser, data)
    assert answer.status_code == 422
    assert "Download a shorter period" in browser.text(answer)


async def test_rows_can_go_to_an_account_that_is_there(ana: User) -> None:
    account = await run_db(open_account, ana, name="Everyday")
    browser = await signed_in(ana)
    await send(browser, bank_file(TWO), account_id=str(account.id))
    assert await Transaction.objects.filter(account=account).acount() == 2


async def test_somebody_elses_account_cannot_be_chosen(ana: User, ben: User) -> None:
    account = await run_db(open_account, ana)
    browser = await signed_in(ben)
    answer = await send(browser, bank_file(TWO), account_id=str(account.id))
    assert answer.status_code == 422
    assert "This account is not there any more." in browser.text(answer)
    assert await Transaction.objects.acount() == 0


async def test_a_file_without_a_currency_asks_for_its_account_and_for_itself_again(ana: User) -> None:
    browser = await signed_in(ana)
    answer = await send(browser, bank_file(TWO).replace(b"<CURDEF>USD", b""))
    assert answer.status_code == 422
    told = "Choose its currency, or the account it belongs to. Then choose the file again."
    assert browser.text(answer).count(told) == 2  # in the summary and beside the field
    assert 'href="#id_currency"' in answer.content.decode()


async def test_t05_a_currency_can_be_chosen_for_a_file_that_names_none(ana: User) -> None:
    browser = await signed_in(ana)
    answer = await send(browser, bank_file(TWO).replace(b"<CURDEF>USD", b""), currency="NOK")
    assert answer.status_code == 303
    account = await FinancialAccount.objects.aget()
    assert account.currency == "NOK"


async def test_t05_a_file_without_an_account_number_asks_and_takes_a_new_account(ana: User) -> None:
    browser = await signed_in(ana)
    nameless = bank_file(TWO).replace(b"<ACCTID>2", b"<ACCTID>")
    assert b"<ACCTID><" in nameless
    assert (await send(browser, nameless)).status_code == 303
    other = nameless.replace(b"<FITID>", b"<FITID>other-")
    assert "Choose the account it belongs to, or a new one." in browser.text(await send(browser, other))
    assert (await send(browser, other, account_id="new")).status_code == 303
    assert await FinancialAccount.objects.acount() == 2


async def test_imported_files_are_told_apart_and_promise_no_updates(ana: User) -> None:
    browser = await signed_in(ana)
    await send(browser, bank_file(TWO))
    await send(browser, (FILES / "card.qfx").read_bytes())
    listed = browser.text(await browser.get("/connections"))
    account = await FinancialAccount.objects.afirst()
    assert account
    told = browser.text(await browser.get(f"/connections/{account.connection_id}"))
    names = [row.name async for row in FinancialAccount.objects.all()]
    assert len(names) == 2
    assert all(name in listed for name in names)
    for page in (listed, told):
        assert "Imported from files. Import another one whenever you like." in page
        assert "Last import" in page
        for words in ("up to date.", "Next update", "Permission ends", "Update now", "Reconnect"):
            assert words not in page
    assert "No update has run yet" not in told


async def test_a_file_that_failed_stays_in_the_list_with_its_reason(ana: User) -> None:
    browser = await signed_in(ana)
    await send(browser, b"nothing of the kind", name="holiday.pdf")
    failed = await FileImport.objects.aget()
    assert "holiday.pdf" in browser.text(await browser.get("/imports/new"))
    assert "Nothing was imported" in browser.text(await browser.get(f"/imports/{failed.id}"))


async def test_a_hostile_file_name_stays_text(ana: User) -> None:
    browser = await signed_in(ana)
    await send(browser, bank_file(TWO), name="<script>alert(1)<b>.ofx")
    done = await FileImport.objects.aget()
    for path in ("/imports/new", f"/imports/{done.id}"):
        assert "<script>alert" not in (await browser.get(path)).content.decode()


async def test_somebody_elses_import_is_not_there(ana: User, ben: User) -> None:
    await send(await signed_in(ana), bank_file(TWO))
    done = await FileImport.objects.aget()
    browser = await signed_in(ben)
    for wanted in (done.id, uuid4()):
        assert (await browser.get(f"/imports/{wanted}")).status_code == 404
    assert "march.ofx" not in browser.text(await browser.get("/imports/new"))


async def test_a_file_needs_a_form(ana: User) -> None:
    answer = await (await signed_in(ana)).post(
        "/imports/new", file=SimpleUploadedFile("a.ofx", bank_file(TWO))
    )
    assert answer.status_code == 403


async def test_an_older_file_still_shows_its_own_closing_balance_and_count(ana: User) -> None:
    browser = await signed_in(ana)
    await send(browser, (FILES / "us_checking.qfx").read_bytes())
    newest = await FileImport.objects.aget()
    older = (FILES / "us_checking.qfx").read_bytes().replace(b"<DTASOF>2", b"<DTASOF>1")
    answer = await send(browser, older)
    told = browser.text(await browser.get(answer["Location"]))
    (statement,) = newest.statements
    assert f"{statement['rows']} rows in the file, 0 added" in told
    assert f"${Decimal(statement['closing_balance']):,.2f}" in told
