"""Brokerage statements: activity, holdings and cash."""

import datetime as dt
from decimal import Decimal

import pytest

from providers.formats import Statement, StatementFile, parse_statement_file
from providers.records import Kind
from tests.providers.formats.ofx.writing import FILES, HEADER


@pytest.fixture(scope="module")
def file() -> StatementFile:
    return parse_statement_file((FILES / "brokerage.ofx").read_bytes())


@pytest.fixture(scope="module")
def statement(file: StatementFile) -> Statement:
    return file.statements[0]


def broker_file(activity: str) -> StatementFile:
    body = f"<INVSTMTRS><CURDEF>USD<INVTRANLIST>{activity}</INVTRANLIST></INVSTMTRS>"
    whole = f"<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS>{body}</INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>"
    return parse_statement_file((HEADER + whole).encode())


def test_the_account_is_named_by_broker_and_number(statement: Statement) -> None:
    account = statement.account
    assert (account.type, account.bank_id, account.account_id) == (
        "investment",
        "broker.example",
        "Z00000001",
    )
    assert statement.balance_as_of == dt.datetime(2026, 1, 31, 21, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fitid", "kind", "source_code", "amount", "quantity"),
    [
        ("B1", Kind.BUY, "BUYSTOCK BUY", "-507.50", "10"),
        ("B2", Kind.BUY, "BUYMF BUY", "-200", "20"),
        ("B3", Kind.BUY, "BUYDEBT", "-995", "1000"),
        ("B4", Kind.BUY, "BUYOPT BUYTOOPEN", "-200", "1"),
        ("B5", Kind.BUY, "BUYOTHER", "-246.91", "0.123456789012345678"),
        ("S1", Kind.SELL, "SELLSTOCK SELL", "234.95", "-4"),
        ("S2", Kind.SELL, "SELLMF SELL", "55", "-5"),
        ("S3", Kind.SELL, "SELLOPT SELLTOCLOSE", "-0.65", "-1"),
        ("I1", Kind.DIVIDEND, "INCOME DIV", "6", None),
        ("I2", Kind.CAPITAL_GAIN, "INCOME CGLONG", "7", None),
        ("I3", Kind.INTEREST, "INCOME INTEREST", "8", None),
        ("I4", Kind.UNKNOWN, "INCOME MISC", "0.01", None),
        ("R1", Kind.REINVESTMENT, "REINVEST DIV", "-9", "0.9"),
        ("R2", Kind.RETURN_OF_CAPITAL, "RETOFCAP", "2.5", None),
        ("P1", Kind.SPLIT, "SPLIT", "0", "18"),
        ("T1", Kind.TRANSFER, "TRANSFER OUT", "0", "-3"),
        ("J1", Kind.JOURNAL, "JRNLFUND", "100", None),
        ("J2", Kind.JOURNAL, "JRNLSEC", "0", "2"),
        ("M1", Kind.INTEREST, "MARGININTEREST", "-1.11", None),
        ("E1", Kind.FEE, "INVEXPENSE", "-0.26", None),
        ("C1", Kind.OPTION, "CLOSUREOPT EXPIRE", "0", "-1"),
        ("K1", Kind.CASH_IN, "CASH", "500", None),
        ("K2", Kind.INTEREST, "INT", "0.42", None),
    ],
)
def test_every_activity_has_its_kind_sign_and_quantity(
    statement: Statement, fitid: str, kind: Kind, source_code: str, amount: str, quantity: str | None
) -> None:
    row = next(row for row in statement.transactions if row.fitid == fitid)
    assert (row.kind, row.source_code) == (kind, source_code)
    assert row.amount == Decimal(amount)
    assert row.quantity == (None if quantity is None else Decimal(quantity))


def test_a_trade_knows_its_security_price_costs_and_settlement(statement: Statement) -> None:
    row = statement.transactions[0]
    assert row.security is not None
    assert (row.symbol, row.security.name, row.security.cusip) == ("AAA", "Alpha Anvils Inc", "000000AA1")
    assert (row.price, row.fees, row.settled_on) == (Decimal("50.25"), Decimal("5.00"), dt.date(2026, 1, 31))
    assert row.description == "Alpha Anvils Inc - YOU BOUGHT"
    assert row.quantity is not None
    assert row.price is not None
    assert row.fees is not None
    assert -row.amount == row.quantity * row.price + row.fees


