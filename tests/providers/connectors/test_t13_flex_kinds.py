"""Flex documents of every kind that a query can be set to: no row dropped, told twice, or guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import settings as property_settings
from hypothesis import strategies as st

from providers.connectors.ibkr_flex.read import batch, read
from providers.connectors.ibkr_flex.reading import Reading
from tests.providers.connectors.test_ibkr_flex_connector import (
    bought,
    document,
    legs,
    only,
    paid,
    row,
    section,
)


def statement(account: str, *sections: str, **period: str) -> str:
    given = {"accountId": account, "fromDate": "20260101", "toDate": "20260131"} | period
    told = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<FlexStatement {told}>{''.join(sections)}</FlexStatement>"


def several(*statements: str) -> Element:
    found: Element = fromstring(
        f'<FlexQueryResponse type="AF"><FlexStatements>{"".join(statements)}</FlexStatements></FlexQueryResponse>'
    )
    return found


def about(account: str = "", currency: str = "EUR", **more: str) -> str:
    return row("AccountInformation", accountId=account, currency=currency, **more)


def counted(reading: Reading) -> int:
    counts = reading.counts
    unknown = sum(count for word, count in counts.unknown.items() if word.startswith("section "))
    return counts.read + sum(counts.left_out.values()) + sum(counts.refused.values()) + unknown


def test_t13_a_query_that_breaks_its_period_into_days_keeps_each_day() -> None:
    days = [
        statement(
            "U1",
            about(),
            section("CashTransactions", paid("Other Fees", f"-{day}", description="fee")),
            section("EquitySummaryInBase", total(f"2026010{day}", f"10{day}")),
            section("OpenPositions", held(position=str(day))),
            fromDate=f"2026010{day}",
            toDate=f"2026010{day}",
        )
        for day in (1, 3, 2)
    ]
    made = batch(read(several(*days)))
    assert sorted(each.amount for each in made.rows["U1"]) == [-3, -2, -1]
    assert [each.current for each in made.balances["U1"]] == [101, 102, 103]
    [account] = made.accounts or ()
    assert (account.current, account.day) == (Decimal(103), date(2026, 1, 3))
    assert [each.quantity for each in made.holdings["U1"].holdings] == [3]


def test_t13_statements_that_overlap_tell_a_row_once_and_two_equal_ones_twice() -> None:
    twice = section("CashTransactions", *[paid("Other Fees", "-1", description="same")] * 2)
    named = section("Trades", bought())
    later = section("Trades", bought(), bought(transactionID="x2", tradeID="t2"))
    made = batch(
        read(
            several(
                statement("U1", about(), twice, named),
                statement("U1", about(), twice, later, fromDate="20260105", toDate="20260228"),
            )
        )
    )
    assert sorted(each.id for each in made.rows["U1"]) == ["", "", "x1", "x2"]


def test_t13_one_statement_of_several_accounts_is_told_apart_and_a_row_of_no_account_is_refused() -> None:
    parts = [
        section(
            "CashTransactions",
            paid("Other Fees", "-1", accountId="U1"),
            paid("Other Fees", "-2", accountId="U2"),
        ),
        section("Trades", bought(accountId="U2")),
        section("CorporateActions"),
        section("Transfers"),
        section("CashReport", row("CashReportCurrency", currency="BASE_SUMMARY", endingCash="9")),
    ]
    heads = about("U1") + about("U2", "USD")
    for consolidated in ("U1,U2", "-", "F7"):
        first, second = read(several(statement(consolidated, heads, *parts)))
        assert (first.account.currency, second.account.currency) == ("EUR", "USD")
        assert [each.amount for each in first.rows] == [-1]
        assert sorted(each.amount for each in second.rows) == [-26, -2]
        assert first.covers == second.covers == (date(2026, 1, 1), date(2026, 1, 31))
        assert (first.account.current, dict(first.counts.left_out)) == (None, {})
    lost = parts[0].replace(' accountId="U2"', "")
    first, second = read(several(statement("U1,U2", heads, lost, *parts[1:])))
    assert dict(first.counts.refused) == {"CashTransactions: accountId": 1}
    assert first.covers is second.covers is None


def test_t13_a_row_is_read_with_all_its_legs_or_not_at_all() -> None:
    conversion = {"assetCategory": "CASH", "symbol": "EUR.USD", "netCash": "0"}
    reading = only(document(section("Trades", bought(**conversion, ibCommissionCurrency=""))))
    assert (reading.rows, dict(reading.counts.refused)) == ([], {"Trades: ibCommissionCurrency": 1})


def test_t13_lines_of_funds_are_told_elsewhere_or_kept() -> None:
    line = {"currency": "EUR", "date": "20260107", "levelOfDetail": "Currency"}
    told = document(
        section("CashTransactions", paid("Other Fees", "-5", transactionID="c1"), paid("Moon", "-7")),
        section(
            "StmtFunds",
            row("L", activityCode="NEW", amount="-5", transactionID="c1", **line),
            row("L", activityCode="NEW", amount="-7", **(line | {"currency": "USD"})),
            row("L", activityCode="NEW", amount="-7", **(line | {"currency": "USD"})),
            row("L", activityDescription="Cash Settling MTM", amount="31.5", **line),
            row("L", activityDescription="Ending Balance", amount="", **line),
            row("L", activityCode="NEW", amount="-4", **(line | {"levelOfDetail": "BaseCurrency"})),
        ),
    )
    reading = only(told)
    assert legs(reading)[2:] == [("USD", "-7", "unknown"), ("EUR", "31.5", "unknown")]
    assert reading.counts.unknown["activityCode NEW"] == 1
    assert reading.counts.left_out == {
        "lines of funds that other sections tell": 2,
        "opening and closing balances": 1,
        "sums of rows that are there": 1,
    }


def test_t13_lines_of_funds_stand_in_the_column_of_their_side_and_gains_of_futures_are_no_other_sections() -> (
    None
):
    line = {"currency": "EUR", "date": "20260107"}
    told = document(
        section("CashTransactions", paid("Other Fees", "-5", transactionID="c1")),
        section(
            "StmtFunds",
            row("L", activityCode="ADJ", activityDescription="Cash Settling MTM", amount="31.5", **line),
            row("L", activityCode="MOON", debit="-2", credit="0", **line),
            row("L", activityCode="MOON", debit="", credit="7", **line),
            row("L", activityCode="OFEE", debit="-5", **line),
            row("L", amount="-26", tradeID="t1", **line),
        ),
        section("Trades", bought()),
    )
    reading = only(told)
    amounts = [amount for _, amount, kind in legs(reading) if kind == "unknown"]
    assert (amounts, len(reading.rows)) == (["31.5", "-2", "7"], 5)
    assert reading.counts.unknown == {"activityCode ADJ": 1, "activityCode MOON": 2}


@pytest.mark.parametrize(
    ("trade", "taxed"),
    [
        ({"netCash": "-28"}, 0),
        ({"netCash": "-28", "proceeds": ""}, 0),
        ({"netCash": "-26"}, 1),
        ({"netCash": ""}, 1),
        ({"netCash": "-3", "assetCategory": "CFD"}, 0),
        ({"netCash": "-1", "assetCategory": "CFD"}, 1),
    ],
)
def test_t13_a_tax_that_net_cash_counts_is_told_once(trade: dict[str, object], taxed: int) -> None:
    tax = {"taxAmount": "-2", "currency": "USD", "date": "20260105", "conid": "77"}
    told = bought(**trade).replace('taxes="0" ', "")
    nameless = told.replace('tradeID="t1"', "")
    for each, name in ((told, {"tradeId": "t1"}), (told, {}), (nameless, {"tradeId": "t1"})):
        taxes = section("TransactionTaxes", row("TransactionTax", **tax, **name))
        reading = only(document(section("Trades", each), taxes))
        assert [found.kind for found in reading.rows] == ["buy", *["tax"] * taxed]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"assetCategory": "", "symbol": "EUR.USD", "netCash": "0"}, ["10", "-25", "-1"]),
        (
            {"assetCategory": "CASH", "symbol": "EUR.USD", "proceeds": "", "tradeMoney": "-25"},
            ["10", "-25", "-1"],
        ),
        ({"buySell": "SELL", "netCash": "", "proceeds": "", "tradeMoney": "25"}, ["24"]),
        ({"buySell": "SELL", "netCash": "", "proceeds": "", "tradeMoney": "-25"}, ["24"]),
    ],
)
def test_t13_a_conversion_is_one_without_its_asset_and_money_goes_the_other_way_of_units(
    changes: dict[str, object], expected: list[str]
) -> None:
    reading = only(document(section("Trades", bought(**changes))))
    assert [amount for _, amount, _ in legs(reading)] == expected
    assert {each.security_id for each in reading.rows} == {"77" if len(expected) == 1 else None}


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({"netCash": "", "ibCommission": ""}, 1),
        ({"netCash": "", "ibCommission": "0"}, 0),
        ({"ibCommission": ""}, 0),
        ({"assetCategory": "CASH", "symbol": "EUR.USD", "ibCommission": ""}, 1),
    ],
)
def test_t13_a_trade_that_tells_neither_net_cash_nor_commission_is_counted(
    changes: dict[str, object], unknown: int
) -> None:
    reading = only(document(section("Trades", bought(**changes))))
    assert dict(reading.counts.unknown) == ({"commission of a trade": 1} if unknown else {})
    assert reading.rows


@pytest.mark.parametrize(
    ("cash", "worth"),
    [
        ({"EUR": "5"}, 5),
        ({"EUR": "5", "USD": "0"}, 5),
        ({"EUR": "5", "USD": "1"}, None),
        ({"EUR": "5", "USD": ""}, None),
        ({"EUR": "5", "BASE_SUMMARY": "6"}, 6),
        ({"USD": "0"}, None),
    ],
)
def test_t13_cash_without_a_sum_is_that_of_the_base_currency_if_it_is_alone(
    cash: dict[str, str], worth: int | None
) -> None:
    rows = [row("CashReportCurrency", currency=unit, endingCash=amount) for unit, amount in cash.items()]
    assert only(document(section("CashReport", *rows))).account.current == worth


def total(day: str, amount: str, **more: str) -> str:
    return row("EquitySummaryByReportDateInBase", reportDate=day, total=amount, **more)


def held(**more: object) -> str:
    usual: dict[str, object] = {"assetCategory": "STK", "currency": "EUR", "conid": "7", "markPrice": "3"}
    return row("OpenPosition", **(usual | more))


def test_t13_a_portfolio_of_models_is_the_sum_of_them_or_unknown() -> None:
    def worth(*models: tuple[str, str]) -> Reading:
        parts = [total("20260131", amount, model=model) for model, amount in models]
        cash = [
            row("CashReportCurrency", currency=unit, endingCash="5", model=model)
            for model, _ in models
            for unit in ("EUR", "BASE_SUMMARY")
        ]
        lines = [held(position="2", positionValue="6", model=model) for model, _ in models]
        return only(
            document(
                section("EquitySummaryInBase", *parts),
                section("CashReport", *cash),
                section("OpenPositions", *lines),
            )
        )

    two = worth(("Growth", "100"), ("Calm", "50"))
    assert (two.account.current, two.account.pockets) == (Decimal(150), (("EUR", Decimal(10)),))
    assert two.holdings
    assert {each.security_id: each.quantity for each in two.holdings.holdings} == {"7": 4, "cash:EUR": 10}
    unclear = worth(("Growth", "100"), ("", "150"))
    assert unclear.balances == []
    assert unclear.counts.unknown == {"several totals of one day": 1}
    assert [worth(("", "100")).account.current, worth(("", "7"), ("", "7")).account.current] == [100, 7]


def test_t13_sums_of_cash_are_known_by_their_amount_where_no_level_is_told() -> None:
    whole = {"conid": "7", "description": "ABC"}
    parts = [paid("Dividends", amount, transactionID=f"c{amount}", **whole) for amount in ("2", "3")]
    for level, kept in (({}, ["2", "3", "4"]), ({"levelOfDetail": "DETAIL"}, ["2", "3", "5", "4"])):
        others = [paid("Dividends", "5", **whole, **level), paid("Dividends", "4", **whole)]
        reading = only(document(section("CashTransactions", *parts, *others)))
        assert [amount for _, amount, _ in legs(reading)] == kept
        assert counted(reading) == 4
    nameless = section(
        "CashTransactions", *[paid("Dividends", "2", **whole)] * 2, paid("Dividends", "4", **whole)
    )
    assert len(only(document(nameless)).rows) == 3


def test_t13_a_change_of_net_value_says_the_worth_where_no_day_does() -> None:
    cash = section("CashReport", row("CashReportCurrency", currency="BASE_SUMMARY", endingCash="5"))
    change = row("ChangeInNAV", startingValue="90", endingValue="100.5")
    account = only(document(cash, change)).account
    assert (account.current, account.lacks) == (Decimal("100.5"), "")
    told = section("EquitySummaryInBase", total("20260131", "99"))
    assert only(document(cash, change, told)).account.current == 99
    models = [row("ChangeInNAV", model=name, endingValue="1") for name in ("Growth", "Calm")]
    assert only(document(*models)).account.current == 2


def test_t13_what_is_not_paid_for_is_worth_its_gain_alone() -> None:
    cash = section("CashReport", row("CashReportCurrency", currency="BASE_SUMMARY", endingCash="100"))
    cfd = held(
        position="10",
        positionValue="5000",
        costBasisMoney="4900",
        assetCategory="CFD",
        fifoPnlUnrealized="100",
    )
    future = held(
        position="1", positionValue="200000", assetCategory="FUT", conid="8", fifoPnlUnrealized="40"
    )
    reading = only(document(cash, section("OpenPositions", cfd)))
    assert reading.holdings
    [one] = reading.holdings.holdings
    assert (one.quantity, one.market_value, one.cost_basis) == (Decimal(10), Decimal(100), None)
    assert (reading.account.current, reading.account.lacks) == (Decimal(200), "")
    reading = only(document(cash, section("OpenPositions", cfd, future)))
    assert (reading.account.current, reading.account.lacks) == (Decimal(100), "holdings")
    assert reading.holdings
    assert [each.market_value for each in reading.holdings.holdings] == [100, None]


def test_t13_a_position_of_which_only_lots_are_told_stands_beside_summaries() -> None:
    lots = [held(position="2", levelOfDetail="LOT", conid=conid) for conid in ("7", "8", "8")]
    reading = only(document(section("OpenPositions", held(position="2", levelOfDetail="SUMMARY"), *lots)))
    assert reading.holdings
    assert {each.security_id: each.quantity for each in reading.holdings.holdings} == {"7": 2, "8": 4}
    assert {each.security_id: len(each.lots or ()) for each in reading.holdings.holdings} == {"7": 1, "8": 2}
    assert not reading.counts.left_out


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "assetCategory": "CRYPTO",
                "netCash": "",
                "quantity": "0.5",
                "tradePrice": "40000",
                "proceeds": "",
            },
            "-20001.0",
        ),
        ({"assetCategory": "CRYPTO", "netCash": "", "proceeds": "-20000"}, "-20001"),
        ({"assetCategory": "OPT", "multiplier": "100", "netCash": "", "proceeds": ""}, "-2501.00"),
        ({"assetCategory": "FUT", "netCash": "-2.07"}, "-2.07"),
        ({"assetCategory": "FUT", "netCash": ""}, "-1"),
        ({"assetCategory": "CFD", "netCash": "", "taxes": "-0.5"}, "-1.5"),
        ({"assetCategory": "FOP", "multiplier": "50", "netCash": "", "proceeds": ""}, "-1251.00"),
        ({"assetCategory": "BOND", "netCash": ""}, "-26"),
        ({"assetCategory": "BILL", "netCash": "", "proceeds": "", "tradeMoney": "9"}, "-10"),
        ({"levelOfDetail": "ORDER", "settleDateTarget": "MULTI", "tradePrice": "MULTI"}, "-26"),
        ({"assetCategory": "BOND", "netCash": "-1010.5", "accruedInt": "-12"}, "-1010.5"),
        ({"levelOfDetail": "ORDER", "transactionID": "", "tradeID": ""}, "-26"),
        ({"levelOfDetail": "SYMBOL_SUMMARY", "buySell": ""}, "-26"),
    ],
)
def test_t13_assets_and_levels_are_read_as_they_come(changes: dict[str, object], expected: str) -> None:
    reading = only(document(section("Trades", bought(**changes))))
    assert [each[1] for each in legs(reading)] == [expected]
    assert not reading.counts.refused


def test_t13_of_many_levels_the_finest_is_read_and_one_that_is_new_is_kept_and_counted() -> None:
    levels = ("EXECUTION", "ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE")
    trades = [bought(levelOfDetail=level) for level in levels]
    confirms = section("TradeConfirms", row("TradeConfirm", currency="USD"))
    reading = only(
        document(section("Trades", *trades, bought(levelOfDetail="COMBO", transactionID="x9")), confirms)
    )
    assert [each.id for each in reading.rows] == ["x1", "x9"]
    assert dict(reading.counts.unknown) == {"levelOfDetail COMBO": 1}
    assert counted(reading) == len(levels) + 2


def test_t13_actions_and_transfers_say_what_moved_or_are_refused() -> None:
    usual = {"currency": "USD", "reportDate": "20260110", "conid": "77"}
    reading = only(
        document(
            section(
                "CorporateActions",
                row("CorporateAction", type="TC", quantity="-5", amount="-50.25", **usual),
                row("CorporateAction", type="SO", quantity="2", **usual),
            ),
            section(
                "Transfers",
                row("Transfer", type="ACATS", direction="IN", quantity="5", **usual),
                row(
                    "Transfer", type="ACATS", direction="OUT", assetCategory="CASH", cashTransfer="7", **usual
                ),
                row("Transfer", type="FOP", direction="-", **usual),
            ),
        )
    )
    assert [(each.amount, each.quantity) for each in reading.rows] == [
        (Decimal("50.25"), -5),
        (0, 2),
        (0, 5),
        (-7, None),
    ]
    assert dict(reading.counts.refused) == {"Transfers: quantity": 1}


def test_t13_slashed_days_are_proven_by_the_period_that_they_lie_in() -> None:
    told = section("Trades", bought(reportDate="01/07/2026"))
    period = {"fromDate": "01/05/2026", "toDate": "02/04/2026", "whenGenerated": "02/05/2026;010000"}
    assert only(document(told, **period)).rows[0].date == date(2026, 1, 7)
    swapped = {"fromDate": "05/06/2026", "toDate": "04/07/2026", "whenGenerated": "05/07/2026;010000"}
    assert only(document(told, **swapped)).rows[0].date == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("made", "moment"),
    [
        ("20260131;120000", datetime(2026, 1, 31, 17, tzinfo=UTC)),
        ("20260131 120000 EST", datetime(2026, 1, 31, 17, tzinfo=UTC)),
        ("2026-01-31, 12:00:00 GMT", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("20260131120000+0200", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("31-Jan-26;12:00:00 XYZ", datetime(2026, 2, 1, 5, tzinfo=UTC)),
    ],
)
def test_t13_a_statement_is_as_of_the_time_that_it_names(made: str, moment: datetime) -> None:
    assert only(document(whenGenerated=made)).account.as_of == moment


# --- any document ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["", "-", "BUY", "STK", "CASH", "EUR.USD", "EUR", "N/A", "FS", "EXECUTION", "LOT", "Ep", "IN"]
)
VALUES = st.one_of(
    WORDS, st.sampled_from(["0", "-1.5", "1,234.5", "1e3", "x", "20260105", "05-Jan-26", "BASE_SUMMARY"])
)
NAMES = (
    *("currency", "assetCategory", "levelOfDetail", "quantity", "amount", "proceeds", "netCash", "type"),
    *("reportDate", "symbol", "buySell", "transactionID", "tradeID", "position", "activityCode", "direction"),
)
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1, max_size=9)
SECTIONS = (
    *("Trades", "CashTransactions", "CorporateActions", "Transfers", "StmtFunds", "SalesTaxes", "OptionEAE"),
    *(
        "TransactionTaxes",
        "CFDCharges",
        "FxTransactions",
        "Novelties",
        "TradeConfirms",
        "StockGrantActivities",
    ),
)


@given(told=st.lists(st.tuples(st.sampled_from(SECTIONS), ROWS), max_size=12))
@property_settings(max_examples=60, deadline=None)
def test_t13_every_row_of_any_document_is_read_or_counted(told: list[tuple[str, dict[str, str]]]) -> None:
    parts = {name: [row("Row", **given) for own, given in told if own == name] for name, _ in told}
    reading = only(document(*(section(name, *rows) for name, rows in parts.items())))
    assert counted(reading) == len(told)
    assert all(each.currency and each.amount.is_finite() for each in reading.rows)
