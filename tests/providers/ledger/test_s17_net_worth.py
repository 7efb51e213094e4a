"""Net worth in one pass is what asking for each point and account gave."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from providers.connections.models import Connection
from providers.ledger.balance_sums import day_sums
from providers.ledger.cash_flow.intervals import points
from providers.ledger.models import BalanceSnapshot, FinancialAccount

pytestmark = pytest.mark.django_db
FIRST = date(2026, 3, 1)

# The statement that the single pass replaced.
BEFORE = """
SELECT point.day, account.currency, sum(greatest(known.current, 0)), sum(least(known.current, 0)), max(known.as_of)
FROM unnest(%(days)s::date[]) AS point (day)
CROSS JOIN providers_financialaccount AS account
CROSS JOIN LATERAL (
    SELECT current, as_of FROM providers_balancesnapshot AS snapshot
    WHERE snapshot.account_id = account.id AND snapshot.date <= point.day
    ORDER BY snapshot.date DESC LIMIT 1
) AS known
WHERE account.user_id = %(user)s AND (account.closed_at IS NULL OR account.closed_at::date > point.day)
GROUP BY point.day, account.currency ORDER BY point.day, account.currency
"""

days = st.integers(-10, 30).map(lambda n: FIRST + timedelta(days=n))
amounts = st.decimals(-(10**17), 10**17, places=2, allow_nan=False)
accounts = st.lists(
    st.tuples(st.dictionaries(days, amounts, max_size=8), st.none() | days, st.sampled_from(["USD", "EUR"])),
    max_size=4,
)


@settings(max_examples=150)
@given(accounts, st.integers(0, 25), st.integers(0, 25), st.sampled_from(["day", "week", "month"]))
def test_s17_the_series_is_that_of_a_look_at_each_point_and_account(
    held: Any, offset: int, length: int, interval: Any
) -> None:
    start = FIRST + timedelta(days=offset - 5)
    asked = list(points(start, start + timedelta(days=length), interval))
    with transaction.atomic():
        ana = _person(held)
        sums, as_of = day_sums(ana.id, asked)
        before = _before(ana, asked)
        transaction.set_rollback(True)
    assert [(each.day, each.currency, each.assets, each.liabilities) for each in sums] == [
        row[:4] for row in before
    ]
    assert as_of == max((row[4] for row in before if row[0] == asked[-1]), default=None)


def _person(held: Any) -> User:
    ana = User.objects.create_hashed(password_hash="x", name="Ana", email="ana@net-worth.example")
    link = Connection.objects.create(user=ana, provider="sandbox", state=Connection.State.ACTIVE)
    for number, (snapshots, closed, currency) in enumerate(held):
        account = FinancialAccount.objects.create(
            user=ana, connection=link, provider_account_id=str(number), name="A", type="other",
            currency=currency, closed_at=closed and datetime(closed.year, closed.month, closed.day, 12, tzinfo=UTC),
        )  # fmt: skip
        for day, amount in snapshots.items():
            as_of = datetime(day.year, day.month, day.day, number, tzinfo=UTC)
            BalanceSnapshot.objects.create(
                account=account, date=day, current=amount, as_of=as_of, fetched_at=as_of
            )
    return ana


def _before(ana: User, asked: list[date]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, {"user": ana.id, "days": asked})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
