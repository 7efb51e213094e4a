"""Kinds of tables that banks hand out: each in small, with the rows that it must give."""

from decimal import Decimal

import pytest

from providers.formats.csv.parser import parse_csv
from providers.formats.csv.understanding import StatementNeedsAnswersError
from providers.formats.errors import StatementError
from providers.formats.options import ReadOptions
from providers.formats.statement import StatementFile


def read(text: str, encoding: str = "utf-8", **layout: object) -> StatementFile:
    return parse_csv(text.encode(encoding), ReadOptions(layouts={"*": layout} if layout else {}))


def rows(file: StatementFile) -> list[tuple[str, str]]:
    """Days and amounts, in the order of the file."""
    return [(f"{row.date:%m-%d}", f"{row.amount}") for each in file.statements for row in each.transactions]


TWO = [("01-14", "-4.50"), ("01-15", "1200.00")]
KINDS = {
    "signed, day in ISO": "Date,Text,Amount\n2026-01-14,Cafe,-4.50\n2026-01-15,Pay,1200.00\n",
    "German, comma and dots": "Buchungstag;Verwendungszweck;Betrag\n14.01.2026;Café;-4,50\n15.01.26;Lohn;1.200,00\n",
    "debit and credit": "Date,Text,Debit,Credit\n14/01/2026,Cafe,4.50,\n15/01/2026,Pay,,1200.00\n",
    "negative credits": "Date,Text,Debit,Credit\n14/01/2026,Cafe,4.50,\n15/01/2026,Pay,,-1200.00\n",
    "a word for the direction": "Datum;Naam;Af Bij;Bedrag (EUR)\n20260114;Cafe;Af;4,50\n20260115;Loon;Bij;1200,00\n",
    "one side marked only": "Date,Text,Amount,\n14 Jan 2026,Cafe,4.50,\n15 Jan 2026,Pay,1200.00,CR\n",
    "letters beside amounts": "Date,Text,Amount\n14 Jan 2026,Cafe,4.50 DR\n15 Jan 2026,Pay,1200.00 CR\n",
    "parentheses and dollars": 'Date,Text,Amount\n01/14/2026,Cafe,($4.50)\n01/15/2026,Pay,"$1,200.00"\n',
    "minus behind": "Date,Text,Amount\n2026-01-14,Cafe,4.50-\n2026-01-15,Pay,1200.00+\n",
    "minus of Unicode, narrow blank": "Date;Text;Amount\n2026-01-14;Cafe;\u22124,50\n2026-01-15;Pay;1\u202f200,00\n",
    "apostrophes": "Date;Text;Amount\n2026-01-14;Cafe;-4.50\n2026-01-15;Pay;1'200.00\n",
    "preamble and footer": "Account;123\n\nFrom;01/01/2026\n\nDate;Text;Amount\n2026-01-14;Cafe;-4.50\n"
    "2026-01-15;Pay;1200.00\nTotal;;1195.50\nDownloaded on Friday\n",
    "headings in two lines": "Date,Text,Money,Money\n,,Out,In\n2026-01-14,Cafe,4.50,\n2026-01-15,Pay,,1200.00\n",
    "no headings, with a balance": "14/01/2026,Cafe,-4.50,95.50\n15/01/2026,Pay,1200.00,1295.50\n"
    "16/01/2026,-,0.00,1295.50\n",
    "no headings, two columns in turn": "14/01/2026,Cafe,4.50,,95.50\n15/01/2026,Pay,,1200.00,1295.50\n"
    "16/01/2026,Fee,1.00,,1294.50\n",
    "card that counts spending as positive": "Trans. Date,Post Date,Description,Amount,Category\n"
    "01/13/2026,01/14/2026,Cafe,4.50,Food\n01/14/2026,01/15/2026,Thank you,-1200.00,Payments\n",
    "states": "Date,Text,Amount,State\n2026-01-14,Cafe,-4.50,COMPLETED\n2026-01-15,Pay,1200.00,COMPLETED\n"
    "2026-01-15,Shop,-9.00,REVERTED\n",
    "opening balance, hold and memo": "Date,Text,Amount,Balance\n2026-01-01,Opening Balance,0.00,100.00\n"
    "2026-01-14,Cafe,-4.50,95.50\n2026-01-15,Temporary hold,0.00,95.50\n2026-01-15,See you,,95.50\n"
    "2026-01-15,Pay,1200.00,1295.50\n",
    "line breaks in cells, and quotes": 'Date,Text,Amount\n2026-01-14,"Cafe\n""Corner""",-4.50\n'
    '2026-01-15,5" pipe,1200.00\n',
    "CR alone ends lines": "Date,Text,Amount\r2026-01-14,Cafe,-4.50\r2026-01-15,Pay,1200.00",
    "Excel says the delimiter": 'sep=;\nDate;Text;Amount\n2026-01-14;"a;b";-4.50\n2026-01-15;Pay;1200.00\n',
    "dates with time and zone": "Time,Text,Amount\n2026-01-14T23:59:59Z,Cafe,-4.50\n"
    "2026-01-15 08:00:00 UTC,Pay,1200.00\n",
}


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS.keys())
def test_t14_a_kind_of_table_gives_its_rows(text: str) -> None:
    found = read(text)
    assert [row for row in rows(found) if row in TWO] == TWO
    assert found.rejected_count == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_t14_a_character_set_is_found(encoding: str) -> None:
    text = "Datum;Empfänger;Betrag\r\n14.01.2026;Müller Bäckerei;-4,50\r\n15.01.2026;Löhne GmbH;1.200,00\r\n"
    found = read(text, encoding)
    assert rows(found) == TWO
    assert found.statements[0].transactions[0].description == "Müller Bäckerei"


