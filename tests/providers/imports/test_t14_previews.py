"""Tables that are shown before they land, and what their person says of them."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from dashtam import errors
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.imports.arriving.layouts import TableLayout
from providers.imports.errors import StatementUnreadable
from providers.imports.models import FileImport, ImportPart
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.imports.conftest import Bring
from tests.providers.pages.browsing import Browser, signed_in

pytestmark = pytest.mark.django_db
DOUBTFUL = b"Date,Text,Amount\n03/04/2026,Cafe,-4.50\n05/04/2026,Pay,100.00\n"
MORE = DOUBTFUL + b"06/04/2026,Tea,-1.00\n"
CLEAR = b"Date,Text,Amount (EUR)\n2026-04-03,Cafe,-4.50\n2026-04-13,Pay,100.00\n"
CHOSEN = {"date_order": "dmy", "currency": "EUR", "account_id": "new", "act": "import"}
ROLES = {"role_0": "date", "role_1": "description", "role_2": "amount"}


async def rows() -> list[tuple[str, str, str]]:
    found = Transaction.objects.order_by("date", "description")
    return [(f"{row.date:%m-%d}", f"{row.amount:.2f}", row.description) async for row in found]


async def send(browser: Browser, data: bytes) -> Any:
    await browser.get("/imports/new")
    return await browser.post("/imports/new", file=SimpleUploadedFile("may.csv", data))


def seen(answer: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert found
    return found[1]


async def test_t14_a_table_is_shown_corrected_and_imported_and_the_next_one_needs_no_look(ana: User) -> None:
    browser = await signed_in(ana)
    page = (await send(browser, DOUBTFUL))["Location"]
    answer = await browser.get(page)
    told = browser.text(answer)
    assert "Day and month cannot be told apart" in told
    assert "Which currency is it in?" in told
    assert await Transaction.objects.acount() == 0
    changed = await browser.post(page, **CHOSEN, **ROLES, seen=seen(answer))
    told = browser.text(changed)
    assert "This is how the rows look with your answers" in told
    assert "3 Apr 2026" in told
    assert "−€4.50" in told
    done = await browser.post(page, **CHOSEN, **ROLES, seen=seen(changed))
    assert done.status_code == 303
    assert await rows() == [("04-03", "-4.50", "Cafe"), ("04-05", "100.00", "Pay")]
    assert "2 added" in browser.text(await browser.get(done["Location"]))
    account = await FinancialAccount.objects.aget()
    await browser.get("/imports/new")
    again = await browser.post(
        "/imports/new", file=SimpleUploadedFile("june.csv", MORE), account_id=str(account.id)
    )
    assert "preview" not in again["Location"]
    assert len(await rows()) == 3
    layout = (await TableLayout.objects.aget()).layout
    assert (layout["date_order"], layout["currency"]) == ("dmy", "EUR")
    assert "Cafe" not in str(layout)


async def test_t14_columns_can_be_given_another_meaning(ana: User) -> None:
    service = wiring.preview_service()
    data = b"Date,Text,Other,Amount (EUR)\n2026-04-03,Cafe,Corner,-4.50\n2026-04-13,Pay,Acme,100.00\n"
    file, _ = await service.begin(user_id=ana.id, filename="a.csv", data=data)
    roles = ["date", "ignore", "description", "amount"]
    given = {"roles": roles, "sign": "reversed"}
    _, found = await service.look(user_id=ana.id, import_id=file.id, corrections=given)
    assert [(row.description, row.amount) for row in found.rows] == [("Corner", "4.50"), ("Acme", "-100.00")]
    await service.confirm(user_id=ana.id, import_id=file.id, corrections=given, new_account=True)
    assert await rows() == [("04-03", "4.50", "Corner"), ("04-13", "-100.00", "Acme")]


async def test_t14_without_a_look_a_clear_table_lands_and_a_doubtful_one_is_asked_about(
    ana: User, bring: Bring
) -> None:
    done = await bring(CLEAR, filename="a.csv")
    assert (done.state, done.format, done.added) == ("succeeded", "csv", 2)
    assert (await bring(CLEAR, filename="a.csv")).matched == 2
    with pytest.raises(StatementUnreadable) as asked:
        await bring(DOUBTFUL, filename="b.csv", currency="EUR")
    assert asked.value.code == "needs_answers"
    assert (await rows())[0] == ("04-03", "-4.50", "Cafe")


async def test_t14_what_is_not_confirmed_is_forgotten_and_is_nobody_elses(ana: User, ben: User) -> None:
    service = wiring.preview_service()
    file, _ = await service.begin(user_id=ana.id, filename="a.csv", data=CLEAR)
    sealed = bytes((await ImportPart.objects.aget(file_import=file)).data)
    assert b"Cafe" not in sealed
    for call in (service.look, service.confirm):
        with pytest.raises(errors.NotFound):
            await call(user_id=ben.id, import_id=file.id)
    browser = await signed_in(ben)
    assert (await browser.get(f"/imports/{file.id}/preview")).status_code == 404
    await FileImport.objects.filter(id=file.id).aupdate(
        created_at=timezone.now() - FileImport.objects.FILES_KEPT * 2
    )
    await wiring.import_service().tend()
    assert not await FileImport.objects.aexists()
    assert not await ImportPart.objects.aexists()


async def test_t14_a_person_keeps_few_previews_and_few_layouts(ana: User) -> None:
    def fill() -> None:
        for number in range(FileImport.objects.PREVIEWS_KEPT + 2):
            FileImport.objects.keep_preview(FileImport(user_id=ana.id, sha256=str(number), size=1), [b""])
        for number in range(TableLayout.objects.MOST + 2):
            TableLayout.objects.keep(ana.id, f"{number}", {"date_order": "dmy", "left": "out"})

    await run_db(fill)
    assert await FileImport.objects.acount() == FileImport.objects.PREVIEWS_KEPT
    assert await TableLayout.objects.acount() == TableLayout.objects.MOST
    assert (await TableLayout.objects.afirst()).layout == {"date_order": "dmy"}  # type: ignore[union-attr]


async def test_t14_a_file_that_says_itself_what_it_holds_has_no_preview(ana: User) -> None:
    data = b"OFXHEADER:100\n<OFX><STMTRS></STMTRS></OFX>"
    with pytest.raises(StatementUnreadable) as refused:
        await wiring.preview_service().begin(user_id=ana.id, filename="a.ofx", data=data)
    assert refused.value.code == "no_preview"
