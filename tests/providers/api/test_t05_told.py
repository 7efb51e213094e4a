"""What could not be used of a file is told with the import, by the API and on its page."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from tests.providers.api.test_api_connections import Program, program_of
from tests.providers.imports.test_imports import line, statement
from tests.providers.pages.browsing import signed_in

pytestmark = pytest.mark.django_db
REFUSED = b"<STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR<MESSAGE>Account not found</STATUS></STMTTRNRS></BANKMSGSRSV1>"


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


async def brought(program: Program, data: bytes) -> dict[str, Any]:
    file = SimpleUploadedFile("statement.ofx", data)
    answer = await program.client.post("/api/v1/imports", {"file": file}, headers=program.headers)
    assert answer.status_code == 201, answer.content
    done: dict[str, Any] = answer.json()
    return done


async def page_of(user: User, done: dict[str, Any]) -> str:
    browser = await signed_in(user)
    return browser.text(await browser.get(f"/imports/{done['id']}"))


async def test_t05_an_account_answered_with_an_error_is_told_beside_the_other(
    ana: User, hers: Program
) -> None:
    data = statement(line("F1", "-10.00")).replace(b"</BANKMSGSRSV1>", REFUSED)
    done = await brought(hers, data)
    assert (done["state"], done["added"], done["rejected"]) == ("partial", 1, [])
    (notice,) = done["notices"]
    assert (notice["code"], "2003" in notice["detail"], notice["line"] > 0) == ("account_error", True, True)
    assert "Account not found" not in notice["detail"]
    told = await page_of(ana, done)
    assert notice["detail"] in told
    assert "1 notice" in told


async def test_t05_a_balance_with_the_sign_of_its_currency_is_read(hers: Program) -> None:
    data = statement(line("F1"), balance="R$ 5.326,43", as_of="30/06/2026", currency="BRL")
    done = await brought(hers, data)
    (only,) = done["statements"]
    assert (only["closing_balance"], only["currency"], only["as_of"][:10]) == ("5326.43", "BRL", "2026-06-30")
    assert (done["state"], done["notices"]) == ("succeeded", [])


async def test_t05_a_balance_that_cannot_be_read_is_told(ana: User, hers: Program) -> None:
    done = await brought(hers, statement(line("F1"), balance="5.326,43 X$"))
    assert (done["state"], done["statements"][0]["closing_balance"]) == ("partial", None)
    assert [notice["code"] for notice in done["notices"]] == ["value_left_out"]
    assert "LEDGERBAL BALAMT was left out" in await page_of(ana, done)


async def test_t05_a_list_that_is_not_closed_keeps_its_balance(hers: Program) -> None:
    data = statement(line("F1", "-10.00"), line("F2", "-11.00"), balance="-21.00", as_of="20260131")
    done = await brought(hers, data.replace(b"</BANKTRANLIST>", b""))
    assert (done["state"], done["added"], done["rejected_count"]) == ("succeeded", 2, 0)
    (only,) = done["statements"]
    assert (only["closing_balance"], only["as_of"][:10]) == ("-21.00", "2026-01-31")


async def test_t05_a_day_is_kept_although_its_time_is_not_certain(hers: Program) -> None:
    rows = (line("F1", day="20260105101500[EST]"), line("F2", day="2026-01-05T10:15:00Z"))
    done = await brought(hers, statement(*rows))
    assert (done["state"], done["added"]) == ("succeeded", 2)
    found = (await hers.get("transactions")).json()["results"]
    assert {row["date"] for row in found} == {"2026-01-05"}


async def test_t05_an_opening_balance_is_no_income(ana: User, hers: Program) -> None:
    opening = "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260101<TRNAMT>1000.00<FITID><MEMO>Saldo Anterior</STMTTRN>"
    done = await brought(hers, statement(opening, line("7", "-10.00"), balance="990.00"))
    assert (done["added"], done["rejected_count"]) == (1, 1)
    found = (await hers.get("transactions")).json()["results"]
    assert [row["amount"] for row in found] == ["-10.00"]
    assert "tells a balance" in await page_of(ana, done)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            b"!Account\nNCash\nTCash\n^\n!Type:Cash\nD01/02/2026\nT-10.00\nPShop\n^\n",
            "with the day or with the month first",
        ),
        (b"%PDF-1.7\n1 0 obj\n", "PDF"),
    ],
)
async def test_t05_a_refusal_names_the_kind_of_file_or_the_question(
    hers: Program, data: bytes, says: str
) -> None:
    file = SimpleUploadedFile("export", data)
    answer = await hers.client.post("/api/v1/imports", {"file": file}, headers=hers.headers)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


async def test_t05_a_plain_file_has_nothing_to_tell(ana: User, hers: Program) -> None:
    done = await brought(hers, statement(line("F1")))
    assert (done["state"], done["notices"], done["notices_count"]) == ("succeeded", [], 0)
    assert "What else the file says" not in await page_of(ana, done)
