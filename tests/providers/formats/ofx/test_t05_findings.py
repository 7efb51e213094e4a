"""What a file says beside its rows reaches the reader, and what is certain is kept although something is not."""

import datetime as dt
from decimal import Decimal

import pytest

from providers.formats import NotAStatementError, StatementFile, parse_statement_file
from providers.formats.detect import detect
from tests.providers.formats.ofx.writing import HEADER, bank_file, row

NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)


def notices(file: StatementFile) -> list[str]:
    return [notice.code for notice in file.notices]


def test_t05_an_account_that_was_refused_is_told_by_code_and_line() -> None:
    failed = b"<STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR</STATUS></STMTTRNRS></BANKMSGSRSV1>"
    (notice,) = parse_statement_file(bank_file(row()).replace(b"</BANKMSGSRSV1>", failed)).notices
    assert (notice.code, notice.line > 1, "2003" in notice.reason) == ("account_error", True, True)


@pytest.mark.parametrize(
    ("balance", "currency", "amount"),
    [
        ("R$ 5.326,43", "BRL", "5326.43"),
        ("-R$ 12,50", "BRL", "-12.50"),
        ("R$ -12,50", "BRL", "-12.50"),
        ("€1,234.50", "EUR", "1234.50"),
        ("1.234,50 €", "EUR", "1234.50"),
        ("USD 5.00", "USD", "5.00"),
        ("$5.00", "USD", "5.00"),
    ],
)
def test_t05_an_amount_may_carry_the_sign_of_its_currency(balance: str, currency: str, amount: str) -> None:
    data = bank_file(row(), balance=balance).replace(b"<CURDEF>USD", f"<CURDEF>{currency}".encode())
    file = parse_statement_file(data)
    assert (file.statements[0].ledger_balance, file.notices) == (Decimal(amount), ())


@pytest.mark.parametrize("balance", ["R$ 5,00", "£5.00", "5.00 EUR", "$$5", "EUR", "about 5"])
def test_t05_a_balance_that_is_not_certain_is_left_out_and_told(balance: str) -> None:
    file = parse_statement_file(bank_file(row(), balance=balance))
    assert (file.statements[0].ledger_balance, notices(file)) == (None, ["value_left_out"])


def test_t05_the_day_of_a_balance_with_slashes_counts_where_it_has_one_reading() -> None:
    certain = bank_file(row()).replace(b"<DTASOF>20260131", b"<DTASOF>30/06/2026")
    found = parse_statement_file(certain).statements[0].balance_as_of
    assert found is not None
    assert found.date() == dt.date(2026, 6, 30)
    doubtful = bank_file(row()).replace(b"<DTASOF>20260131", b"<DTASOF>05/06/2026")
    assert notices(parse_statement_file(doubtful)) == ["value_left_out"]


def test_t05_a_date_of_zeros_is_no_date() -> None:
    file = parse_statement_file(bank_file(row()).replace(b"<DTASOF>20260131", b"<DTASOF>00000000"))
    assert (file.statements[0].balance_as_of, file.notices) == (None, ())


@pytest.mark.parametrize(
    "after", ["", "<AVAILBAL><BALAMT>1</AVAILBAL>", "<BALLIST><BAL><NAME>x</BAL></BALLIST>"]
)
def test_t05_a_list_of_rows_ends_where_something_begins_that_cannot_be_in_it(after: str) -> None:
    body = row() + row(fitid="B").replace("</STMTTRN>", "")
    data = bank_file(body).replace(b"</BANKTRANLIST>", after.encode())
    file = parse_statement_file(data)
    assert [found.fitid for found in file.statements[0].transactions] == ["A", "B"]
    assert (file.rejected, file.statements[0].ledger_balance) == ((), Decimal(0))


