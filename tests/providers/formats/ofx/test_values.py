"""Amounts and dates: exact, or rejected."""

import datetime as dt
from decimal import Decimal

import pytest

from providers.formats import StatementTransaction, parse_statement_file
from tests.providers.formats.ofx.writing import bank_file, row


def only(data: bytes) -> StatementTransaction:
    file = parse_statement_file(data)
    assert file.rejected == ()
    return file.statements[0].transactions[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234.56", "1234.56"),
        ("-1,234.56", "-1234.56"),
        ("1.234,56", "1234.56"),
        ("-12,50", "-12.50"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("  -7.00  ", "-7"),
        ("- 7.00", "-7"),
        ("\u22127.00", "-7"),
        ("1 234,56", "1234.56"),
        ("1&nbsp;234.56", "1234.56"),
        ("1'234.50", "1234.5"),
        ("1,234,567", "1234567"),
        ("12,34,567.89", "1234567.89"),
        ("1.234", "1.234"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        ("+0000000000050.00000", "50"),
        ("-00000000000050.0100", "-50.01"),
        ("999999999999999.99", "999999999999999.99"),
        ("0.00", "0"),
    ],
)
def test_amounts_are_read_exactly(text: str, number: str) -> None:
    assert only(bank_file(row(amount=text))).amount == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,234",
        "-001,234",
        "NaN",
        "Infinity",
        "1e400",
        "1E5",
        "0x10",
        "12 34",
        "1.2.3",
        "1,23,4",
        "1.234.56",
        "--5",
        "5-",
        "(5.00)",
        "€5.00",
        "5 EUR",
        ".",
        ",",
        "+",
        "٣",
        "1_000",
        "9" * 33,
        "9" * 400,
        "0." + "1" * 33,
    ],
)
def test_amounts_that_are_not_certain_are_rejected(text: str) -> None:
    file = parse_statement_file(bank_file(row(amount=text) + row(amount="2.00", fitid="B")))
    assert len(file.rejected) == 1
    assert [transaction.amount for transaction in file.statements[0].transactions] == [Decimal(2)]


UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "day", "moment"),
    [
        ("20260115", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("2026-01-15", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("20260115[-5:EST]", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("202601151030", (2026, 1, 15), dt.datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
        ("20260115103000", (2026, 1, 15), dt.datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
        ("20260115103000.123", (2026, 1, 15), dt.datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
        ("20260115103000:014", (2026, 1, 15), dt.datetime(2026, 1, 15, 10, 30, tzinfo=UTC)),
        ("20260115233000[-5:EST]", (2026, 1, 15), dt.datetime(2026, 1, 16, 4, 30, tzinfo=UTC)),
        ("20260115003000.000[+1:CET]", (2026, 1, 15), dt.datetime(2026, 1, 14, 23, 30, tzinfo=UTC)),
        ("20260115120000[0:GMT]", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("20260115120000[+5.5:IST]", (2026, 1, 15), dt.datetime(2026, 1, 15, 6, 30, tzinfo=UTC)),
        ("20260115120000[+5.30:IST]", (2026, 1, 15), dt.datetime(2026, 1, 15, 6, 30, tzinfo=UTC)),
        ("20260115120000[+5:45]", (2026, 1, 15), dt.datetime(2026, 1, 15, 6, 15, tzinfo=UTC)),
        ("20260115120000[-3.00:BRT]", (2026, 1, 15), dt.datetime(2026, 1, 15, 15, tzinfo=UTC)),
        ("20260115120000[-03:EST]", (2026, 1, 15), dt.datetime(2026, 1, 15, 15, tzinfo=UTC)),
        ("20260115120000 [-8]", (2026, 1, 15), dt.datetime(2026, 1, 15, 20, tzinfo=UTC)),
        ("20240229", (2024, 2, 29), dt.datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("15/01/2026", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
        ("1/15/2026", (2026, 1, 15), dt.datetime(2026, 1, 15, 12, tzinfo=UTC)),
    ],
)
def test_dates_keep_the_day_of_the_file_and_the_moment(
    text: str, day: tuple[int, int, int], moment: dt.datetime
) -> None:
    transaction = only(bank_file(row(date=text)))
    assert (transaction.date, transaction.posted_at) == (dt.date(*day), moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00000000",
        "20260230",
        "20250229",
        "05/01/2026",
        "202601",
        "2026011",
        "202601151",
        "15/13/2026",
        "tomorrow",
        "00010101",
        "99991231",
        "31/02/2026",
    ],
)
def test_dates_that_are_not_certain_are_rejected(text: str) -> None:
    assert len(parse_statement_file(bank_file(row(date=text))).rejected) == 1
