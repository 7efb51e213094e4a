"""Facts of a file that must reach its reader: days, holdings, currencies, institutions and exact numbers."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.formats import Statement, StatementFile, parse_statement_file
from tests.providers.formats.ofx.writing import HEADER, bank_file, row

DEBIT = "<TRNTYPE>DEBIT<DTPOSTED>20260115<TRNAMT>-1.00<FITID>A<NAME>Shop"
POSITION = (
    "<POSMF><INVPOS><SECID><UNIQUEID>{0}<UNIQUEIDTYPE>CUSIP</SECID><UNITS>2<MKTVAL>{1}</INVPOS></POSMF>"
)


def parsed(body: str) -> StatementFile:
    return parse_statement_file(f"{HEADER}<OFX>{body}</OFX>".encode())


def bank(more: str, account: str = "<BANKID>1<ACCTID>2<ACCTTYPE>CHECKING") -> str:
    statement = f"<STMTRS><BANKACCTFROM>{account}</BANKACCTFROM>{more}</STMTRS>"
    return f"<BANKMSGSRSV1><STMTTRNRS>{statement}</STMTTRNRS></BANKMSGSRSV1>"


def brokerage(more: str, currency: str = "<CURDEF>USD") -> Statement:
    head = f"<DTASOF>20260131200000[-8:PST]{currency}<INVACCTFROM><ACCTID>9</INVACCTFROM>"
    file = parsed(
        f"<INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS>{head}{more}</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>"
    )
    return file.statements[0]


def signon(name: str, fid: str = "1") -> str:
    return f"<SIGNONMSGSRSV1><SONRS><FI><ORG>{name}<FID>{fid}</FI></SONRS></SIGNONMSGSRSV1>"


def test_t05_a_balance_has_the_day_that_the_file_writes() -> None:
    (statement,) = parsed(
        bank("<CURDEF>USD<LEDGERBAL><BALAMT>5<DTASOF>20260131200000[-8:PST]</LEDGERBAL>")
    ).statements
    assert statement.balance_date == date(2026, 1, 31)
    assert statement.balance_as_of == datetime(2026, 2, 1, 4, tzinfo=UTC)
    assert brokerage("").balance_date == date(2026, 1, 31)


def test_t05_a_lone_available_balance_has_its_own_day() -> None:
    (statement,) = parsed(bank("<CURDEF>USD<AVAILBAL><BALAMT>70.00<DTASOF>20260130</AVAILBAL>")).statements
    found = (statement.ledger_balance, statement.available_balance, statement.balance_date)
    assert found == (None, Decimal("70.00"), date(2026, 1, 30))


def test_t05_an_empty_list_of_holdings_is_not_a_missing_one() -> None:
    assert brokerage("<INVPOSLIST></INVPOSLIST>").lists_holdings
    assert brokerage("<INVPOSLIST/>").lists_holdings
    assert not brokerage("<INVBAL><AVAILCASH>1</INVBAL>").lists_holdings


def test_t05_holdings_that_could_not_be_read_are_counted() -> None:
    statement = brokerage(
        f"<INVPOSLIST>{POSITION.format('1', '5')}{POSITION.format('2', 'much')}</INVPOSLIST>"
    )
    assert (len(statement.holdings), statement.unread_holdings) == (1, 1)


@pytest.mark.parametrize("after", ["<INVBAL><AVAILCASH>7</INVBAL>", "<INV401KBAL><CASHBAL>7</INV401KBAL>"])
def test_t05_an_open_list_of_holdings_ends_where_the_cash_begins(after: str) -> None:
    statement = brokerage(f"<INVPOSLIST>{POSITION.format('1', '5')}{after}")
    assert len(statement.holdings) == 1
    assert statement.cash_balance == Decimal(7)


def test_t05_an_open_row_outside_of_a_list_ends_where_the_balance_begins() -> None:
    (statement,) = parsed(
        bank(f"<CURDEF>USD<STMTTRN>{DEBIT}<LEDGERBAL><BALAMT>5<DTASOF>20260131</LEDGERBAL>")
    ).statements
    assert (len(statement.transactions), statement.ledger_balance) == (1, Decimal(5))


def test_t05_a_retirement_account_states_its_value_as_a_whole() -> None:
    statement = brokerage("<INV401KBAL><CASHBAL>1.50<PRETAX>90<MATCH>10<TOTAL>101.50</INV401KBAL>")
    assert (statement.stated_value, statement.cash_balance) == (Decimal("101.50"), Decimal("1.50"))


def own(currency: str, rate: str = "1.00") -> str:
    return f"<CURRENCY><CURRATE>{rate}<CURSYM>{currency}</CURRENCY>"


def without_curdef(*rows: str) -> tuple[str | None, str]:
    file = parse_statement_file(bank_file("".join(rows)).replace(b"<CURDEF>USD", b""))
    (notice,) = file.notices
    assert notice.code == "currency_missing"
    return file.statements[0].account.currency, notice.reason


def test_t05_a_currency_that_every_row_states_is_that_of_the_account() -> None:
    currency, reason = without_curdef(row(rest=own("MXN")), row(fitid="B", rest=own("MXN")))
    assert currency == "MXN"
    assert "MXN" in reason


def test_t05_a_currency_is_never_guessed() -> None:
    assert without_curdef(row(rest=own("MXN")), row(fitid="B"))[0] is None
    assert without_curdef(row(rest=own("MXN")), row(fitid="B", rest=own("USD")))[0] is None
    assert without_curdef(row(rest=own("MXN", "17.20")))[0] is None
    assert without_curdef()[0] is None


def test_t05_holdings_tell_the_currency_too() -> None:
    valued = POSITION.format("1", "5").replace("</INVPOS>", own("CHF") + "</INVPOS>")
    assert brokerage(f"<INVPOSLIST>{valued}</INVPOSLIST>", currency="").account.currency == "CHF"


def test_t05_each_statement_is_of_the_institution_that_signed_it() -> None:
    card = (
        "<CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>USD<CCACCTFROM><ACCTID>3</CCACCTFROM></CCSTMTRS>"
    )
    card += "</CCSTMTTRNRS></CREDITCARDMSGSRSV1>"
    file = parsed(signon("Hill Bank") + card + signon("Lake Union", "7") + bank("<CURDEF>USD"))
    assert [each.institution.name for each in file.statements] == ["Hill Bank", "Lake Union"]
    assert [each.institution.fid for each in file.statements] == ["1", "7"]


@given(
    st.decimals(min_value=0, max_value=10**15, allow_nan=False, places=16), st.sampled_from(["SELL", "SHORT"])
)
def test_t05_no_digit_of_a_quantity_is_rounded(units: Decimal, how: str) -> None:
    security = "<SECID><UNIQUEID>1<UNIQUEIDTYPE>CUSIP</SECID>"
    if how == "SHORT":
        holding = f"<POSMF><INVPOS>{security}<POSTYPE>SHORT<UNITS>{units:f}</INVPOS></POSMF>"
        quantity = brokerage(f"<INVPOSLIST>{holding}</INVPOSLIST>").holdings[0].quantity
    else:
        sale = f"<INVSELL><INVTRAN><FITID>1<DTTRADE>20260105</INVTRAN>{security}<UNITS>{units:f}<TOTAL>1</INVSELL>"
        statement = brokerage(f"<INVTRANLIST><SELLMF>{sale}</SELLMF></INVTRANLIST>")
        found = statement.transactions[0].quantity
        assert found is not None
        quantity = found
    assert quantity.as_tuple()[1:] == units.as_tuple()[1:]
    assert quantity.copy_abs() == units


def test_t05_a_number_of_32_characters_is_read() -> None:
    for text in ["-0.12345678901234567890123456789", "1234567890123456789012345678.123"]:
        (statement,) = parse_statement_file(bank_file(row(amount=text))).statements
        assert statement.transactions[0].amount == Decimal(text)