def test_t05_an_investment_list_ends_where_positions_or_cash_begin() -> None:
    income = (
        "<INCOME><INVTRAN><FITID>I<DTTRADE>20260105</INVTRAN><SECID><UNIQUEID>1<UNIQUEIDTYPE>CUSIP</SECID>"
        "<INCOMETYPE>DIV<TOTAL>5</INCOME>"
    )
    holding = "<INVPOSLIST><POSSTOCK><INVPOS><SECID><UNIQUEID>1<UNIQUEIDTYPE>CUSIP</SECID><UNITS>2</INVPOS></POSSTOCK>"
    body = f"<INVTRANLIST><DTSTART>20260101{income}{holding}</INVPOSLIST><INVBAL><AVAILCASH>7</INVBAL>"
    data = f"{HEADER}<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20260131<CURDEF>USD{body}</INVSTMTRS>"
    (statement,) = parse_statement_file(f"{data}</INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>".encode()).statements
    found = (len(statement.transactions), len(statement.holdings), statement.cash_balance)
    assert found == (1, 1, Decimal(7))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260115101500[EST]", NOON),
        ("20260115101500[five]", NOON),
        ("20260115120000[+25:XX]", NOON),
        ("20260115120000[+5.17]", NOON),
        ("20260115250000", NOON),
        ("20260115240000", NOON),
        ("2026-01-15T10:61:00", NOON),
        ("2026-01-15T10:15:00Z", NOON.replace(hour=10, minute=15)),
        ("2026-01-15T10:15:00+0100", NOON.replace(hour=9, minute=15)),
        ("2026-01-15T10:15:00.000-05:30", NOON.replace(hour=15, minute=45)),
        ("20260115Z", NOON),
    ],
)
def test_t05_a_certain_day_is_kept_although_its_time_is_not(text: str, moment: dt.datetime) -> None:
    file = parse_statement_file(bank_file(row(date=text)))
    (found,) = file.statements[0].transactions
    assert (found.date, found.posted_at, file.rejected) == (dt.date(2026, 1, 15), moment, ())


@pytest.mark.parametrize(
    "words",
    ["Saldo Anterior", "SALDO DO DIA 05/01", "Opening Balance", "Balance brought forward", "Endsaldo"],
)
@pytest.mark.parametrize("fitid", ["", "0", "000"])
def test_t05_a_row_that_tells_a_balance_is_no_money(words: str, fitid: str) -> None:
    file = parse_statement_file(bank_file(row("1000.00", fitid=fitid, name=words) + row(fitid="7")))
    assert [found.fitid for found in file.statements[0].transactions] == ["7"]
    assert ["tells a balance" in rejected.reason for rejected in file.rejected] == [True]


@pytest.mark.parametrize(
    ("words", "fitid"), [("Saldo Anterior", "77"), ("Balance forward fee", ""), ("Saldo", "")]
)
def test_t05_other_rows_with_such_words_are_money(words: str, fitid: str) -> None:
    file = parse_statement_file(bank_file(row("1000.00", fitid=fitid, name=words)))
    assert (len(file.statements[0].transactions), file.rejected) == (1, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!Account\nNCash\nTCash\n^\n!Type:Cash\nD01/02/2026\nT-10.00\n^\n", "qif"),
        ("!Option:AutoSwitch\n!Account\nNBank\n^\n", "qif"),
        ("\n  !Clear:AutoSwitch\n", "qif"),
        ("ABNANL2A\n940\nABNANL2A\n:20:ABN AMRO BANK NV\n:25:500000000\n:28:1/1\n", "mt940"),
        ("{1:F01INGBNL2ABXXX0000000000}{2:I940INGBNL2AXN}{4:\n:20:P1\n", "mt940"),
        ("0000 01INGBNL2AXXXX00001\r\n940 00\r\n:20:INGEB\r\n", "mt940"),
        ('[{"amount": 5}]', "json"),
        ("{hello}", "unknown"),
    ],
)
def test_t05_other_kinds_of_files_are_named_wherever_their_marks_stand(text: str, reason: str) -> None:
    if reason in {"qif", "mt940"}:
        assert detect(text.encode()) == reason
        return
    with pytest.raises(NotAStatementError) as caught:
        parse_statement_file(text.encode())
    assert (caught.value.reason, "OFX, QFX, CAMT" in str(caught.value)) == (reason, True)


def test_t05_of_very_many_findings_the_first_are_kept_and_all_are_counted() -> None:
    file = parse_statement_file(bank_file("<STMTTRN><TRNAMT>x</STMTTRN>" * 1_500))
    assert (len(file.rejected), file.rejected_count) == (1_000, 1_500)
    sections = "<ZED><A>x</ZED>" * 150
    file = parse_statement_file(bank_file(row()).replace(b"</STMTRS>", f"{sections}</STMTRS>".encode()))
    assert (len(file.notices), file.notices_count) == (100, 150)
