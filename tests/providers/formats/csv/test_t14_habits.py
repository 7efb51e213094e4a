"""Habits of exports from all over the world: scripts, digits, months, joined files, and columns that mislead."""

from decimal import Decimal

import pytest

from providers.formats.csv.parser import parse_csv
from providers.formats.csv.understanding import StatementNeedsAnswersError
from providers.formats.errors import StatementDamagedError
from providers.formats.statement import StatementFile

TWO = [("01-14", "-4.50"), ("01-15", "1200.00")]


def read(text: str, encoding: str = "utf-8") -> StatementFile:
    return parse_csv(text.encode(encoding))


def rows(file: StatementFile) -> list[tuple[str, str]]:
    found = [row for each in file.statements for row in each.transactions]
    return [(f"{row.date:%m-%d}", f"{row.amount}") for row in found]


SCRIPTS = {
    "Japanese": ("取引日,お引出し,お預入れ,内容,残高\n20260114,4,,パン屋,96\n"
    "20260115,,\"1,200\",給料,\"1,296\"\n", "cp932"),
    "Chinese": ("交易时间,交易对方,收/支,金额(元),当前状态\n2026-01-14 10:11:12,面包店,支出,¥4.50,支付成功\n"
                "2026-01-15 08:00:00,阿克梅,收入,¥1200.00,支付成功\n"
                "2026-01-16 08:00:00,书店,支出,¥9.00,交易关闭\n", "gb18030"),
    "Korean": ("거래일시,적요,출금액,입금액,잔액\n2026.01.14 10:11:12,빵집,4,0,96\n"
    "2026.01.15 08:00:00,급여,0,\"1,200\",\"1,296\"\n", "cp949"),
    "Hebrew": ("תאריך,תיאור,בחובה,בזכות,היתרה בש\"ח\n14/01/26,מאפייה,4.50,,95.50\n"
    "15/01/26,משכורת,,1200.00,1295.50\n", "cp1255"),
    "Arabic": ("التاريخ,الوصف,مدين,دائن\n١٤/٠١/٢٠٢٦,مخبز,٤٫٥٠,\n١٥/٠١/٢٠٢٦,راتب,,١٬٢٠٠٫٠٠\n", "utf-8"),
    "wide digits": ("日付,摘要,出金,入金\n２０２６／０１／１４,パン屋,４,\n２０２６／０１／１５,給料,,１２００\n"
    "", "utf-8"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_t14_headings_and_digits_of_other_scripts_are_understood(text: str, encoding: str) -> None:
    found = read(text, encoding)
    assert [(day, Decimal(amount)) for day, amount in rows(found)] in (
        [("01-14", Decimal("-4.50")), ("01-15", Decimal(1200))],
        [("01-14", Decimal(-4)), ("01-15", Decimal(1200))],
    )
    assert found.rejected_count == 0


CELLS = {
    "texts as formulas": 'Date;Text;Amount\n="14.01.2026";="Bread";="-4,50"\n'
    '"=""15.01.2026""";"=""Pay""";"=""1.200,00"""\n',
    "texts by an apostrophe": "Date,Text,Amount\n'14/01/2026,Bread,'-4.50\n'15/01/2026,Pay,1200.00\n",
    "files that were joined": "\ufeffDate,Text,Amount\r\n2026-01-14,Bread,-4.50\r\n\ufeffDate,Text,Amount\n"
    "2026-01-15,Pay,1200.00\r",
    "ends of lines that were doubled": "Date,Text,Amount\r\r\n2026-01-14,Bread,-4.50\r\r\n"
    "2026-01-15,Pay,1200.00\r\r\n",
    "a time without marks": "Date,Text,Amount\n20260114101112,Bread,-4.50\n20260115080000,Pay,1200.00\n",
    "a time after a dash": "Date,Text,Amount\n14/01/2026-10:11:12,Bread,-4.50\n15/01/2026-08:00:00,Pay,1200.00\n",
    "marks of the direction of writing": "Date,Text,Amount\n\u200e14/01/2026\u200e,Bread,\u202a-4.50\u202c\n"
    "15/01/2026,Pay,1200.00\n",
    "totals of months": "Date,Text,Amount\n2026-01-14,Bread,-4.50\nTotal January,,-4.50\n"
    "2026-01-15,Pay,1200.00\nTotal,,1195.50\n",
    "words of three letters": "Date;Text;Amount;Done\n2026-01-14;Bread;-4.50;Nej\n2026-01-15;Pay;1200.00;Nej\n",
    "the day on which it was exported": "created_at,Text,Amount,date\n2026-01-31T00:00:00Z,Bread,-4.50,2026-01-14\n"
    "2026-01-31T00:00:00Z,Pay,1200.00,2026-01-15\n",
    "an amount on hold beside it": "Data;Tytuł;Kwota;Kwota blokady\n2026-01-14;Bread;-4,50;\n"
    "2026-01-15;Pay;1200,00;\n"
    "2026-01-16;Cafe;;-2,00\n",
    "a net amount and a fee": "Date,Text,Amount,Fee,Net Amount\n2026-01-14,Bread,-4.00,-0.50,-4.50\n"
    "2026-01-15,Pay,1200.00,0,1200.00\n",
    "the balance of a day as a row": "Data;Descrição;Valor\n14/01/2026;Bread;-4,50\n"
    "14/01/2026;SALDO TOTAL DISPONÍVEL DIA;95,50\n"
    "15/01/2026;Pay;1200,00\n15/01/2026;SALDO TOTAL DISPONÍVEL DIA;1295,50\n",
    "balances and turnovers as rows": "Date;Text;Amount;D/K\n2026-01-01;Likutis pradžiai;100.00;K\n"
    "2026-01-14;Bread;4.50;D\n"
    "2026-01-15;Pay;1200.00;K\n2026-01-31;Apyvarta;1200.00;K\n2026-01-31;Likutis pabaigai;1295.50;K\n",
}


@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_t14_what_exports_do_to_cells_costs_no_row(text: str) -> None:
    found = read(text)
    assert (rows(found), found.rejected_count) == (TWO, 0)


@pytest.mark.parametrize(
    "days",
    [
        *("14 января 2026|15 мая 2026", "14 Ocak 2026|15 Mayıs 2026", "14. ledna 2026|15. května 2026"),
        *(
            "2026. január 14.|2026. május 15.",
            "14. tammikuuta 2026|15. toukokuuta 2026",
            "14 stycznia 2026|15 maja 2026",
        ),
        *(
            "14 de janeiro de 2026|15 de maio de 2026",
            "14 Ιανουαρίου 2026|15 Μαΐου 2026",
            "2026年1月14日|2026年5月15日",
        ),
        *(
            "2026년 1월 14일|2026년 5월 15일",
            "14 січня 2026|15 травня 2026",
            "14. siječnja 2026.|15. svibnja 2026.",
        ),
    ],
)
def test_t14_months_have_names_in_many_languages(days: str) -> None:
    one, other = days.split("|")
    found = read(f"Date;Text;Amount\n{one};Bread;-4.50\n{other};Pay;1200.00\n")
    assert [day for day, _ in rows(found)] == ["01-14", "05-15"]


def test_t14_a_name_that_two_languages_have_for_two_months_is_not_guessed() -> None:
    found = read("Date;Text;Amount\n14 lipca 2026;a;-4.50\n15 maja 2026;b;3.00\n16 listopada 2026;c;1.00\n")
    assert [day for day, _ in rows(found)] == ["07-14", "05-15"]
    assert [each.line for each in found.rejected] == [4]


BALANCES = {
    "before and after": ("1\tEUR\t20260114\t100,00\t95,50\t-4,50\tBread\n"
    "1\tEUR\t20260115\t95,50\t1295,50\t1200,00\tPay\n"
                         "1\tEUR\t20260116\t1295,50\t1290,00\t-5,50\tFee\n", "1290.00"),
    "before": ("2026-01-14,x,EUR,100.00,-4.50\n2026-01-15,x,EUR,95.50,1200.00\n2026-01-16,x,EUR,1295.50,-5.50\n"
    "", None),
    "of another thing": ("Date,Text,Amount,Balance\n2026-01-14,a,-4.50,10.00\n2026-01-15,b,1200.00,10.00\n"
    "2026-01-16,c,-5.50,77.00\n", "77.00"),
    "of two rows": ("Date,Text,Amount,Balance\n2026-01-14,a,-4.50,95.50\n2026-01-15,b,1200.00,1295.50\n", "1295.50"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "closing"), BALANCES.values(), ids=BALANCES.keys())
def test_t14_a_closing_balance_is_told_only_if_it_follows(text: str, closing: str | None) -> None:
    found = read(text)
    assert rows(found)[:2] == TWO
    told = found.statements[0].ledger_balance
    assert (None if told is None else f"{told:.2f}") == closing


def test_t14_a_last_line_that_is_shorter_than_all_others_is_no_row() -> None:
    found = read(
        "14/01/2026;-4,50;Card;;Bread;0;Misc\n15/01/2026;1200,00;Transfer;;Pay;0;Misc\n"
        "31/01/2026;1295,50;;;00123 456789A\n"
    )
    assert (rows(found), [each.line for each in found.rejected]) == (TWO, [3])


def test_t14_accounts_of_other_parties_do_not_tear_a_table_apart() -> None:
    bread, pay = "DE02120300000000202051", "DE07120300000000202052"
    last = f"Buchungstag;Empfänger;Kontonummer;Betrag\n14.01.2026;Bread;{bread};-4,50\n15.01.2026;Pay;{pay};1200,00\n"
    (statement,) = read(last).statements
    assert statement.account.account_id == ""
    first = (
        f"Buchungstag;Kontonummer;Name;Betrag\n14.01.2026;{bread};Bread;-4,50\n15.01.2026;{pay};Pay;1200,00\n"
    )
    (statement,) = read(f"Konto;DE12500105170648489890\n\n{first}").statements
    assert statement.account.account_id == "DE12500105170648489890"
    assert len(read(first).statements) == 2  # nothing says that they are of others


def test_t14_trades_without_a_word_for_them_and_ledgers_of_coins() -> None:
    found = read(
        "Date,Product,ISIN,Quantity,Price,Value,Costs,Total\n"
        "14-01-2026,World,IE00BK5BQT80,2,110.50,-221.00,-1.00,-222.00\n"
        "15-01-2026,World,IE00BK5BQT80,-1,111.00,111.00,-1.00,110.00\n"
    )
    told = [(row.kind.value, f"{row.amount}", f"{row.quantity}") for row in found.statements[0].transactions]
    assert told == [("buy", "-222.00", "2"), ("sell", "110.00", "-1")]
    found = read(
        "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark\n1,2026-01-14 10:00:00,Spot,Deposit,EUR,100.00,\n"
        "1,2026-01-15 10:00:00,Spot,Buy,BTC,0.001,\n1,2026-01-15 10:00:00,Spot,Buy,EUR,-90.00,\n"
    )
    told = sorted(
        (row.symbol or "", f"{row.amount}", f"{row.quantity}") for row in found.statements[0].transactions
    )
    assert told == [("", "-90.00", "None"), ("", "100.00", "None"), ("BTC", "0", "0.001")]


def test_t14_a_direction_that_says_neither_is_left_out_with_its_reason() -> None:
    head = "交易时间,交易对方,收/支,金额\n2026-01-14,面包店,支出,4.50\n2026-01-15,阿克梅,收入,1200.00\n"
    found = read(f"{head}2026-01-16,基金,不计收支,0.02\n")
    assert (rows(found), [each.line for each in found.rejected]) == (TWO, [4])
    with pytest.raises(StatementNeedsAnswersError):
        read("交易时间,交易对方,金额\n2026-01-14,面包店,4.50\n2026-01-15,阿克梅,1200.00\n")


def test_t14_blocks_of_named_lines_are_a_table() -> None:
    head = "From: 01/01/2026 to 31/01/2026\n\nAccount: XXXX 9876\n\n"
    one = "Date: 15/01/2026\nDescription: Pay, and more: much\nAmount: 1200.00\u00a0\nBalance: 1295.50\u00a0\n\n"
    other = "Date: 14/01/2026\nDescription: Bread\nAmount: -4.50\u00a0\nBalance: 95.50\u00a0\n"
    found = read(head + one + other, "cp1252")
    assert rows(found) == TWO[::-1]
    assert found.statements[0].transactions[0].description == "Pay, and more: much"
    assert str(found.statements[0].ledger_balance) == "1295.50"


def test_t14_a_state_that_may_mean_anything_is_not_taken_for_booked() -> None:
    text = "Date,Text,Amount,Status\n2026-01-14,Bread,-4.50,Completed\n2026-01-15,Pay,1200.00,Completed\n"
    found = read(f"{text}2026-01-16,Odd,-1.00,Wobbled\n2026-01-17,Void,-2.00,Annulled\n")
    assert (rows(found), [each.line for each in found.rejected]) == (TWO, [4])
    unknown = text.replace("Completed", "Zzz") + "2026-01-16,Odd,-1.00,Zzz\n2026-01-17,No,-2.00,Geweigerd\n"
    found = read(unknown)
    assert (rows(found)[:2], len(rows(found)), found.rejected_count) == (TWO, 3, 0)


def test_t14_cents_as_whole_numbers_are_no_amount() -> None:
    with pytest.raises(StatementNeedsAnswersError) as asked:
        read("date,text,amount_cents\n2026-01-14,Bread,-450\n2026-01-15,Pay,120000\n")
    assert asked.value.fields == ("columns",)


def test_t14_fees_have_names_in_many_languages_and_are_asked_about() -> None:
    for name in ("Opłata", "Costo", "Poplatek", "Gebyr", "Díj"):
        with pytest.raises(StatementNeedsAnswersError) as asked:
            read(f"Date,Text,Amount,{name}\n2026-01-14,Bread,-4.50,0.20\n2026-01-15,Pay,1200.00,0\n")
        assert asked.value.fields == ("fee",)


@pytest.mark.parametrize("head", ["Date,Text,Amount\n", ""])
def test_t14_amounts_torn_by_the_delimiter_are_refused(head: str) -> None:
    with pytest.raises(StatementDamagedError):
        read(f"{head}14.01.2026,Bread,-4,50\n15.01.2026,Pay,1200,00\n16.01.2026,Cafe,-3,25\n")


def test_t14_a_list_of_holdings_above_the_table_is_told() -> None:
    found = read(
        "Fund,Symbol,Shares,Price,Total\nWorld,VTI,12.5,250.00,3125.00\n\n"
        "Date,Text,Amount\n2026-01-14,Bread,-4.50\n2026-01-15,Pay,1200.00\n"
    )
    assert (rows(found), [(each.code, each.line) for each in found.notices]) == (
        TWO,
        [("section_skipped", 2)],
    )
