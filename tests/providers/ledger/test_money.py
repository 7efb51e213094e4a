"""Amounts as text: exact, with the currency's decimals, never an exponent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.ledger.money import plain, plain_number, total

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**18), max_value=10**18)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("12.5", "USD", "12.50"),
        ("12.500000000000000000", "USD", "12.50"),
        ("0", "EUR", "0.00"),
        ("-0.00", "EUR", "0.00"),
        ("1e3", "USD", "1000.00"),
        ("1e-7", "USD", "0.0000001"),
        ("500", "JPY", "500"),
        ("500.50", "JPY", "500.5"),
        ("1.5", "KWD", "1.500"),
        ("-1234567890123456.789", "USD", "-1234567890123456.789"),
        ("7", "XYZ", "7.00"),
    ],
)
def test_money_has_at_least_its_currencys_decimals(amount: str, currency: str, expected: str) -> None:
    assert plain(Decimal(amount), currency) == expected


@given(AMOUNTS, st.sampled_from(["USD", "JPY", "KWD", "BTC"]))
def test_money_as_text_is_the_same_number(amount: Decimal, currency: str) -> None:
    text = plain(amount, currency)
    assert Decimal(text) == amount
    assert "E" not in text.upper()
    assert text != "-0"


@given(AMOUNTS)
def test_a_quantity_as_text_is_the_same_number_without_padding(number: Decimal) -> None:
    text = plain_number(number)
    assert Decimal(text) == number
    assert "." not in text or not text.endswith("0")


def test_nothing_stays_nothing() -> None:
    assert plain(None, "USD") is None
    assert plain_number(None) is None


@given(st.lists(AMOUNTS, max_size=5))
def test_a_total_is_exact(amounts: list[Decimal]) -> None:
    scaled = sum(int(format(amount, ".18f").replace(".", "")) for amount in amounts)
    assert int(format(total(amounts), ".18f").replace(".", "")) == scaled
