"""Lots of holdings as three vendors tell them: all that is stated, and nothing that is not."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from providers.connectors.ibkr_flex.boxes import missing, words
from providers.connectors.plaid import answers as plaid_answers
from providers.connectors.plaid import reading as plaid
from providers.connectors.snaptrade import answers as snaptrade_answers
from providers.connectors.snaptrade import reading as snaptrade
from providers.records import HoldingRecord, LotRecord
from tests.providers.connectors.test_ibkr_flex_connector import document, only, row, section
from tests.providers.connectors.test_t13_flex_kinds import held

amounts = st.decimals("-1e6", "1e6", places=4).filter(bool)


def positions(*rows: str) -> tuple[list[HoldingRecord], Any]:
    reading = only(document(section("OpenPositions", *rows)))
    assert reading.holdings is not None
    return list(reading.holdings.holdings), reading.counts


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=6), st.booleans())
@property_settings(max_examples=15, deadline=None)
def test_t13_lots_of_a_flex_position_add_up_to_it(lots: list[tuple[Decimal, Decimal]], summary: bool) -> None:
    units, cost = (sum(column, Decimal(0)) for column in zip(*lots, strict=True))
    told = [
        held(
            position=f"{each:f}",
            costBasisMoney=f"{paid:f}",
            levelOfDetail="LOT",
            originatingTransactionID=str(n),
        )
        for n, (each, paid) in enumerate(lots)
    ]
    whole = held(position=f"{units:f}", costBasisMoney=f"{cost:f}", levelOfDetail="SUMMARY")
    [position], _ = positions(*([whole] if summary else []), *told)
    assert position.lots is not None
    assert [(lot.quantity, lot.cost_basis) for lot in position.lots] == lots
    assert (position.quantity, position.cost_basis) == (units, cost)


def test_t13_a_flex_lot_says_when_and_for_how_much_and_leaves_the_rest_open() -> None:
    lots = [
        held(
            position="2",
            levelOfDetail="LOT",
            openDateTime="20260105;093000",
            openPrice="11.5",
            positionValue="30",
        ),
        held(position="3", levelOfDetail="LOT", openDateTime="2026-01-06"),
        held(position="x", levelOfDetail="LOT"),
    ]
    [position], counts = positions(held(position="9", levelOfDetail="SUMMARY"), *lots)
    assert position.lots is not None
    one, two = position.lots
    assert (one.quantity, one.price, one.market_value) == tuple(map(Decimal, ("2", "11.5", "30")))
    assert (one.opened_on, one.opened_at) == (date(2026, 1, 5), datetime(2026, 1, 5, 14, 30, tzinfo=UTC))
    assert (two.price, two.cost_basis, two.opened_on, two.opened_at) == (None, None, date(2026, 1, 6), None)
    assert counts.unknown == {"lot of a position: position": 1}
    assert not counts.refused
    [bare], _ = positions(held(position="9", levelOfDetail="SUMMARY"))
    assert bare.lots is None


def test_t13_a_query_without_lots_is_told_which_box_to_tick() -> None:
    summary = row("OpenPosition", currency="USD", position="1", levelOfDetail="SUMMARY")
    told = words(missing(document(section("OpenPositions", summary))))
    assert "Better with it: in Open Positions, the level Lot." in told
    lot = row("OpenPosition", currency="USD", position="1", levelOfDetail="LOT")
    assert not [
        line
        for line in words(missing(document(section("OpenPositions", summary, lot))))
        if "the level Lot." in line
    ]


TELLING = {
    "quantity": 2,
    "cost_basis": 21.5,
    "current_value": 30,
    "position_type": "LONG",
}
NAMES = {
    "plaid": ("institution_lot_id", "original_purchase_datetime", "purchase_price"),
    "snaptrade": ("lot_id", "original_purchase_date", "purchased_price"),
}


def lots_at(vendor: str, *lots: dict[str, Any]) -> tuple[LotRecord, ...] | None:
    if vendor == "plaid":
        line = {"account_id": "a", "security_id": "s", "quantity": 5, "institution_price": 15}
        line |= {"institution_value": 75, "iso_currency_code": "USD", "tax_lots": list(lots)}
        return plaid.holding(msgspec.convert(line, plaid_answers.Holding, strict=False)).lots
    thing = {"kind": "stock", "id": "i", "symbol": "LANT"}
    texts = [{name: value if value is None else str(value) for name, value in lot.items()} for lot in lots]
    position = {"instrument": thing, "units": "5", "tax_lots": texts}
    found = snaptrade.holding(msgspec.convert(position, snaptrade_answers.Position, strict=False), "USD")
    assert found is not None
    return found.lots


@pytest.mark.parametrize("vendor", NAMES)
def test_t13_an_aggregators_lot_keeps_what_is_told(vendor: str) -> None:
    name, bought, paid = NAMES[vendor]
    full = {**TELLING, name: "l1", bought: "2026-01-05T14:30:00Z", paid: 10.75}
    at = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
    money = Decimal("10.75"), Decimal("21.5"), Decimal(30)
    expected = LotRecord("l1", Decimal(2), *money, at.date(), at)
    short = full | {"position_type": "SHORT", bought: "2026-01-05T00:00:00Z"}
    empty: dict[str, Any] = dict.fromkeys(full)
    odd = full | {bought: "last spring", name: None}
    assert lots_at(vendor) is None
    lots = lots_at(vendor, full, short, empty, odd)
    assert lots is not None
    assert lots[0] == expected
    assert (lots[1].quantity, lots[1].opened_on, lots[1].opened_at) == (Decimal(-2), date(2026, 1, 5), None)
    assert lots[2] == LotRecord()
    if vendor == "snaptrade":  # its numbers are texts, and one that is none is no reason to refuse the others
        [none] = lots_at(vendor, full | {"quantity": "many", paid: "NaN"}) or ()
        assert (none.quantity, none.price, none.cost_basis) == (None, None, Decimal("21.5"))
    assert (lots[3].id, lots[3].opened_on, lots[3].quantity) == ("", None, Decimal(2))
