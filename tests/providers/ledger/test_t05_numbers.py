"""Numbers and days of the ledger: exact, and as institutions have them."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from providers.connections.models import Connection
from providers.errors import ProviderUnreadable
from providers.ledger import checks
from providers.ledger.ingest import apply_accounts
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from tests.providers.ledger.test_ingest import account_record

pytestmark = pytest.mark.django_db
CALIFORNIA = timezone(timedelta(hours=-8))
EVENING = datetime(2026, 1, 31, 20, tzinfo=CALIFORNIA)


@pytest.fixture
def connection(ana: User) -> Connection:
    return Connection.objects.create(user=ana, provider="sandbox", state="active")


def days() -> list[tuple[date, Decimal]]:
    return list(BalanceSnapshot.objects.order_by("date").values_list("date", "current"))


def test_t05_a_balance_of_a_feed_has_the_day_of_its_own_zone(connection: Connection) -> None:
    apply_accounts(connection, [account_record(as_of=EVENING)], EVENING)
    assert [day for day, _ in days()] == [date(2026, 1, 31)]
    account = FinancialAccount.objects.get()
    assert (account.balance_date, account.balance_as_of) == (date(2026, 1, 31), EVENING)


def test_t05_an_older_answer_of_a_feed_writes_no_second_day(connection: Connection) -> None:
    apply_accounts(connection, [account_record(as_of=EVENING)], EVENING)
    apply_accounts(connection, [account_record(as_of=EVENING - timedelta(hours=1))], EVENING)
    assert [day for day, _ in days()] == [date(2026, 1, 31)]


def places(table: str) -> list[tuple[str, int]]:
    """Where PostgreSQL keeps the table and its indexes: a rewrite moves them."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE oid = %(table)s::regclass OR oid IN "
            "(SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass) ORDER BY relname",
            {"table": table},
        )
        return list(cursor.fetchall())


@pytest.mark.parametrize("model", ["balancesnapshot", "financialaccount", "holding", "transaction"])
def test_t05_wider_columns_rewrite_neither_tables_nor_indexes(model: str) -> None:
    migration: Any = import_module("providers.migrations.0009_exact_columns")
    columns = migration.COLUMNS[model]
    (widening,) = migration._widened(model, columns).database_operations
    with database.cursor() as cursor:
        narrow = ", ".join(f'ALTER "{column}" TYPE numeric(36, 18)' for column in columns)
        cursor.execute(f"ALTER TABLE providers_{model} {narrow}")
        before = places(f"providers_{model}")
        cursor.execute(widening.sql)
    assert places(f"providers_{model}") == before


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_t05_a_number_that_a_column_takes_comes_back_unchanged(number: Decimal) -> None:
    try:
        checks.numbers(number)
    except ProviderUnreadable:
        return
    with database.cursor() as cursor:
        cursor.execute("SELECT %s::numeric", [number])
        (back,) = cursor.fetchone()
    assert back == number
