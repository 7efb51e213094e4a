"""Facts of a row that few have: kept, told, found, and exact."""

from typing import Any

import pytest

from accounts.models import User
from dashtam.api.paging import Page
from providers.ledger import queries as ledger_queries
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.models import Observation
from providers.ledger.queries.transactions import TransactionFilters, TransactionRow
from tests.providers.api.test_api_connections import Program, program_of
from tests.providers.imports.conftest import Bring
from tests.providers.imports.files import bank, brokerage, cash, file, positions, row
from tests.providers.pages.browsing import signed_in

pytestmark = pytest.mark.django_db
SECURITY = "<SECID><UNIQUEID>1<UNIQUEIDTYPE>CUSIP</SECID>"


def activity(tag: str, more: str, settled: str = "") -> bytes:
    details = f"<INVTRAN><FITID>r1<DTTRADE>20260110{settled}</INVTRAN>{SECURITY}"
    listed = f"<INVTRANLIST><DTSTART>20260101<DTEND>20260131<{tag}>{details}{more}</{tag}></INVTRANLIST>"
    return file(brokerage(listed, positions(), cash("0")))


async def only(user: User, **filters: Any) -> TransactionRow:
    (found,) = (await ledger_queries.transactions(user.id, TransactionFilters(**filters), Page())).results
    return found


async def told(user: User) -> dict[str, Any]:
    details = (await only(user))["details"]
    assert details is not None
    return {name: value for name, value in details.items() if value is not None}


async def test_t05_a_check_has_its_number_and_is_found_by_it(ana: User, bring: Bring) -> None:
    checks = [row(f"F{n}", more=f"<CHECKNUM>{n}<REFNUM>R-{n}", kind="CHECK") for n in range(1042, 1046)]
    await bring(file(bank(*checks)))
    for words in ("1042", "R-1042"):
        found = await only(ana, q=words)
        assert found["details"] is not None
        assert (found["details"]["check_number"], found["details"]["reference"]) == ("1042", "R-1042")


async def test_t05_a_row_with_nothing_more_to_say_says_nothing(ana: User, bring: Bring) -> None:
    await bring(file(bank(row("1"))))
    assert (await only(ana))["details"] is None


async def test_t05_an_original_amount_keeps_its_currency_and_rate(ana: User, bring: Bring) -> None:
    converted = "<ORIGCURRENCY><CURRATE>1.25<CURSYM>EUR</ORIGCURRENCY>"
    await bring(file(bank(row("1", "-5.00", converted))))
    assert await told(ana) == {
        "original_currency": "EUR",
        "original_amount": "-4.00",
        "exchange_rate": "1.25",
    }


async def test_t05_a_reinvested_amount_stands_beside_the_cash(ana: User, bring: Bring) -> None:
    await bring(activity("REINVEST", "<INCOMETYPE>DIV<TOTAL>-36.13<SUBACCTSEC>CASH<UNITS>3.613"))
    assert (await only(ana))["amount"] == "0.00"
    assert await told(ana) == {"gross_amount": "36.13", "sub_account": "CASH"}


async def test_t05_withheld_tax_and_the_day_of_settlement_are_kept(ana: User, bring: Bring) -> None:
    dividend = "<INCOMETYPE>DIV<TOTAL>85.00<SUBACCTFUND>CASH<WITHHOLDING>15.00"
    await bring(activity("INCOME", dividend, settled="<DTSETTLE>20260112"))
    assert await told(ana) == {"taxes": "15.00", "settled_on": "2026-01-12", "sub_account": "CASH"}


async def test_t05_a_split_keeps_its_ratio(ana: User, bring: Bring) -> None:
    ratio = "<SUBACCTSEC>CASH<OLDUNITS>10<NEWUNITS>40<NUMERATOR>4<DENOMINATOR>1"
    await bring(activity("SPLIT", ratio))
    assert await told(ana) == {"split": "4:1", "sub_account": "CASH"}


async def test_t05_rows_of_before_get_their_details_from_the_same_file(ana: User, bring: Bring) -> None:
    data = file(bank(row("1", more="<CHECKNUM>77")))
    await bring(data)
    await Observation.objects.all().adelete()
    await FinancialAccount.objects.aupdate(observed_at=None)
    await Transaction.objects.aupdate(details=None)
    again = await bring(data)
    assert (again.added, again.matched, await told(ana)) == (0, 1, {"check_number": "77"})


async def test_t05_numbers_of_32_characters_are_kept_exactly(ana: User, bring: Bring) -> None:
    amounts = ["-0.12345678901234567890123456789", "1234567890123456789012345678.123"]
    await bring(file(bank(*(row(str(n), amount) for n, amount in enumerate(amounts)))))
    found = await ledger_queries.transactions(ana.id)
    assert sorted(each["amount"] for each in found.results) == [amounts[0], f"{amounts[1]}"]


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


async def test_t05_api_and_page_tell_the_details(ana: User, hers: Program, bring: Bring) -> None:
    await bring(file(bank(row("1", more="<CHECKNUM>1042", kind="CHECK"))))
    answer = await hers.client.get("/api/v1/transactions?q=1042", headers=hers.headers)
    (found,) = answer.json()["results"]
    assert found["details"]["check_number"] == "1042"
    browser = await signed_in(ana)
    assert "Check 1042" in browser.text(await browser.get("/transactions?q=1042"))
