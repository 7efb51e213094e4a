"""QIF: habits decided on the whole file, exact amounts, and a reason for what is left out."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.formats import (
    ReadOptions,
    Statement,
    StatementError,
    StatementFile,
    StatementUncertainError,
    parse_statement_file,
)


def only(text: str, encoding: str = "utf-8") -> Statement:
    (found,) = parse_statement_file(text.encode(encoding)).statements
    return found


def bank(*records: str) -> str:
    return "!Type:Bank\n" + "".join(f"{record}\n^\n" for record in records)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["03/24/2015", "02/08/2015"], ["2015-03-24", "2015-02-08"]),
        (["23/10/2013", "11/10/2013"], ["2013-10-23", "2013-10-11"]),
        (["1/ 5'06", "1/31'06"], ["2006-01-05", "2006-01-31"]),
        (["5.6'26", "31.12'26"], ["2026-06-05", "2026-12-31"]),
        (["31.12.99", "1.1.00"], ["1999-12-31", "2000-01-01"]),
        (["2026-02-01", "2026-01-02"], ["2026-02-01", "2026-01-02"]),
        (["20260201"], ["2026-02-01"]),
        (["5/5/26"], ["2026-05-05"]),
        (["3 Mar 2026"], ["2026-03-03"]),
    ],
)
def test_t14_dates_are_read_as_the_whole_file_writes_them(dates: list[str], expected: list[str]) -> None:
    found = only(bank(*(f"D{day}\nT1.00" for day in dates)))
    assert [row.date.isoformat() for row in found.transactions] == expected


def test_t14_dates_that_can_be_read_both_ways_are_asked_about() -> None:
    data = bank("D05/06/2026\nT1.00").encode()
    with pytest.raises(StatementUncertainError) as caught:
        parse_statement_file(data)
    assert (caught.value.code, caught.value.question) == ("uncertain", "date_order")
    days = [
        parse_statement_file(data, options=ReadOptions(order)).statements[0].transactions[0].date.isoformat()
        for order in ("day_first", "month_first")
    ]
    assert days == ["2026-06-05", "2026-05-06"]
    account = b"!Account\nNHouse\nTBank\n$5.00\n/31/12/2026\n^\n"
    assert parse_statement_file(account + data).statements[0].transactions[0].date == dt.date(2026, 6, 5)
    with pytest.raises(StatementUncertainError):
        parse_statement_file(bank("D13/06/2026\nT1", "D06/13/2026\nT1").encode())


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["-1,234.50", "2.00"], ["-1234.50", "2.00"]),
        (["-1.234,50", "2,00"], ["-1234.50", "2.00"]),
        (["1'234.50", "+3"], ["1234.50", "3"]),
        (["12,50-"], ["-12.50"]),
        (["1,234,567.00"], ["1234567.00"]),
        (["1,234", "1.00"], ["1234", "1.00"]),
        (["1.234", "1,00"], ["1234", "1.00"]),
        (["$5.00"], ["5.00"]),
    ],
)
def test_t14_amounts_are_read_as_the_whole_file_writes_them(amounts: list[str], expected: list[str]) -> None:
    found = only(bank(*(f"D2026-03-09\nT{amount}" for amount in amounts)))
    assert [row.amount for row in found.transactions] == [Decimal(text) for text in expected]


@pytest.mark.parametrize(
    "record",
    [
        *("D2026-03-09\nT1,234", "D2026-03-09", "T1.0", "D2026-02-30\nT1", "D2026-03-09\nT1\nU2"),
        *("D2026-03-09\nTabc", "D2026-03-09\nT1.2.3"),
    ],
)  # fmt: skip
def test_t14_a_row_with_two_readings_or_none_is_left_out_with_its_line(record: str) -> None:
    file = parse_statement_file(bank("D2026-03-09\nT7", record).encode())
    assert [row.amount for row in file.statements[0].transactions] == [Decimal(7)]
    assert [each.line for each in file.rejected] == [5]


def test_t14_accounts_splits_transfers_and_lists() -> None:
    text = (
        "\n!Option:AutoSwitch\n!Account\nNHouse\nTBank\n^\nNCard\nTCCard\n^\n!Clear:AutoSwitch\n"
        "!Type:Cat\nNFood\nE\n^\n!Type:Memorized\nKP\nT-5.00\nPShop\n^\n"
        "!Account\nNHouse\nTBank\n$95.00\n/2026-03-31\n^\n!Type:Bank\n"
        "D2026-03-01\nT100.00\nPOpening Balance\nL[House]\n^\n"
        "D2026-03-09\nT-5.00\nPShop\nMweekly\nLFood\nN101\nSFood\nEbread\n$-3.00\nSHome\n$-2.00\n^\n"
        "!Account\nNCard\nTCCard\n^\n!Type:CCard\nD2026-03-09\nT-5.00\nL[House]\n^\n"
        "!Account\nNHouse\n^\n!Type:Bank\nD2026-03-10\nT-5.00\nSFood\n$-3.00\nSHome\n$-1.00\n^\n"
    )
    file = parse_statement_file(text.encode())
    house, card = file.statements
    assert [(each.account.name, each.account.type, len(each.transactions)) for each in file.statements] == [
        ("House", "depository", 2),
        ("Card", "credit", 1),
    ]
    assert (house.opening_balance, house.ledger_balance, house.balance_date) == (
        Decimal(100),
        Decimal(95),
        dt.date(2026, 3, 31),
    )
    row = house.transactions[0]
    assert (row.description, row.category, row.check_number) == (
        "Shop - weekly - Food -3.00; Home -2.00",
        "Food",
        "101",
    )
    assert (card.transactions[0].kind, card.transactions[0].category) == ("transfer", "")
    told = sorted(each.code for each in file.notices)
    assert told == [
        "currency_missing",
        "not_a_movement",
        "not_a_movement",
        "not_a_movement",
        "value_left_out",
    ]


def test_t14_a_balance_that_cannot_be_read_is_told_once_however_many_rows_follow() -> None:
    rows = "".join(f"D2026-03-{day:02}\nT-5.00\n^\n" for day in range(1, 10))
    file = parse_statement_file(f"!Account\nNHouse\nTBank\n$9x\n/2026-03-31\n^\n!Type:Bank\n{rows}".encode())
    assert [each.code for each in file.notices].count("value_left_out") == 1
    assert file.statements[0].ledger_balance is None


INVESTMENTS: tuple[tuple[str, list[tuple[str | None, ...]]], ...] = (
    ("NBuy\nYAcme\nI10.00\nQ5\nT52.00\nO2.00", [("buy", "-52.00", "5", "2.00")]),
    (
        "NBuyX\nYAcme\nI10\nQ5\nT52.00\nL[House]\n$52.00",
        [("buy", "-52.00", "5", None), ("transfer", "52.00", None, None)],
    ),
    (
        "NSellX\nYAcme\nQ5\nT48.00\nL[House]",
        [("sell", "48.00", "-5", None), ("transfer", "-48.00", None, None)],
    ),
    ("NDiv\nYAcme\nT3.00", [("dividend", "3.00", None, None)]),
    ("NReinvDiv\nYAcme\nQ0.3\nT3.00", [("reinvestment", "-3.00", "0.3", None)]),
    ("NShrsOut\nYAcme\nQ5", [("transfer", "0", "-5", None)]),
    ("NStkSplit\nYAcme\nQ20", [("split", "0", None, None)]),
    ("NMiscExp\nT4.00", [("fee", "-4.00", None, None)]),
    ("NXOut\nT4.00\nL[House]", [("transfer", "-4.00", None, None)]),
    ("NReminder\nMcall", []),
)


@pytest.mark.parametrize(("action", "expected"), INVESTMENTS)
def test_t14_investments_change_cash_and_units(action: str, expected: list[tuple[str | None, ...]]) -> None:
    known = "!Type:Security\nNAcme\nSACM\nTStock\n^\n"
    text = f"{known}!Type:Invst\nD2026-03-09\n{action}\n^\nD2026-03-09\nNWhat\nT1.00\n^\n"
    file = parse_statement_file(text.encode())
    told = [
        (
            str(row.kind),
            str(row.amount),
            *(str(n) if n is not None else None for n in (row.quantity, row.fees)),
        )
        for row in file.statements[0].transactions
    ]
    assert told == expected
    assert all(row.symbol == "ACM" for row in file.statements[0].transactions if row.security)
    assert ["What" in each.reason for each in file.rejected] == [True]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_t14_character_sets_and_line_ends(encoding: str) -> None:
    text = bank("D2026-03-09\nT-1.00\nPCafé Müller").replace("\n", "\r\n")
    assert only(text, encoding).transactions[0].description == "Café Müller"


def test_t14_a_last_row_that_may_be_cut_is_left_out() -> None:
    file = parse_statement_file(bank("D2026-03-09\nT7")[:-3].encode() + b".5")
    assert ([*file.statements[0].transactions], [each.reason for each in file.rejected]) == (
        [],
        ["The file ends within this row."],
    )


amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False)
days = st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31))
writers = st.sampled_from(["%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(amounts, days), min_size=1, max_size=6), writers, st.booleans(), st.data())
def test_t14_a_written_file_is_read_back_asked_about_or_refused(
    found: list[tuple[Decimal, dt.date]], writer: str, comma: bool, data: st.DataObject
) -> None:
    def write(amount: Decimal) -> str:
        text = f"{amount:,.2f}"
        return text.translate({44: ".", 46: ","}) if comma else text

    written = bank(*(f"D{day.strftime(writer)}\nT{write(amount)}\nPShop" for amount, day in found)).encode()
    try:
        file = parse_statement_file(written)
    except StatementUncertainError:
        assert writer != "%Y-%m-%d"
        assert all(day.day <= 12 for _, day in found)
        return
    assert told(file) == found
    try:
        cut = parse_statement_file(written[: data.draw(st.integers(0, len(written)))])
    except StatementError:
        return
    assert all(row in found or writer != "%Y-%m-%d" for row in told(cut))


def told(file: StatementFile) -> list[tuple[Decimal, dt.date]]:
    return [(row.amount, row.date) for each in file.statements for row in each.transactions]


@pytest.mark.parametrize(
    ("day", "amount", "expected"),
    [
        ("14/01/2026", "€-1.234,50", ("2026-01-14", "-1234.50")),
        ("14/01/2026", "(4.50)", ("2026-01-14", "-4.50")),
        ("14. Mai 2026", "-4.50", ("2026-05-14", "-4.50")),
        ("14 lipca 2026", "£4.50", ("2026-07-14", "4.50")),
        ("2026-01-14 10:11:12", "4.50-", ("2026-01-14", "-4.50")),
        ("1/14/2026 9:05", "4.50", ("2026-01-14", "4.50")),
    ],
)
def test_t14_signs_parentheses_times_and_names_of_months(
    day: str, amount: str, expected: tuple[str, str]
) -> None:
    (row,) = only(bank(f"D{day}\nT{amount}")).transactions
    assert (row.date.isoformat(), str(row.amount)) == expected
