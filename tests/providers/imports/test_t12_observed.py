"""Files beside feeds: each event once in either order, and an import taken back leaves what others say."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.imports.provenance import ImportedRows
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.models import Delivery, Observation, Question, Source
from tests.providers.imports.conftest import Bring
from tests.providers.imports.test_imports import fed, line, rows_of, statement
from tests.providers.imports.test_t06_undo import APRIL, MARCH, take_back
from tests.providers.ledger.pages import apply_transactions
from tests.providers.ledger.test_ingest import page, pending, row

__all__ = ["fed"]
pytestmark = pytest.mark.django_db


async def test_t12_a_number_that_stands_on_every_row_does_not_make_two_purchases_one(
    ana: User, bring: Bring
) -> None:
    noon = statement(line("0", "-3.00", name="CAFE ONE"))
    evening = statement(line("0", "-3.00", name="BAKERY TWO"))
    for data, added in ((noon, 1), (evening, 1), (noon, 0), (evening, 0)):
        assert (await bring(data)).added == added
    assert await rows_of(ana) == [("BAKERY TWO", "-3.00"), ("CAFE ONE", "-3.00")]
    both = statement(line("0", "-3.00", name="BAKERY TWO"), line("0", "-3.00", name="CAFE ONE"))
    for data in (both, noon, both, evening, both):
        assert (await bring(data)).added == 0
    assert len(await rows_of(ana)) == 2


@pytest.mark.parametrize("file_first", [True, False])
async def test_t12_a_purchase_that_a_feed_and_a_file_tell_is_one(
    bring: Bring, fed: FinancialAccount, *, file_first: bool
) -> None:
    waits = pending("p", "-54.74", description="Tidewater Market", date=date(2026, 3, 7))
    booked = row(
        "t", "-54.74", description="Tidewater Market", date=date(2026, 3, 9), replaced_pending_id="p"
    )
    file = statement(line("Q1", "-54.74", name="TIDEWATER MARKET"))
    if file_first:
        await bring(file, fed.id)
    await run_db(apply_transactions, fed, page(waits, then="1"), "")
    await bring(file, fed.id)
    assert [each.status async for each in Transaction.objects.all()] == ["posted"]
    await run_db(apply_transactions, fed, page(booked, removed=["p"], then="2"), "1")
    await bring(file, fed.id)
    only = await Transaction.objects.aget()
    assert (only.status, only.amount, only.provider_transaction_id) == ("posted", Decimal("-54.74"), "t")
    assert not await Question.objects.aexists()


async def test_t12_taking_a_file_back_leaves_what_the_feed_says(
    ana: User, bring: Bring, fed: FinancialAccount
) -> None:
    await run_db(apply_transactions, fed, page(row("a", "-4.50", description="CAFE")), "")
    file = await bring(statement(line("1"), line("2", "-20")), fed.id)
    assert (file.added, file.matched) == (1, 1)
    effect = await take_back(file)
    assert (effect.going, effect.staying) == (1, 1)
    assert await rows_of(ana) == [("CAFE", "-4.50")]
    assert await Observation.objects.acount() == 1
    assert await Delivery.objects.acount() == 1


def as_before(*pieces: tuple[Any, list[str], str]) -> None:
    """Make what files brought look as earlier versions left it: an import, names of rows, rows it changed."""
    ImportedRows.objects.all().delete()
    for table in (Observation, Delivery, Source):
        table.objects.all().delete()
    FinancialAccount.objects.update(observed_at=None)
    account = FinancialAccount.objects.get()
    ids = list(Transaction.objects.values_list("provider_transaction_id", flat=True))
    for file, names, before in pieces:
        mine = [each for each in ids if each.removeprefix("ofx:").partition("~")[0] in names]
        piece = ImportedRows.objects.create(file_import=file, account=account, names=mine)
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE providers_importedrows SET before = %s::jsonb WHERE id = %s", [before, piece.id]
            )


def image() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM providers_transaction t")
        found: str = cursor.fetchone()[0]
    return found


async def test_t12_imports_of_before_can_be_taken_back(ana: User, bring: Bring) -> None:
    march, april = await bring(MARCH), await bring(APRIL)
    await run_db(as_before, (march, ["1", "2"], "[]"), (april, ["2", "3"], "[]"))
    effect = await take_back(march)
    assert (effect.going, effect.staying) == (1, 1)
    assert await rows_of(ana) == [("CAFE", "-20.00"), ("CAFE", "-7.00")]
    assert (await bring(MARCH)).added == 1
    assert (await take_back(april)).going == 1


async def test_t12_a_row_that_an_import_of_before_had_changed_is_as_it_was(ana: User, bring: Bring) -> None:
    first = await bring(statement(line("1", name="CAFE")))
    was = await run_db(image)
    renamed = await bring(statement(line("1", name="CORNER CAFE")))
    kept = await Transaction.objects.aget()
    await run_db(as_before, (first, ["1"], "[]"), (renamed, ["1"], was))
    await take_back(renamed)
    back = await Transaction.objects.aget()
    assert (back.id, back.description) == (kept.id, "CAFE")
    assert (await take_back(first)).going == 1
