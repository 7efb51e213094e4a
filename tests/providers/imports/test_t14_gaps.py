"""Days between the files of an account: told, unless balances prove that nothing is missing."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from accounts.models import User
from providers.imports.models import FileImport
from providers.imports.periods import Window, between
from providers.ledger.models import FinancialAccount
from tests.providers.imports.conftest import Bring
from tests.providers.imports.files import file, row
from tests.providers.pages.browsing import signed_in as browsing
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db


def month(number: int, closing: str = "") -> bytes:
    """A month's statement of the same account, with one row of 5.00 out."""
    first, last = f"2026{number:02}01", f"2026{number:02}28"
    balance = f"<LEDGERBAL><BALAMT>{closing}<DTASOF>{last}</LEDGERBAL>" if closing else ""
    listed = row(f"f{number}", "-5.00", day=f"2026{number:02}15")
    return file(
        "<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>123<ACCTID>00012345678"
        f"<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST><DTSTART>{first}<DTEND>{last}{listed}</BANKTRANLIST>"
        f"{balance}</STMTRS></STMTTRNRS></BANKMSGSRSV1>"
    )


def gaps(done: FileImport) -> list[str]:
    return [notice["detail"] for notice in done.notices if notice["code"] == "period_gap"]


async def test_t14_a_month_between_two_imports_is_told_until_it_comes(ana: User, bring: Bring) -> None:
    first = await bring(month(1))
    last = await bring(month(4))
    assert (gaps(first), last.state) == ([], "succeeded")
    [told] = gaps(last)
    assert "29 Jan 2026 to 31 Mar 2026" in told
    account = await FinancialAccount.objects.aget()
    page = f"/accounts/{account.id}?range=all"
    browser, api = await browsing(ana), await signed_in(ana)
    assert "No file covers 29 Jan 2026 to 31 Mar 2026" in browser.text(await browser.get(page))

    async def open_days() -> set[str]:
        place = f"accounts/{account.id}/proof?from=2026-01-25&to=2026-04-05&limit=200"
        return {each["date"] for each in (await api.get(place)).json()["results"] if each["uncovered"]}

    days = await open_days()
    assert (min(days), max(days), len(days)) == ("2026-01-29", "2026-03-31", 62)
    middle = await bring(month(2))
    assert gaps(middle) == []  # what is left of it was told before
    days = await open_days()
    assert (min(days), max(days)) == ("2026-01-29", "2026-03-31")
    assert "2026-02-10" not in days
    told = browser.text(await browser.get(page))
    assert "No file covers 1 Mar 2026 to 31 Mar 2026 and 29 Jan 2026 to 31 Jan 2026" in told


async def test_t14_balances_that_add_up_prove_that_no_file_is_missing(ana: User, bring: Bring) -> None:
    await bring(month(1, "100.00"))
    done = await bring(month(4, "95.00"))
    assert gaps(done) == []
    account = await FinancialAccount.objects.aget()
    browser = await browsing(ana)
    assert "No file covers" not in browser.text(await browser.get(f"/accounts/{account.id}?range=all"))
    other = await bring(month(6, "80.00"))
    assert len(gaps(other)) == 1


async def test_t14_tables_that_name_no_period_may_be_silent_for_some_days(ana: User, bring: Bring) -> None:
    def table(*days: str) -> bytes:
        return b"Date,Text,Amount (EUR)\n" + "".join(f"{day},Tea,-1.00\n" for day in days).encode()

    await bring(table("2026-01-20", "2026-01-28"), filename="a.csv", new_account=True)
    account = await FinancialAccount.objects.aget()
    near = await bring(table("2026-02-03", "2026-02-25"), account.id, filename="b.csv")
    assert gaps(near) == []
    far = await bring(table("2026-03-30", "2026-04-02"), account.id, filename="c.csv")
    [told] = gaps(far)
    assert "26 Feb 2026 to 29 Mar 2026" in told


windows = st.lists(
    st.tuples(st.integers(1, 300), st.integers(0, 40), st.booleans()).map(
        lambda told: Window(
            date.fromordinal(739000 + told[0]), date.fromordinal(739000 + told[0] + told[1]), told[2]
        )
    ),
    max_size=8,
)


@given(windows)
@property_settings(max_examples=150, deadline=None)
def test_t14_every_long_day_between_files_is_in_one_gap_and_no_covered_one_is(found: list[Window]) -> None:
    def days(period: Any) -> set[int]:
        return set(range(period.first.toordinal(), period.last.toordinal() + 1))

    covered = set().union(*map(days, found)) if found else set()
    told = [days(gap) for gap in between(found)]
    assert sum(map(len, told)) == len(set().union(*told)) if told else True
    assert not any(gap & covered for gap in told)
    inside = set(range(min(covered), max(covered))) - covered if covered else set()
    assert set().union(*told) <= inside
    if all(window.stated for window in found):
        assert set().union(*told) == inside
