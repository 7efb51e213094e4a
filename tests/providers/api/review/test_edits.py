"""Edits over the API: a person's words over the feed's, rows hidden, deleted and brought back."""

from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations import edits
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Edit
from providers.ledger.observations.rebuild import rebuild
from tests.accounts.conftest import Api
from tests.providers.ledger.observations.telling import FEED, stated, told
from tests.providers.test_leaving import signed_in

pytestmark = pytest.mark.django_db


async def only(account: FinancialAccount) -> str:
    """The id of the account's only transaction that is shown."""
    found = await Transaction.objects.aget(account=account)
    return str(found.id)


async def shown(api: Api, id: str) -> list[Any]:
    row = (await api.get(f"transactions/{id}")).json()
    return [row[name] for name in ("description", "category", "note", "hidden", "edited")]


async def test_t01_edits_lie_over_the_feed_s_word_and_null_or_restore_brings_it_back(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00", category="FOOD"), hour=1, window=(1, 9)))
    api, name = await signed_in(ana), await only(account)
    words = {"description": "Tea\nwith Ben", "category": "", "note": " Nice "}
    answer = await api.call("PATCH", f"transactions/{name}", words)
    assert answer.status_code == 200, answer.content
    assert answer.json()["feed"] == {"description": "Kiosk", "category": "FOOD"}
    mine = ["Tea with Ben", "", "Nice", False, ["note", "category", "description"]]
    assert await shown(api, name) == mine
    later = stated(told("a1", 3, "-3.00", "KIOSK 7", category="SHOPS"), hour=2, window=(1, 9))
    await run_db(land, account, FEED, later)
    assert await shown(api, name) == mine
    await run_db(rebuild, account)
    assert await shown(api, name) == mine
    assert (await api.get("transactions?q=tea")).json()["results"][0]["id"] == name
    body = {"description": None, "restore": ["note", "category"]}
    assert (await api.call("PATCH", f"transactions/{name}", body)).status_code == 200
    assert await shown(api, name) == ["KIOSK 7", "SHOPS", "", False, []]
    assert not await Edit.objects.aexists()


async def test_t01_a_hidden_row_is_out_of_lists_and_totals_and_comes_back(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00"), told("b1", 4, "-4.00"), window=(1, 9)))
    api = await signed_in(ana)
    name = next(
        row["id"] for row in (await api.get("transactions")).json()["results"] if row["amount"] == "-3.00"
    )
    row = (await api.call("PATCH", f"transactions/{name}", {"hidden": True, "note": "Not mine"})).json()
    assert (row["hidden"], row["note"], row["amount"], row["kind"]) == (True, "Not mine", "-3.00", "purchase")
    assert [each["amount"] for each in (await api.get("transactions")).json()["results"]] == ["-4.00"]
    assert await shown(api, name) == ["Kiosk", "", "Not mine", True, ["note"]]
    aside = (await api.get("transactions/set-aside")).json()["results"]
    assert [(each["id"], each["hidden"], each["deleted"]) for each in aside] == [(name, True, False)]
    for body in ({"hidden": False}, {"hidden": None}, {"restore": ["hidden"]}):
        await api.call("PATCH", f"transactions/{name}", {"hidden": True})
        assert (await api.call("PATCH", f"transactions/{name}", body)).json()["hidden"] is False
        assert len((await api.get("transactions")).json()["results"]) == 2


async def test_t01_a_deleted_row_stays_deleted_until_it_is_brought_back(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00"), hour=1, window=(1, 9)))
    api, name = await signed_in(ana), await only(account)
    assert (await api.call("DELETE", f"transactions/{name}")).status_code == 204
    changed = stated(told("a1", 3, "-3.50", "KIOSK"), hour=2, window=(1, 9))
    await run_db(land, account, FEED, changed)
    await run_db(rebuild, account)
    assert (await api.get("transactions")).json()["results"] == []
    assert (await api.get(f"transactions/{name}")).status_code == 404
    assert (await api.call("DELETE", f"transactions/{name}")).status_code == 204
    aside = (await api.get("transactions/set-aside?limit=1")).json()
    assert [(each["amount"], each["deleted"]) for each in aside["results"]] == [("-3.50", True)]
    for _ in range(2):
        answer = await api.call("POST", f"transactions/{name}/restore")
        assert (answer.status_code, answer.json()["amount"]) == (200, "-3.50")
    assert len((await api.get("transactions")).json()["results"]) == 1


async def test_t01_rows_from_before_observations_are_edited_too(ana: User, account: FinancialAccount) -> None:
    old: dict[str, Any] = {
        "user": ana,
        "account": account,
        "date": "2026-05-03",
        "amount": "-3",
        "currency": "EUR",
    }
    row = await Transaction.objects.acreate(
        **old, provider_transaction_id="x1", status="posted", description="Kiosk", category="FOOD"
    )
    api, name = await signed_in(ana), str(row.id)
    await api.call("PATCH", f"transactions/{name}", {"category": "Treats", "note": "With Ben"})
    assert await shown(api, name) == ["Kiosk", "Treats", "With Ben", False, ["note", "category"]]
    assert (await api.get(f"transactions/{name}")).json()["feed"]["category"] == "FOOD"
    await api.call("PATCH", f"transactions/{name}", {"category": None})
    assert await shown(api, name) == ["Kiosk", "FOOD", "With Ben", False, ["note"]]
    await api.call("PATCH", f"transactions/{name}", {"description": "Tea", "category": "Treats"})
    assert await shown(api, name) == ["Tea", "Treats", "With Ben", False, ["note", "category", "description"]]
    assert (await api.call("DELETE", f"transactions/{name}")).status_code == 204
    assert (await api.get("transactions")).json()["results"] == []
    await api.call("POST", f"transactions/{name}/restore")
    assert (await shown(api, name))[0] == "Tea"


async def test_t01_what_cannot_be_an_edit_is_refused_and_another_person_s_row_is_not_there(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00"), window=(1, 9)))
    api, name = await signed_in(ana), await only(account)
    for body, field in (
        ({"description": "x" * 1001}, "description"),
        ({"hidden": "perhaps"}, "hidden"),
        ({"restore": ["amount"]}, "restore"),
        ({"note": "Nice", "restore": ["note"]}, "restore"),
    ):
        refused = await api.call("PATCH", f"transactions/{name}", body)
        assert refused.status_code == 400, body
        assert refused.json()["errors"][0]["field"].startswith(field)
    his = await signed_in(ben)
    for method, path, sent in (
        ("PATCH", f"transactions/{name}", {"hidden": True}),
        ("DELETE", f"transactions/{name}", None),
        ("POST", f"transactions/{name}/restore", None),
    ):
        assert (await his.call(method, path, sent)).status_code == 404
    assert (await his.get("transactions/set-aside")).json()["results"] == []


async def test_t01_a_row_of_the_person_s_own_has_no_other_word_to_go_back_to(
    ana: User, account: FinancialAccount
) -> None:
    day = told("", 3, "-3.00").date
    name: UUID = await run_db(edits.add, ana.id, account.id, day, told("", 3, "-3.00").amount, "Flea market")
    await run_db(land, account, FEED, stated(told("a1", 3, "-3.00", "Flea market"), window=(1, 9)))
    api = await signed_in(ana)
    assert len((await api.get("transactions")).json()["results"]) == 2
    row = (await api.call("PATCH", f"transactions/{name}", {"description": "Chair"})).json()
    assert (row["own"], row["feed"], row["description"]) == (True, None, "Chair")
