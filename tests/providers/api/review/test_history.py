"""The history of a transaction over the API: each source, what changed, why, and what can be undone."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.landing import land
from tests.accounts.conftest import Api
from tests.providers.ledger.observations.telling import FEED, FILES, stated, told
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db


async def history(api: Api, name: Any) -> Any:
    answer = await api.get(f"transactions/{name}/history")
    assert answer.status_code == 200, answer.content
    return answer.json()


async def test_t02_a_history_tells_sources_changes_and_reasons(ana: User, account: FinancialAccount) -> None:
    waiting = told("p1", 2, "-20.00", "Bistro", status="pending")
    for hour, stating in enumerate(
        (waiting, told("b1", 4, "-23.00", "Bistro"), told("b1", 4, "-23.00", "Bistro Luna")), start=1
    ):
        await run_db(land, account, FEED, stated(stating, hour=hour, window=(1, 9)))
    await run_db(land, account, FILES, stated(told("", 4, "-23.00", "BISTRO LUNA"), hour=4))
    api, row = await signed_in(ana), await Transaction.objects.aget()
    await api.call("PATCH", f"transactions/{row.id}", {"category": "Treats"})
    found = await history(api, row.id)
    assert [(each["kind"], each["source"], each["reason"]) for each in found["entries"]] == [
        ("first", "corpus", "new"),
        ("changed", "corpus", "pending"),
        ("changed", "corpus", "id"),
        ("seen_too", "CSV files", "observer"),
        ("edited", "You", ""),
    ]
    booked = {each["field"]: (each["before"], each["after"]) for each in found["entries"][1]["changes"]}
    assert booked == {
        "status": ("pending", "posted"),
        "date": ("2026-05-02", "2026-05-04"),
        "amount": ("-20.00", "-23.00"),
    }
    assert found["entries"][2]["changes"] == [
        {"field": "description", "before": "Bistro", "after": "Bistro Luna"}
    ]
    assert [(each["name"], each["kind"], each["until"]) for each in found["sources"]] == [
        ("corpus", "feed", None),
        ("CSV files", "file", None),
    ]
    assert [each["can_undo"] for each in found["entries"]] == [False, True, False, True, True]


async def test_t02_a_link_and_an_edit_are_undone_from_the_history(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 4, "-23.00", "Bistro"), hour=1, window=(1, 9)))
    await run_db(land, account, FILES, stated(told("", 4, "-23.00", "Bistro"), hour=2))
    api, row = await signed_in(ana), await Transaction.objects.aget()
    await api.call("PATCH", f"transactions/{row.id}", {"hidden": True})
    path = f"transactions/{row.id}/history"
    link = (await history(api, row.id))["entries"][1]["id"]
    his = await signed_in(ben)
    assert (await his.call("POST", f"{path}/{link}/undo")).status_code == 404
    assert (await his.get(path)).status_code == 404
    assert (await api.call("POST", f"{path}/edit-hidden/undo")).status_code == 200
    parted = (await api.call("POST", f"{path}/{link}/undo")).json()
    assert await Transaction.objects.acount() == 2
    decision = next(each for each in parted["entries"] if each["kind"] == "parted")
    joined = (await api.call("POST", f"{path}/{decision['id']}/undo")).json()
    assert await Transaction.objects.acount() == 1
    assert next(each for each in joined["entries"] if each["kind"] == "parted")["undone_at"]
    for entry in ("edit-amount", "edit-", "decision-x", f"decision-{uuid4()}", "observation-0", "nothing"):
        assert (await api.call("POST", f"{path}/{entry}/undo")).status_code == 404, entry


async def test_t02_a_row_that_is_stated_no_more_keeps_its_history(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 4, "-23.00"), hour=1, window=(1, 9)))
    row = await Transaction.objects.aget()
    await run_db(land, account, FEED, stated(hour=2, window=(1, 9)))
    api = await signed_in(ana)
    found = await history(api, row.id)
    assert [each["kind"] for each in found["entries"]] == ["first", "withdrawn"]
    assert found["sources"][0]["until"].startswith("2026-06-01T02")
    assert (await api.get(f"transactions/{row.id}")).status_code == 404
    assert (await api.get(f"transactions/{uuid4()}/history")).status_code == 404
