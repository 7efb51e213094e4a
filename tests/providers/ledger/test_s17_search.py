"""A search by the index of words finds what reading every row found."""

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from dashtam.api.paging import Page
from dashtam.bridge.doors import run_db
from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.ledger import queries
from providers.ledger.models import FinancialAccount, Security, Transaction
from providers.ledger.queries.transactions import TransactionFilters
from tests.said import listening

pytestmark = pytest.mark.django_db
FIRST = date(2026, 3, 1)

texts = st.text(st.sampled_from("aAbBßſıİéÉ _%\\'1ΣςσДд"), max_size=9)
words = st.text(st.sampled_from("aAbBßſıİéÉ _%\\'1ΣςσДд"), min_size=1, max_size=5)


def fill(user: User, rows: Any) -> None:
    link = Connection.objects.create(user=user, provider="sandbox", state=Connection.State.ACTIVE)
    account = FinancialAccount.objects.create(
        user=user, connection=link, provider_account_id="a", name="A", type="other", currency="USD"
    )
    for number, (description, note, category, symbol) in enumerate(rows):
        security = None
        if symbol:
            security, _ = Security.objects.get_or_create(
                provider="sandbox", provider_security_id=symbol, defaults={"symbol": symbol, "name": "S"}
            )
        Transaction.objects.create(
            id=uuid7(), user=user, account=account, provider_transaction_id=str(number),
            date=FIRST + timedelta(days=number % 5), status="posted", amount=number, currency="USD",
            description=description, note=note, category=category, security=security,
        )  # fmt: skip


@contextlib.contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@settings(max_examples=120)
@given(st.lists(st.tuples(texts, texts, texts, st.sampled_from(["", "AAB", "ÉaΣ"])), max_size=8), words)
def test_s17_the_index_finds_what_reading_each_row_finds(rows: Any, sought: str) -> None:
    with undone():
        ana = User.objects.create_hashed(password_hash="x", name="Ana", email="ana@search.example")
        ben = User.objects.create_hashed(password_hash="x", name="Ben", email="ben@search.example")
        fill(ana, rows)
        fill(ben, rows)
        columns = ("description", "note", "category", "security__symbol")
        plain = Q(*((f"{column}__icontains", sought) for column in columns), _connector=Q.OR)
        mine = Transaction.objects.filter(user=ana)
        expected = set(mine.filter(plain).values_list("id", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        found = TransactionFilters(q=sought).find(mine, ana.id)
        assert set(found.values_list("id", flat=True)) == expected


async def test_s17_pages_are_in_the_order_of_the_list_whether_words_match_often_or_seldom(
    ana: User, ben: User
) -> None:
    """Beyond the NEWEST rows the index goes on where reading stopped."""
    for user in (ana, ben):
        await run_db(fill, user, [("Corner shop", "", "", "")])
    account = await FinancialAccount.objects.aget(user=ana)

    def many() -> None:
        Transaction.objects.bulk_create(
            Transaction(
                id=uuid7(), user=ana, account=account, provider_transaction_id=f"m{number}",
                date=FIRST - timedelta(days=number), status="posted", amount=1, currency="USD",
                description=f"{'Rare find' if number % 500 == 7 else 'Corner shop'} {number}",
            )
            for number in range(2600)
        )  # fmt: skip

    await run_db(many)
    for sought in ("rare FIND", "corner", "nowhere"):
        rows = Transaction.objects.filter(user=ana, description__icontains=sought).order_by("-date", "-id")
        expected = [str(each.id) async for each in rows[:7]]
        found: list[str] = []
        page = Page(3)
        while len(found) < 7:
            listed = await queries.transactions(ana.id, TransactionFilters(q=sought), page)
            found += [str(row["id"]) for row in listed.results]
            if not listed.next_cursor:
                break
            last = listed.results[-1]
            page = Page(3, (last["date"].isoformat(), str(last["id"])))
        assert found[:7] == expected
    async with listening() as said:
        await queries.transactions(ana.id, TransactionFilters(q="nowhere"))
    (statement,) = (each for each in said if "providers_grams" in each)
    assert "Sort" in await run_db(walking, statement)


def walking(statement: str) -> str:
    """The plan of PostgreSQL if it would rather walk through all rows in their order than sort."""
    with connection.cursor() as cursor:
        for way in ("sort", "bitmapscan", "seqscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_s17_the_index_of_words_serves_the_search(ana: User) -> None:
    fill(ana, [("Corner shop", "", "", "")] * 3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    # Of a few rows the index of the person's rows would be as good.
    plan = TransactionFilters(q="nowhere").find(Transaction.objects.all(), ana.id).explain()
    assert "transaction_grams" in plan


async def test_s17_a_search_that_comes_again_is_planned_for_its_own_words(ana: User) -> None:
    """A plan made once for all words would read everything that somebody has."""
    await run_db(fill, ana, [("corner shop", "", "", "")])
    for _ in range(4):
        await queries.transactions(ana.id, TransactionFilters(q="corner shop"))
        await queries.transactions(ana.id, TransactionFilters(q="nowhere to be found"))
        await queries.transactions(ana.id)
    planned_once = await run_db(prepared)
    assert any("providers_transaction" in statement for statement in planned_once)
    assert not any("UPPER(" in statement for statement in planned_once)


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]
