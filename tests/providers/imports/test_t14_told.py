"""Facts that files state, and choices of a person where they do not: kept, used, and taken back."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from providers import wiring
from providers.imports.errors import StatementUnreadable
from providers.imports.models import FileImport
from providers.ledger import queries
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from tests.providers.formats.camt.writing import balance, document, entry, statement
from tests.providers.imports.conftest import Bring
from tests.providers.pages.browsing import signed_in

pytestmark = pytest.mark.django_db
EITHER = b"!Type:Bank\nD05/06/2026\nT-4.50\nPCafe\n^\n"


async def days() -> list[str]:
    return [str(row.date) async for row in Transaction.objects.order_by("first_seen_at")]


@pytest.mark.parametrize(("order", "day"), [("dmy", "2026-06-05"), ("mdy", "2026-05-06")])
async def test_t14_a_person_says_the_order_of_days_where_a_file_does_not(
    ana: User, bring: Bring, order: str, day: str
) -> None:
    with pytest.raises(StatementUnreadable) as asked:
        await bring(EITHER, filename="a.qif", currency="EUR")
    assert asked.value.code == "uncertain"
    done = await bring(EITHER, filename="a.qif", currency="EUR", date_order=order)
    assert (done.state, done.added, await days()) == ("succeeded", 1, [day])
    table = b"Date,Text,Amount (EUR)\n05/06/2026,Tea,-1.00\n07/06/2026,Pay,2.00\n"
    await bring(table, filename="a.csv", date_order=order)
    assert (await days())[1] == day


async def test_t14_the_page_asks_for_the_order_beside_its_field(ana: User) -> None:
    browser = await signed_in(ana)
    await browser.get("/imports/new")

    def sent(**chosen: Any) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("a.qif", EITHER), "currency": "EUR", **chosen}

    asked = await browser.post("/imports/new", **sent())
    assert "Say which comes first. Then choose the file again." in browser.text(asked)
    done = await browser.post("/imports/new", **sent(date_order="mdy"))
    assert done.status_code == 303
    assert await days() == ["2026-05-06"]


def rows(*texts: str, reference: str = "") -> bytes:
    """One row of each of some days."""
    named = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    listed = [
        entry(
            f"{4 + day}.50",
            day=f"<Dt>2026-03-1{day}</Dt>",
            more=f"{named}<AddtlNtryInf>{text}</AddtlNtryInf>",
        )
        for day, text in enumerate(texts)
    ]
    return document(statement(*listed))


async def test_t14_a_row_without_an_id_is_known_again_when_its_bank_writes_it_otherwise(
    ana: User, bring: Bring
) -> None:
    await bring(rows("Tea Room", "Mill Bakery", "Corner Shop"))
    again = await bring(rows("Tea Room", "Mill Bakery 0042 Berlin", "Corner Shop"))
    assert (again.added, again.matched) == (0, 3)
    texts = {row.description async for row in Transaction.objects.all()}
    assert len(texts) == 3


STATED = (
    statement(balance("OPBD", "100.00", day="2026-03-08"), balance("CLBD", "87.50"), entry(), id_="A"),
    statement(
        balance("OPBD", "87.50"),
        balance("CLBD", "75.00", day="2026-03-10"),
        entry(day="<Dt>2026-03-10</Dt>"),
        id_="B",
    ),
    statement(
        balance("OPBD", "75.00", day="2026-03-10"),
        balance("CLBD", "70.00", day="2026-03-12"),
        entry("5.00", day="<Dt>2026-03-12</Dt>"),
        id_="C",
    ),
)


async def told(user: User) -> list[tuple[str, str, bool]]:
    """The days of the only account, the oldest first."""
    (account,) = (await queries.accounts(user.id)).results
    found = (await queries.balances(user.id, account["id"])).results
    return [(f"{day['date']:%m-%d}", day["current"], day["derived"]) for day in reversed(found)]


def stated(lines: Iterable[tuple[str, str, bool]]) -> list[tuple[str, str]]:
    return [(day, amount) for day, amount, derived in lines if not derived]


async def test_t14_the_closing_balance_of_each_day_is_history_and_goes_with_its_file(
    ana: User, bring: Bring
) -> None:
    done = await bring(document(*STATED))
    expected = [("03-09", "87.50"), ("03-10", "75.00"), ("03-12", "70.00")]
    assert stated(await told(ana)) == expected
    later = await bring(document(STATED[2]))
    assert stated(await told(ana)) == expected
    undo = wiring.import_undo_service()
    await undo.take_back(user_id=ana.id, import_id=done.id, with_accounts=False)
    assert stated(await told(ana)) == [("03-12", "70.00")]
    await undo.take_back(user_id=ana.id, import_id=later.id, with_accounts=True)
    counts = [await model.objects.acount() for model in (FinancialAccount, BalanceSnapshot, FileImport)]
    assert counts == [0, 0, 0]
