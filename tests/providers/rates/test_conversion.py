"""Conversion: exact, rounded once, and never at a made-up rate."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashtam.ui.currencies import minor_units
from providers.rates.conversion import MAX_AGE, Conversion, DayRates, EuroRate, rounded

DAY = date(2026, 10, 30)
PUBLISHED = {
    "USD": "1.1172",
    "JPY": "175.68",
    "GBP": "0.8338",
    "ILS": "3.495",
    "CHF": "0.9194",
    "IDR": "20275.17",
}


def rates(day: date = DAY, published: date = DAY, **per_euro: str) -> DayRates:
    found = per_euro or PUBLISHED
    return DayRates(day, {unit: EuroRate(published, unit, Decimal(rate)) for unit, rate in found.items()})


def convert(base: str, on: DayRates | None = None, **amounts: str) -> Conversion:
    return (on or rates()).convert({unit: Decimal(amount) for unit, amount in amounts.items()}, base)


@pytest.mark.parametrize(
    ("base", "unit", "amount", "total"),
    [
        ("EUR", "USD", "100", "89.51"),  # 100 / 1.1172 = 89.5095…
        ("USD", "EUR", "100", "111.72"),
        ("USD", "ILS", "1000", "319.66"),  # 1000 × 1.1172 / 3.495 = 319.6566…
        ("JPY", "USD", "-12.34", "-1940"),  # −12.34 × 175.68 / 1.1172 = −1940.4683…
        ("EUR", "JPY", "1", "0.01"),  # 0.00569…
        ("USD", "EUR", "0", "0.00"),
    ],
)
def test_t01_amounts_go_through_the_euro(base: str, unit: str, amount: str, total: str) -> None:
    found = rates().convert({unit: Decimal(amount)}, base)
    assert str(found.total) == total
    assert found.unconverted == {}
    assert {rate.currency for rate in found.used} == {base, unit} - {"EUR"}
    assert found.as_of == DAY


def test_t01_a_tie_goes_to_the_even_neighbour_and_only_the_sum_is_rounded() -> None:
    half = rates(USD="2")
    assert str(convert("EUR", half, USD="0.01").total) == "0.00"  # 0.005
    assert str(convert("EUR", half, USD="0.03").total) == "0.02"  # 0.015
    assert str(convert("EUR", half, USD="0.01", EUR="0.005").total) == "0.01"  # each alone would be nothing


def test_t01_units_without_a_rate_are_told_and_left_out() -> None:
    found = convert("EUR", USD="100", RUB="5000", BTC="0.25", EUR="1")
    assert str(found.total) == "90.51"
    assert found.unconverted == {"RUB": Decimal(5000), "BTC": Decimal("0.25")}


def test_t01_nothing_that_can_be_converted_is_no_total() -> None:
    assert convert("EUR", BTC="1") == Conversion(None, (), {"BTC": Decimal(1)})
    assert convert("BTC", USD="1").total is None
    assert convert("EUR") == Conversion(None)


def test_t01_what_is_in_the_base_already_needs_no_rate_and_is_not_rounded() -> None:
    found = convert("BTC", DayRates(DAY), BTC="0.000001")
    assert found == Conversion(Decimal("0.000001"))
    assert found.as_of is None


def test_t01_a_rate_counts_for_ten_days_and_never_backwards() -> None:
    for age, known in ((0, True), (10, True), (11, False), (-1, False)):
        on = rates(DAY, DAY - timedelta(days=age))
        assert (convert("EUR", on, USD="1").total is not None) is known
    assert MAX_AGE.days == 10


def test_t01_the_day_of_a_total_is_that_of_its_oldest_rate() -> None:
    friday = EuroRate(DAY - timedelta(days=3), "GBP", Decimal("0.83"))
    on = DayRates(DAY, {**rates().known, "GBP": friday})
    assert convert("EUR", on, USD="1", GBP="1").as_of == DAY - timedelta(days=3)
    assert convert("EUR", on, USD="1").as_of == DAY


UNITS = st.sampled_from(["EUR", *PUBLISHED])
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)
PER_EURO = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10**6), places=6)
RATES = st.fixed_dictionaries(dict.fromkeys(PUBLISHED, PER_EURO))


def day_rates(per_euro: dict[str, Decimal]) -> DayRates:
    return DayRates(DAY, {unit: EuroRate(DAY, unit, rate) for unit, rate in per_euro.items()})


def exactly(amount: Decimal, unit: str, base: str, per_euro: dict[str, Decimal]) -> Fraction:
    """The same by fractions, which lose nothing."""
    paid, bought = ({"EUR": Decimal(1)} | per_euro)[unit], ({"EUR": Decimal(1)} | per_euro)[base]
    return Fraction(amount) * Fraction(bought) / Fraction(paid)


@given(st.dictionaries(UNITS, AMOUNTS, min_size=1), UNITS, RATES)
def test_t01_a_sum_is_the_exact_sum_of_its_parts_rounded_once(
    amounts: dict[str, Decimal], base: str, per_euro: dict[str, Decimal]
) -> None:
    found = day_rates(per_euro).convert(amounts, base)
    assert isinstance(found.total, Decimal)
    whole = sum((exactly(amount, unit, base, per_euro) for unit, amount in amounts.items()), Fraction(0))
    if amounts.keys() == {base}:
        assert Fraction(found.total) == whole
    else:
        assert Fraction(found.total) == round(whole, minor_units(base))


@given(AMOUNTS, UNITS, UNITS, RATES)
def test_t01_there_and_back_again_within_rounding(
    amount: Decimal, unit: str, base: str, per_euro: dict[str, Decimal]
) -> None:
    on = day_rates(per_euro)
    there = on.convert({unit: amount}, base).total
    assert there is not None
    back = on.convert({base: there}, unit).total
    assert back is not None
    half = Fraction(1, 2 * 10 ** minor_units(base))
    lost = abs(exactly(Decimal(1), base, unit, per_euro)) * half + Fraction(1, 2 * 10 ** minor_units(unit))
    assert abs(Fraction(back) - Fraction(amount)) <= lost


@given(AMOUNTS, UNITS)
def test_t01_rounding_moves_an_amount_by_half_a_unit_at_most(amount: Decimal, unit: str) -> None:
    assert abs(rounded(amount, unit) - amount) * 2 <= Decimal(1).scaleb(-minor_units(unit))