ASKED = {
    "date_order": "Date,Text,Amount\n01/02/2026,a,-1.00\n03/04/2026,b,2.00\n",
    "sign": "Date,Text,Amount\n2026-01-14,a,1.00\n2026-01-15,b,2.00\n",
    "decimal_mark": "Date;Text;Amount\n2026-01-14;a;-1.234\n2026-01-15;b;2.500\n",
    "columns": "14/01/2026,a,1.00,\n15/01/2026,b,,2.00\n",
    "sign ": "Date,Text,Amount,Balance\n2026-01-14,a,4.50,95.50\n2026-01-15,b,-1.00,96.50\n2026-01-16,c,1.00,95.50\n"
    "2026-01-17,d,2.00,93.50\n",
    "fee": "Date,Text,Amount,Fee\n2026-01-14,a,-1.00,0.10\n2026-01-15,b,2.00,0.20\n",
}


@pytest.mark.parametrize(("field", "text"), ASKED.items(), ids=ASKED.keys())
def test_t14_what_can_be_read_two_ways_is_asked_and_never_guessed(field: str, text: str) -> None:
    with pytest.raises(StatementNeedsAnswersError) as asked:
        read(text)
    assert field.strip() in asked.value.fields


def test_t14_answers_settle_it() -> None:
    assert rows(read(ASKED["date_order"], date_order="mdy"))[0][0] == "01-02"
    assert rows(read(ASKED["date_order"], date_order="dmy"))[0][0] == "02-01"
    assert rows(read(ASKED["sign"], sign="reversed"))[0][1] == "-1.00"
    assert rows(read(ASKED["decimal_mark"], decimal_mark=","))[0][1] == "-1234"
    assert [amount for _, amount in rows(read(ASKED["fee"], fee="apart"))] == [
        "-1.00",
        "-0.10",
        "2.00",
        "-0.20",
    ]
    assert rows(read(ASKED["columns"], roles=["date", "description", "credit", "debit"]))[0][1] == "1.00"


def test_t14_facts_beside_the_rows() -> None:
    found = read(
        "Konto;DE12500105170648489890\nWährung;EUR\n\nBuchung;Text;Betrag;Saldo;Status\n"
        "16.01.2026;Pay;5,00;96,00;Gebucht\n15.01.2026;Tea;-4,00;91,00;Gebucht\n14.01.2026;Cafe;-5,00;95,00;Gebucht\n"
        "17.01.2026;Shop;-1,00;;Vorgemerkt\nnot a day;Odd;-3,00;;\n"
    )
    (statement,) = found.statements
    assert (statement.account.account_id, statement.account.currency) == ("DE12500105170648489890", "EUR")
    assert (statement.opening_balance, statement.ledger_balance) == (Decimal("100.00"), Decimal("96.00"))
    assert [row.status for row in statement.transactions] == ["posted", "posted", "posted", "pending"]
    assert [(row.line, row.reason) for row in found.rejected] == [(9, "“not a day” is not a date.")]


