"""Transfers between own accounts: equal and opposite, near in time, one to one."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from providers.ledger.cash_flow.transfers import MOST_DAYS, Leg, transfers

DAY = date(2026, 3, 9)


def leg(number: int, account: int, amount: str, days: int = 0, kind: str = "unknown", **fields: Any) -> Leg:
    given: dict[str, Any] = {"currency": "USD", "category": ""} | fields
    at = DAY + timedelta(days=days)
    return Leg(UUID(int=number), UUID(int=account), at, Decimal(amount), kind=kind, **given)


def pairs(*legs: Leg) -> set[tuple[int, int]]:
    """The transfers by the numbers of their rows; the order in which rows come never matters."""
    found = {(pair.out.id.int, pair.into.id.int) for pair in transfers(legs)}
    for shuffled in list(permutations(legs))[:24]:
        assert {(pair.out.id.int, pair.into.id.int) for pair in transfers(shuffled)} == found
    return found


def test_t07_a_card_payment_from_checking_is_a_transfer() -> None:
    assert pairs(leg(1, 1, "-500", kind="payment"), leg(2, 2, "500", days=2, kind="payment")) == {(1, 2)}
    assert pairs(leg(1, 1, "-500", kind="transfer"), leg(2, 2, "500", days=-5, kind="credit")) == {(1, 2)}


def test_t07_what_is_far_apart_unequal_foreign_or_in_one_account_is_none() -> None:
    out = leg(1, 1, "-500", kind="transfer")
    for other in (
        leg(2, 2, "500", days=MOST_DAYS + 1, kind="transfer"),
        leg(2, 2, "500.01", kind="transfer"),
        leg(2, 2, "-500", kind="transfer"),
        leg(2, 1, "500", kind="transfer"),
        leg(2, 2, "500", kind="transfer", currency="EUR"),
    ):
        assert pairs(out, other) == set()


def test_t07_each_row_belongs_to_one_transfer() -> None:
    assert pairs(leg(1, 1, "-500"), leg(2, 2, "500"), leg(3, 3, "500")) == {(1, 2)}
    both = pairs(leg(1, 1, "-500"), leg(2, 1, "-500", days=1), leg(3, 2, "500"), leg(4, 2, "500", days=1))
    assert both == {(1, 3), (2, 4)}


def test_t07_a_kind_that_says_transfer_comes_before_a_nearer_day() -> None:
    out = leg(1, 1, "-500", kind="transfer")
    assert pairs(out, leg(2, 2, "500", kind="deposit"), leg(3, 3, "500", days=3, kind="transfer")) == {(1, 3)}
    assert pairs(out, leg(2, 2, "500", days=3), leg(3, 3, "500", days=2)) == {(1, 3)}


def test_t07_purchases_refunds_fees_and_trades_are_no_transfers() -> None:
    for kind in ("purchase", "fee", "interest", "dividend", "buy", "atm"):
        assert pairs(leg(1, 1, "-500", kind=kind), leg(2, 2, "500", kind="transfer")) == set()
    assert pairs(leg(1, 1, "-20", kind="purchase"), leg(2, 2, "20", kind="credit")) == set()


LEGS = st.lists(
    st.builds(
        lambda account, cents, days, kind: (account, cents, days, kind),
        st.integers(1, 3),
        st.sampled_from([-200, -100, 100, 200]),
        st.integers(0, 12),
        st.sampled_from(["transfer", "payment", "deposit", "unknown", "purchase"]),
    ),
    max_size=30,
)


@given(LEGS)
def test_t07_whatever_comes_pairs_are_sound_and_none_is_missed_that_is_free(rows: list[Any]) -> None:
    legs = [leg(n, account, str(cents), days, kind) for n, (account, cents, days, kind) in enumerate(rows, 1)]
    found = transfers(legs)
    used = [each.id for pair in found for each in (pair.out, pair.into)]
    assert len(used) == len(set(used))
    for pair in found:
        assert fits(pair.out, pair.into)
    left = [each for each in legs if each.id not in used and each.kind != "purchase"]
    assert not [(one, two) for one in left for two in left if fits(one, two)]


def fits(out: Leg, into: Leg) -> bool:
    near = abs((out.date - into.date).days) <= MOST_DAYS
    return near and out.amount < 0 and out.amount == -into.amount and out.account_id != into.account_id
