"""Tables over REST: previewed, corrected, confirmed, and kept for the next one of their shape."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.imports.arriving.layouts import TableLayout
from providers.imports.models import FileImport
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.api.test_api_connections import Program, program_of

pytestmark = pytest.mark.django_db
TABLE = b"When;What;Note;How much\n03/04/2026;Cafe;Corner;4,50\n05/04/2026;Pay;Acme;-100,00\n"
ANSWERS = {
    "roles": ["date", "description", "ignore", "amount"],
    "date_order": "dmy",
    "sign": "reversed",
    "currency": "EUR",
}


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


async def send(program: Program, data: bytes, query: str = "", **fields: str) -> Any:
    sent = {"file": SimpleUploadedFile("april.csv", data), **fields}
    return await program.client.post(f"/api/v1/imports{query}", sent, headers=program.headers)


async def previewed(program: Program, data: bytes = TABLE) -> Any:
    answer = await send(program, data, "?preview=true")
    assert (answer.status_code, answer.json()["state"]) == (201, "preview"), answer.content
    assert answer["Location"] == f"/api/v1/imports/{answer.json()['id']}"
    return answer.json()


async def rows() -> list[tuple[str, str, str]]:
    found = Transaction.objects.order_by("date", "description")
    return [(f"{row.date:%m-%d}", f"{row.amount:.2f}", row.description) async for row in found]


async def test_t14_a_preview_is_corrected_and_confirmed_and_the_next_table_needs_none(hers: Program) -> None:
    asked = await previewed(hers)
    page = f"imports/{asked['id']}"
    assert {each["field"] for each in asked["questions"]} >= {"date_order", "currency"}
    assert (await hers.get(f"{page}/preview")).json() == asked
    early = await hers.post(f"{page}/confirm", {"currency": "EUR"})
    assert (early.status_code, early.json()["code"]) == (422, "needs_answers")
    seen = (await hers.post(f"{page}/preview", ANSWERS)).json()
    assert seen["questions"] == []
    assert [(row["date"], row["amount"], row["currency"], row["description"]) for row in seen["rows"]] == [
        ("2026-04-03", "-4.50", "EUR", "Cafe"),
        ("2026-04-05", "100.00", "EUR", "Pay"),
    ]
    assert (await hers.get(f"{page}/preview")).json() == asked  # a look keeps nothing
    assert (await rows(), await TableLayout.objects.acount()) == ([], 0)
    named = {**ANSWERS, "new_account": True, "account_name": " Household\u200b "}
    long = await hers.post(f"{page}/confirm", {**named, "account_name": "x" * 201})
    assert (long.status_code, long.json()["errors"][0]["field"]) == (400, "account_name")
    done = await hers.post(f"{page}/confirm", named)
    assert (done.status_code, done.json()["state"], done.json()["added"]) == (201, "succeeded", 2)
    assert [each.name async for each in FinancialAccount.objects.all()] == ["Household"]
    assert await rows() == [("04-03", "-4.50", "Cafe"), ("04-05", "100.00", "Pay")]
    assert (await hers.post(f"{page}/confirm", ANSWERS)).status_code == 404
    into = {"account_id": done.json()["accounts"][0]}
    more = await send(hers, TABLE + b"07/04/2026;Tea;;1,25\n", **into)
    assert (more.status_code, more.json()["added"], more.json()["matched"]) == (201, 1, 2)
    assert (await rows())[-1] == ("04-07", "-1.25", "Tea")
    again = await previewed(hers)
    assert (again["questions"], again["sign"], again["currency"]) == ([], "reversed", "EUR")


@pytest.mark.parametrize(
    ("correction", "status", "told"),
    [
        ({"roles": ["date", "wages"]}, 400, "validation_failed"),
        ({"sign": "sideways"}, 400, "validation_failed"),
        ({"date_order": "ymd"}, 400, "validation_failed"),
        ({"encoding": "utf-9"}, 400, "validation_failed"),
        ({"currency": "EURO"}, 400, "validation_failed"),
        ({"delimiter": "#"}, 400, "validation_failed"),
        ({"roles": ["description", "date", "ignore", "amount"]}, 422, "no_statements"),
        ({"roles": ["date", "description", "ignore", "ignore"]}, 422, "needs_answers"),
        ({"delimiter": "|"}, 422, "not_a_statement"),
        ({"encoding": "utf-16-le"}, 422, ""),
    ],
)
async def test_t14_a_wrong_correction_is_refused_and_the_preview_goes_on(
    hers: Program, correction: dict[str, Any], status: int, told: str
) -> None:
    asked = await previewed(hers)
    answer = await hers.post(f"imports/{asked['id']}/confirm", {**ANSWERS, **correction})
    assert answer.status_code == status, answer.content
    assert answer.json()["code"] == told or not told
    assert (await rows(), await TableLayout.objects.acount()) == ([], 0)
    assert (await hers.get(f"imports/{asked['id']}/preview")).json() == asked


async def test_t14_a_preview_is_its_persons_alone_and_ends_after_a_day(hers: Program, ben: User) -> None:
    page = f"imports/{(await previewed(hers))['id']}"
    his = await run_db(program_of, ben)
    for call in (
        his.get(f"{page}/preview"),
        his.post(f"{page}/preview", ANSWERS),
        his.post(f"{page}/confirm", ANSWERS),
    ):
        assert (await call).status_code == 404
    old = timezone.now() - FileImport.objects.FILES_KEPT * 2
    await FileImport.objects.aupdate(created_at=old)
    await wiring.import_service().tend()
    for call in (hers.get(f"{page}/preview"), hers.post(f"{page}/confirm", ANSWERS)):
        assert (await call).status_code == 404
    assert await rows() == []


async def test_t14_a_file_of_either_order_is_taken_with_the_order_and_has_no_preview(hers: Program) -> None:
    file = b"!Type:Bank\nD05/06/2026\nT-4.50\nPCafe\n^\n"
    refused = await send(hers, file, currency="EUR")
    assert (refused.status_code, refused.json()["code"]) == (422, "uncertain")
    assert (await send(hers, file, currency="EUR", date_order="ymd")).status_code == 400
    assert (await send(hers, file, "?preview=true")).json()["code"] == "no_preview"
    assert (await send(hers, file, currency="EUR", date_order="dmy")).json()["added"] == 1
    assert await rows() == [("06-05", "-4.50", "Cafe")]