def test_taxes_and_split_ratios_have_their_own_fields(statement: Statement) -> None:
    rows = {row.fitid: row for row in statement.transactions}
    assert rows["I3"].taxes == Decimal("1.20")
    assert rows["S1"].taxes == Decimal("0.10")
    assert rows["P1"].split == (Decimal(4), Decimal(1))


def test_reinvestments_and_journals_leave_the_cash_alone(statement: Statement) -> None:
    moved = {row.fitid for row in statement.transactions if row.cash_effect}
    assert not moved & {"R1", "J1", "J2"}
    assert {"B1", "S1", "K1"} <= moved


def test_holdings_carry_value_and_price_and_shorts_are_negative(statement: Statement) -> None:
    stock, fund, short = statement.holdings
    assert (stock.security.symbol, stock.quantity, stock.market_value) == (
        "AAA",
        Decimal(21),
        Decimal("325.50"),
    )
    assert (stock.price, stock.average_cost, stock.sub_account) == (Decimal("15.5"), Decimal("12.56"), "CASH")
    assert (fund.security.type, fund.currency) == ("mutual_fund", "USD")
    assert (short.security.isin, short.quantity, short.market_value) == (
        "US0000000SH8",
        Decimal(-5),
        Decimal(-15),
    )


def test_cash_balances_are_those_of_the_file(statement: Statement) -> None:
    balances = (statement.cash_balance, statement.margin_balance, statement.short_balance)
    assert balances == (Decimal("1234.56"), Decimal(-10), Decimal(15))


def test_activity_of_an_unknown_kind_is_rejected_and_open_orders_are_mentioned(file: StatementFile) -> None:
    assert ["FUTUREBUY" in row.reason for row in file.rejected] == [True]
    assert ["INVOOLIST" in notice.reason for notice in file.notices] == [True]


def test_a_reversal_keeps_the_signs_of_the_file() -> None:
    trade = "<INVTRAN><FITID>1<DTTRADE>20260101<REVERSALFITID>0</INVTRAN><UNITS>-2<TOTAL>20"
    (row,) = broker_file(f"<BUYMF><INVBUY>{trade}</INVBUY></BUYMF>").statements[0].transactions
    assert (row.amount, row.quantity, row.reversal_fitid) == (Decimal(20), Decimal(-2), "0")


def test_a_trade_without_a_total_is_rejected_rather_than_computed() -> None:
    trade = "<INVTRAN><FITID>1<DTTRADE>20260101</INVTRAN><UNITS>2<UNITPRICE>10"
    file = broker_file(f"<BUYMF><INVBUY>{trade}</INVBUY></BUYMF>")
    assert file.statements[0].transactions == ()
    assert [row.reason for row in file.rejected] == ["The amount (TOTAL) is missing."]


def test_a_trade_without_its_end_tag_is_reported_not_lost() -> None:
    inside = "<INVBUY><INVTRAN><FITID>1<DTTRADE>20260101</INVTRAN><UNITS>2<TOTAL>-20</INVBUY>"
    assert len(broker_file(f"<BUYMF>{inside}").rejected) == 1


def test_the_first_of_two_entries_for_one_security_wins() -> None:
    identified = "<SECID><UNIQUEID>1<UNIQUEIDTYPE>CUSIP</SECID>"
    infos = [
        f"<MFINFO><SECINFO>{identified}<SECNAME>{name}</SECINFO></MFINFO>" for name in ("First", "Second")
    ]
    trade = f"<INVTRAN><FITID>1<DTTRADE>20260101</INVTRAN>{identified}<UNITS>2<TOTAL>-20"
    activity = f"<INVTRANLIST><BUYMF><INVBUY>{trade}</INVBUY></BUYMF></INVTRANLIST>"
    body = f"<OFX><INVSTMTRS><CURDEF>USD{activity}</INVSTMTRS><SECLIST>{''.join(infos)}</SECLIST></OFX>"
    (row,) = parse_statement_file((HEADER + body).encode()).statements[0].transactions
    assert row.description == "First"
