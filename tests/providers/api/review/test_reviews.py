"""The review queue over the API: both sides, why, and answers that can be taken back."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.accounts.twins import ask_about_accounts
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Question
from tests.accounts.conftest import Api
from tests.providers.ledger.observations.telling import FEED, FILES, stated, told
from tests.providers.test_leaving import signed_in
from tests.said import listening

pytestmark = pytest.mark.django_db


async def queue(api: Api, query: str = "") -> list[Any]:
    answer = await api.get(f"reviews{query}")
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


async def act(api: Api, review: Any, verb: str) -> Any:
    answer = await api.call("POST", f"reviews/{review['id']}/{verb}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def unsure(account: FinancialAccount) -> None:
    """A feed and a file that may or may not tell of one purchase."""
    land(account, FEED, stated(told("a1", 4, "-23.00", "Bistro"), hour=1, window=(1, 9)))
    land(account, FILES, stated(told("", 4, "-23.00", "Kiosk"), hour=2))


async def test_t03_a_question_about_two_rows_is_answered_and_the_answer_taken_back(
    ana: User, ben: User, account: FinancialAccount
) -> None:
    await run_db(unsure, account)
    api = await signed_in(ana)
    (asked,) = await queue(api)
    sides = [(asked[side]["row"]["description"], asked[side]["row"]["source"]) for side in ("left", "right")]
    assert sides == [("Bistro", "corpus"), ("Kiosk", "CSV files")]
    assert (asked["kind"], asked["state"], asked["left"]["row"]["amount"]) == ("same_event", "open", "-23.00")
    assert asked["why"]
    his = await signed_in(ben)
    assert await queue(his) == []
    for verb in ("accept", "refuse", "undo"):
        assert (await his.call("POST", f"reviews/{asked['id']}/{verb}")).status_code == 404
    for verb, state, rows in (("accept", "accepted", 1), ("refuse", "refused", 2)):
        assert (await act(api, asked, verb))["state"] == state
        assert await Transaction.objects.acount() == rows
        assert await queue(api) == []
        assert [each["id"] for each in await queue(api, "?answered=true")] == [asked["id"]]
        assert (await api.call("POST", f"reviews/{asked['id']}/accept")).status_code == 404
        for _ in range(2):
            assert (await act(api, asked, "undo"))["state"] == "open"
        assert await Transaction.objects.acount() == 2
        assert [each["id"] for each in await queue(api)] == [asked["id"]]


async def test_t03_rows_that_vanish_at_once_and_amounts_that_jump_are_asked_about(
    ana: User, account: FinancialAccount
) -> None:
    rows = [told(f"r{n}", n, f"-{n}.00", f"Shop {n}") for n in range(1, 8)]
    await run_db(land, account, FEED, stated(*rows, hour=1, window=(1, 9)))
    jumped = [told("r1", 1, "-100.00", "Shop 1"), *rows[1:]]
    await run_db(land, account, FEED, stated(*jumped, hour=2, window=(1, 9)))
    api = await signed_in(ana)
    (asked,) = await queue(api)
    amounts = [asked[side]["row"]["amount"] for side in ("left", "right")]
    assert (asked["kind"], amounts) == ("sudden_change", ["-1.00", "-100.00"])
    assert (await act(api, asked, "accept"))["state"] == "accepted"
    assert await Transaction.objects.filter(amount=-100).aexists()
    await act(api, asked, "undo")
    assert await Transaction.objects.filter(amount=-1).aexists()
    await act(api, asked, "refuse")
    await run_db(land, account, FEED, stated(rows[0], hour=3, window=(1, 9)))
    (asked,) = await queue(api)
    assert (asked["kind"], asked["count"], len(asked["rows"])) == ("vanished_rows", 6, 5)
    await act(api, asked, "accept")
    assert await Transaction.objects.acount() == 1
    await act(api, asked, "undo")
    assert await Transaction.objects.acount() == 7


async def test_t03_an_account_that_may_be_another_is_shown_with_both_names(
    ana: User, account: FinancialAccount
) -> None:
    def two() -> None:
        land(
            account, FEED, stated(*(told(f"a{n}", n, f"-{n}.00") for n in range(1, 5)), hour=1, window=(1, 9))
        )
        FinancialAccount.objects.filter(id=account.id).update(closed_at=datetime(2026, 6, 2, tzinfo=UTC))
        other = Connection.objects.create(user=ana, provider="corpus", state="active")
        new = FinancialAccount.objects.create(
            user=ana,
            connection=other,
            provider_account_id="new",
            name="Giro",
            type="depository",
            currency="EUR",
        )
        land(new, FEED, stated(*(told(f"b{n}", n, f"-{n}.00") for n in range(1, 5)), hour=2, window=(1, 9)))
        ask_about_accounts(ana.id)

    await run_db(two)
    api = await signed_in(ana)
    (asked,) = await queue(api)
    names = [asked[side]["account"]["name"] for side in ("left", "right")]
    assert (asked["kind"], names) == ("same_account", ["Everyday", "Giro"])
    assert "4 of its 4" in asked["why"]
    done = await act(api, asked, "accept")
    assert (done["state"], done["right"]["account"]) == ("accepted", None)
    assert await Transaction.objects.acount() == 4
    await act(api, asked, "undo")
    assert await Transaction.objects.acount() == 8
    assert [each["id"] for each in await queue(api)] == [asked["id"]]


def of_the_queue(statements: list[str]) -> list[str]:
    """Without what a process asks now and then: which sessions have ended."""
    return [sql for sql in statements if "providers_" in sql]


async def test_t03_the_queue_is_read_by_pages_with_as_many_statements_for_many_as_for_one(
    ana: User, account: FinancialAccount
) -> None:
    await run_db(unsure, account)
    first = await Question.objects.aget()
    api = await signed_in(ana)
    await queue(api)
    async with listening() as one_question:
        await queue(api)
    balance = {"balance": "100.5", "as_of": "2026-06-01T00:00:00+00:00"}
    kinds: dict[str, Any] = {"account": account, "why": "the balance changed a lot at once"}
    await Question.objects.acreate(
        kind=Question.Kind.SUDDEN, left=account.id, right=account.id, evidence=balance, **kinds
    )
    for _ in range(3):
        await Question.objects.acreate(kind=Question.Kind.EVENT, left=first.left, right=uuid4(), **kinds)
    async with listening() as five_questions:
        found = await queue(api)
    assert len(of_the_queue(five_questions)) == len(of_the_queue(one_question)) > 0
    assert [each["right"]["row"] for each in found[:3]] == [None] * 3
    assert found[3]["right"]["balance"]["amount"] == "100.50"
    read, cursor = [], ""
    while cursor is not None:
        part = (await api.get(f"reviews?limit=2{cursor and '&cursor='}{cursor}")).json()
        read += part["results"]
        cursor = part["next_cursor"]
    assert read == found
    assert (await api.get("reviews?cursor=WyJ4Il0")).status_code == 400
