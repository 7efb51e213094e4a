"""The proof of an account's days over the API, and where figures are from."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Holding, Security
from providers.ledger.observations import edits
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import AccountDoor
from tests.accounts.conftest import Api
from tests.providers.ledger.observations.telling import FEED, stated, told
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db


def balance(account: FinancialAccount, day: int, amount: str) -> None:
    read = datetime(2026, 7, 1, tzinfo=UTC)  # after all rows were seen
    BalanceSnapshot.objects.create(
        account=account, date=date(2026, 5, day), current=Decimal(amount), as_of=read, fetched_at=read
    )


async def standing(api: Api, account: FinancialAccount, query: str = "from=2026-05-01&to=2026-05-14") -> Any:
    answer = await api.get(f"accounts/{account.id}/proof?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


async def test_t04_days_are_proved_unproved_or_a_gap(ana: User, account: FinancialAccount) -> None:
    def bring() -> None:
        for day, amount in ((3, "100.00"), (6, "80.00"), (9, "75.00"), (12, "70.00")):
            balance(account, day, amount)
        rows = (
            told("a", 2, "-1"),
            told("b", 5, "-15"),
            told("c", 6, "-5"),
            told("d", 8, "-4"),
            told("e", 11, "-5"),
        )
        land(account, FEED, stated(*rows, told("p", 11, "-9", status="pending"), window=(1, 14)))

    await run_db(bring)
    api = await signed_in(ana)
    found = await standing(api, account)
    by_day = {each["date"][-2:]: each["status"] for each in found["results"]}
    assert [by_day.get(f"{day:02}") for day in range(1, 15)] == [
        *(None, "unproved", "unproved", "proved", "proved", "proved", "gap", "gap", "gap"),
        *("proved", "proved", "proved", "unproved", "unproved"),
    ]
    gap = next(each for each in found["results"] if each["status"] == "gap")
    assert (gap["opening"], gap["closing"], gap["moved"], gap["missing"]) == (
        "80.00",
        "75.00",
        "-4.00",
        "-1.00",
    )
    assert (gap["opening_on"], gap["closing_on"], gap["currency"]) == ("2026-05-06", "2026-05-09", "EUR")
    days, cursor = [], ""
    while cursor is not None:
        part = await standing(
            api, account, f"from=2026-05-01&to=2026-05-14&limit=4{cursor and '&cursor='}{cursor}"
        )
        days += part["results"]
        cursor = part["next_cursor"]
    assert days == found["results"]
    same = (await api.get(f"accounts/{account.id}/completeness?from=2026-05-01&to=2026-05-14")).json()
    assert same == found
    newest = (await api.get(f"accounts/{account.id}/proof")).json()["results"][0]
    assert newest["date"] <= str(datetime.now(UTC).date())  # no day that has not begun where its person is
    for query in ("from=2026-05-02&to=2026-05-01", "from=yesterday", "cursor=WyJ4Il0"):
        assert (await api.get(f"accounts/{account.id}/proof?{query}")).status_code == 400


async def test_t04_the_person_s_edits_and_own_rows_change_no_proof(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    def bring() -> None:
        balance(account, 3, "100.00")
        balance(account, 6, "80.00")
        land(account, FEED, stated(told("a", 5, "-15"), told("b", 6, "-5"), window=(1, 9)))
        edits.add(ana.id, account.id, date(2026, 5, 5), Decimal(-7), "Cash for Ben")

    await run_db(bring)
    api = await signed_in(ana)
    for row in (await api.get("transactions")).json()["results"]:
        if row["amount"] == "-15.00":
            await api.call("PATCH", f"transactions/{row['id']}", {"hidden": True})
        elif row["amount"] == "-5.00":
            await api.call("DELETE", f"transactions/{row['id']}")
    found = await standing(api, account, "from=2026-05-04&to=2026-05-06")
    assert [each["status"] for each in found["results"]] == ["proved"] * 3
    his = await signed_in(ben)
    assert (await his.get(f"accounts/{account.id}/proof")).status_code == 404
    await FinancialAccount.objects.aupdate(type="investment")
    found = await standing(api, account, "from=2026-05-04&to=2026-05-06")
    assert [each["status"] for each in found["results"]] == ["unproved"] * 3


@pytest.mark.parametrize(
    ("provider", "age", "source", "stale"),
    [("sandbox", 3, "feed", True), ("sandbox", 0, "feed", False), ("ofx", 300, "file", False)],
)
async def test_t04_every_figure_says_where_it_is_from_and_whether_it_is_stale(
    ana: User, account: FinancialAccount, provider: str, age: int, source: str, stale: bool
) -> None:
    as_of = timezone.now() - timedelta(days=age)
    await Connection.objects.aupdate(provider=provider)
    await FinancialAccount.objects.aupdate(balance_current=5, balance_as_of=as_of, balance_fetched_at=as_of)
    times: dict[str, Any] = {"as_of": as_of, "fetched_at": as_of}
    security = await Security.objects.acreate(
        provider=provider, provider_security_id="v", name="V", currency="EUR"
    )
    await Holding.objects.acreate(account=account, security=security, quantity=1, currency="EUR", **times)
    await BalanceSnapshot.objects.acreate(account=account, date=as_of.date(), current=5, **times)
    api = await signed_in(ana)
    (told_of,) = (await api.get("accounts")).json()["results"]
    assert (told_of["balances"]["source"], told_of["balances"]["stale"]) == (source, stale)
    assert all(told_of["balances"][name] for name in ("as_of", "fetched_at"))
    (day,) = (await api.get(f"accounts/{account.id}/balances")).json()["results"]
    assert day["source"] == source
    (holding,) = (await api.get("holdings")).json()["results"]
    assert holding["source"] == source
    assert all(holding[name] for name in ("as_of", "fetched_at"))
    assert holding["stale"] in {False, stale}


async def test_t05_a_further_entrance_to_an_account_is_in_no_list_and_no_total(
    ana: User, account: FinancialAccount
) -> None:
    now = timezone.now()
    worth: dict[str, Any] = {"balance_current": 50, "balance_as_of": now, "balance_fetched_at": now}
    await FinancialAccount.objects.aupdate(**worth)
    door = await FinancialAccount.objects.acreate(
        user=ana,
        connection_id=account.connection_id,
        provider_account_id="again",
        name="Everyday again",
        type="investment",
        currency="EUR",
        **worth,
    )
    security = await Security.objects.acreate(
        provider="corpus", provider_security_id="v", name="V", currency="EUR"
    )
    for each in (account, door):
        times: dict[str, Any] = {"as_of": now, "fetched_at": now}
        await BalanceSnapshot.objects.acreate(account=each, date=now.date(), current=50, **times)
        await Holding.objects.acreate(account=each, security=security, quantity=1, currency="EUR", **times)
    await AccountDoor.objects.acreate(account=door, into=account)
    api = await signed_in(ana)
    assert [each["name"] for each in (await api.get("accounts?hidden=true")).json()["results"]] == [
        "Everyday"
    ]
    assert len((await api.get("holdings")).json()["results"]) == 1
    assert (await api.get("net-worth?currency=EUR")).json()["total"] == "50.00"
    assert (await api.get(f"accounts/{door.id}")).json()["same_as"] == str(account.id)
