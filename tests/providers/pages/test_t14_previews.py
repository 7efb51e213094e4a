"""Tables as people see them before they are imported, and several files at once."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from providers import wiring
from providers.imports.import_service import SMALL_BYTES
from providers.imports.models import FileImport
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.formats.ofx.writing import bank_file, row
from tests.providers.pages.browsing import Browser, signed_in

pytestmark = pytest.mark.django_db
DAYS = b"Date,Text,Amount (EUR)\n03/04/2026,Cafe,-4.50\n05/04/2026,Pay,100.00\n"
UNSIGNED = b"Date;Text;Betrag\n2026-04-03;Bakery;3,20\n2026-04-13;Pay;100,00\n"
GROUPED = b"Date,Text,Amount (EUR)\n2026-04-03,Rent,-1.234\n2026-04-13,Pay,2.500\n"
FEES = b"Date,Text,Amount (EUR),Fee\n2026-04-03,Shop,-50.00,1.20\n2026-04-13,Pay,100.00,0.00\n"
NAMED = b"Date,Text,Amount (EUR)\n2026-04-03,Cafe,-4.50\n2026-04-13,Pay,100.00\n"
PAIR = b"2026-04-03,Cafe,4.50,,EUR\n2026-04-13,Pay,,100.00,EUR\n2026-04-14,Tea,3.00,,EUR\n"


async def send(browser: Browser, *files: bytes, names: tuple[str, ...] = ("may.csv",), **fields: Any) -> Any:
    await browser.get("/imports/new")
    sent = [SimpleUploadedFile(name, data) for name, data in zip(names, files, strict=True)]
    return await browser.post("/imports/new", file=sent if len(sent) > 1 else sent[0], **fields)


def form_of(answer: Any) -> dict[str, str]:
    """What a browser would send back with this page as it stands."""
    page = answer.content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    selects = re.findall(r'<select name="(\w+)".*?</select>', page, flags=re.DOTALL)
    bodies = re.findall(r"<select .*?</select>", page, flags=re.DOTALL)
    chosen = (re.search(r'value="([^"]*)" selected', body) for body in bodies)
    values = {name: found[1] if found else "" for name, found in zip(selects, chosen, strict=True)}
    answers = dict(re.findall(r'<input type="radio" name="(\w+)" value="([^"]*)"[^>]* checked', page))
    del hidden["csrfmiddlewaretoken"]
    return hidden | values | answers


async def stored() -> list[tuple[str, str]]:
    found = Transaction.objects.order_by("date", "description")
    return [(f"{each.amount.normalize():f}", each.description) async for each in found]


@pytest.mark.parametrize(
    ("data", "asks"),
    [
        (DAYS, ["Which day is 03/04/2026?", "3 Apr 2026", "4 Mar 2026"]),
        (UNSIGNED, ["Is 3,20 for “Bakery” money in or money out?", "Which currency is it in?"]),
        (GROUPED, ["How much is -1.234?", "-1,234: the comma", "-1.234: the point"]),
        (FEES, ["Is the fee of 1.20 part of the amount of -50.00?"]),
        (PAIR, ["Is 4.50 for “Cafe” money in or money out?"]),
    ],
)
async def test_t14_a_question_has_an_example_of_the_file_itself(
    ana: User, data: bytes, asks: list[str]
) -> None:
    browser = await signed_in(ana)
    told = browser.text(await browser.get((await send(browser, data))["Location"]))
    assert [words for words in asks if words not in told] == []


async def test_t14_an_answer_stays_where_it_was_given_and_can_be_changed(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, DAYS))["Location"]
    first = form_of(await browser.get(page))
    shown = await browser.post(page, **first | {"date_order": "mdy", "act": "show"})
    assert "4 Mar 2026" in browser.text(shown)
    assert form_of(shown)["date_order"] == "mdy"
    again = await browser.post(page, **form_of(shown) | {"date_order": "dmy", "act": "show"})
    assert "From 3 Apr 2026".casefold() in browser.text(again).casefold()
    told = {"account_id": "new", "account_name": "Household", "act": "import"}
    done = await browser.post(page, **form_of(again) | told)
    assert done.status_code == 303
    assert [f"{each.date}" async for each in Transaction.objects.order_by("date")] == [
        "2026-04-03",
        "2026-04-05",
    ]
    assert (await FinancialAccount.objects.aget()).name == "Household"


async def test_t14_columns_that_take_turns_are_asked_about_until_it_is_answered(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, PAIR))["Location"]
    first = form_of(await browser.get(page))
    shown = await browser.post(page, **first | {"account_type": "depository", "act": "show"})
    asked = await browser.post(page, **form_of(shown) | {"account_id": "new", "act": "import"})
    assert asked.status_code == 422
    assert "Please answer this first." in browser.text(asked)
    answered = await browser.post(page, **form_of(asked) | {"pair": "3-2", "act": "show"})
    done = await browser.post(page, **form_of(answered) | {"act": "import"})
    assert done.status_code == 303
    assert await stored() == [("4.5", "Cafe"), ("-100", "Pay"), ("3", "Tea")]


async def test_t14_the_next_file_of_that_shape_needs_no_answer_and_proposes_its_account(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, DAYS))["Location"]
    shown = await browser.post(
        page, **form_of(await browser.get(page)) | {"date_order": "dmy", "act": "show"}
    )
    await browser.post(page, **form_of(shown) | {"account_id": "new", "act": "import"})
    account = await FinancialAccount.objects.aget()
    page = (await send(browser, DAYS + b"06/04/2026,Tea,-1.00\n"))["Location"]
    second = await browser.get(page)
    assert "Please answer" not in browser.text(second)
    assert form_of(second)["account_id"] == str(account.id)
    done = await browser.post(page, **form_of(second) | {"act": "import"})
    assert done.status_code == 303
    assert await Transaction.objects.acount() == 3
    assert await FinancialAccount.objects.acount() == 1


async def test_t14_several_files_are_taken_each_for_itself(ana: User) -> None:
    browser = await signed_in(ana)
    one, other = bank_file(row("-4.50", fitid="A")), b"nothing of the kind"
    names = ("may.ofx", "holiday.pdf", "june.csv", "july.csv")
    answer = await send(browser, one, other, DAYS, FEES, names=names)
    assert answer["Location"] == "/imports/new"
    told = browser.text(await browser.get("/imports/new"))
    assert "holiday.pdf: This is not a statement file that we can read." in told
    assert (
        "1 file imported, 1 new transaction. 2 files are waiting for you to check how they are read." in told
    )
    waiting = [each async for each in FileImport.objects.filter(state="preview").order_by("created_at")]
    assert [each.filename for each in waiting] == ["june.csv", "july.csv"]
    page = f"/imports/{waiting[0].id}/preview"
    shown = await browser.post(
        page, **form_of(await browser.get(page)) | {"date_order": "dmy", "act": "show"}
    )
    done = await browser.post(page, **form_of(shown) | {"account_id": "new", "act": "import"})
    result = await browser.get(done["Location"])
    assert "Check july.csv" in browser.text(result)
    assert f'href="/imports/{waiting[1].id}/preview"' in result.content.decode()


async def test_t14_a_name_for_a_new_account_waits_for_the_worker_too(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, NAMED))["Location"]
    told = {"account_id": "new", "account_name": "  Household\u200b ", "act": "import"}
    await FileImport.objects.aupdate(size=SMALL_BYTES + 1)
    await browser.post(page, **form_of(await browser.get(page)) | told)
    assert not await FinancialAccount.objects.aexists()
    waiting = await FileImport.objects.aget()
    await wiring.import_service().land(import_id=waiting.id)
    account = await FinancialAccount.objects.aget()
    assert (account.name, account.institution_name) == ("Household", "Imported account")
    page = (await send(browser, NAMED.replace(b"04-13", b"04-14")))["Location"]
    told |= {"account_id": str(account.id), "account_name": "Another"}
    await browser.post(page, **form_of(await browser.get(page)) | told)
    await account.arefresh_from_db()
    assert account.name == "Household"


async def test_t14_a_list_of_what_was_spent_does_not_make_its_account_a_card(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, UNSIGNED))["Location"]
    first = form_of(await browser.get(page))
    answered = first | {"sign": "reversed", "currency": "EUR", "act": "show"}
    shown = await browser.post(page, **answered)
    assert "Not clear from the file" in browser.text(shown)
    told = {"account_id": "new", "account_name": "", "act": "import"}
    await browser.post(page, **form_of(shown) | told)
    account = await FinancialAccount.objects.aget()
    assert (account.type, account.subtype, account.name) == ("other", "", "Imported account")