@pytest.mark.parametrize("sign", ["as_written", "reversed"])
def test_t14_a_number_keeps_all_its_digits_whatever_its_sign(sign: str) -> None:
    digits = "123456789012.123456789012345678"
    text = f"Date;Text;Amount;Currency\n2026-01-14;a;-{digits};EUR\n2026-01-15;b;{digits};EUR\n"
    amounts = sorted(row.amount for row in read(text, sign=sign).statements[0].transactions)
    assert amounts == [Decimal(f"-{digits}"), Decimal(digits)]


def test_t14_several_accounts_and_currencies_stay_apart() -> None:
    found = read(
        "Account,Date,Text,Amount,Currency\nA1,2026-01-14,a,-1.00,EUR\nB2,2026-01-14,b,-2.00,EUR\n"
        "A1,2026-01-15,c,-3.00,USD\nA1,2026-01-15,c,-3.00,USD\nA1,2026-01-15,d,-3.00,XXQ\n"
    )
    told = [
        (each.account.account_id, each.account.currency, len(each.transactions)) for each in found.statements
    ]
    assert told == [("A1", "EUR", 1), ("B2", "EUR", 1), ("A1", "USD", 2)]
    names = [row.identity for row in found.statements[2].transactions]
    assert len(set(names)) == 2  # two equal rows are two
    assert found.rejected_count == 1


def test_t14_trades_have_units_prices_and_the_sign_of_their_action() -> None:
    found = read(
        "Date,Action,ISIN,Ticker,Shares,Price,Total,Currency\n2026-01-14,Market buy,US0378331005,AAPL,2,150.5,301,USD\n"
        "2026-01-15,Market sell,US0378331005,AAPL,1.5,160,240.00,USD\n"
        "2026-01-16,Dividend,US0378331005,AAPL,0.5,,1.20,USD\n"
    )
    told = [(row.kind.value, row.amount, row.quantity) for row in found.statements[0].transactions]
    assert told == [
        ("buy", Decimal(-301), Decimal(2)),
        ("sell", Decimal("240.00"), Decimal("-1.5")),
        ("dividend", Decimal("1.20"), None),
    ]
    security = found.statements[0].transactions[0].security
    assert security is not None
    assert (security.isin, security.symbol) == ("US0378331005", "AAPL")


def test_t14_two_legs_of_one_reference_are_one_trade() -> None:
    found = read(
        "txid,refid,time,type,aclass,asset,amount,fee,balance\n"
        "L1,T1,2026-01-14 09:00:00,trade,currency,ZEUR,-100,0.2,899.8\n"
        "L2,T1,2026-01-14 09:00:00,trade,currency,XXBT,0.002,0,0.002\n"
    )
    (row,) = found.statements[0].transactions
    assert (row.amount, row.quantity, row.fees) == (Decimal("-100.2"), Decimal("0.002"), Decimal("0.2"))


HOSTILE = {
    "a line of millions": f"Date,Text,Amount\n2026-01-14,{'x' * 3_000_000},1\n2026-01-15,Pay,-2.00\n",
    "a quote that never ends": 'Date,Text,Amount\n2026-01-14,"open,1\n' + "2026-01-15,Pay,-2.00\n" * 60,
    "a quote too many": 'Date,Text,Amount,Zzz,"N"\n"2026-01-14","a"","1","",""\n"2026-01-15","b","-2.00","",""\n',
    "formulas": "Date,Text,Amount\n2026-01-14,=cmd,=1+1\n2026-01-15,=HYPERLINK(1),-2.00\n",
    "digits without end": f"Date,Text,Amount\n2026-01-14,a,{'9' * 5_000}\n2026-01-15,b,-2.00\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_t14_a_hostile_line_costs_itself_and_says_why(text: str) -> None:
    found = read(text)
    assert {amount for _, amount in rows(found)} == {"-2.00"}
    assert found.rejected_count == 1


@pytest.mark.parametrize(
    "text", ["Date,Amount\n", "a,b\nc,d\n", "Date,Text,Amount\n2026-01-14,\0,1\n", ",".join("c" * 1_000_000)]
)
def test_t14_what_is_no_table_of_rows_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(StatementError) as refused:
        read(text)
    assert str(refused.value)
