"""Habits of banks' layouts: headings in many languages, half understood, or over the wrong column; and no guess."""

from decimal import Decimal

import pytest

from providers.formats.csv.parser import parse_csv
from providers.formats.csv.understanding import StatementNeedsAnswersError

CAFE, PAY = ("2026-01-14", Decimal("-4.50"), "Cafe"), ("2026-01-15", Decimal("1200.00"), "Pay")
LAYOUTS = {
    "a word for the amount in both of a pair": "Dato;Forklaring;Beløp ut;Beløp inn\n14.01.2026;Cafe;-4,50;\n"
    "15.01.2026;Pay;;1200,00\n",
    "one of a pair is unknown": "Data operacji;Opis;Zzz;Uznania\n2026-01-14;Cafe;4,50;\n2026-01-15;Pay;;1200,00\n",
    "one of a pair is a plain amount": "Date,Description,Amount,Received\n2026-01-14,Cafe,4.50,\n"
    "2026-01-15,Pay,,1200.00\n",
    "Greek": "Ημερομηνία;Αιτιολογία;Χρέωση;Πίστωση;Υπόλοιπο\n14/01/2026;Cafe;4,50;;95,50\n"
    "15/01/2026;Pay;;1200,00;1295,50\n",
    "Bulgarian": "Дата;Описание;Сума;Валута\n14.01.2026;Cafe;-4,50;EUR\n15.01.2026;Pay;1200,00;EUR\n",
    "Romanian": "Data tranzactie,Detalii tranzactie,Debit,Credit,Sold\n14.01.2026,Cafe,4.50,,95.50\n"
    "15.01.2026,Pay,,1200.00,1295.50\n",
    "Swedish": "Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Valuta\n2026-01-14;-4,50;;;Cafe;SEK\n"
    "2026-01-15;1200,00;;;Pay;SEK\n",
    "a word for the value date over currencies": "Boekdatum;Omschrijving;Bedrag;Valuta\n14-01-2026;Cafe;-4,50;EUR\n"
    "15-01-2026;Pay;1200,00;EUR\n",
    "the balance of an account": "Data;Descrição;Valor;Saldo em conta\n14/01/2026;Cafe;-4,50;95,50\n"
    "15/01/2026;Pay;1200,00;1295,50\n",
    "no heading says which is the text": "Date;Zzz;Amount\n2026-01-14;Cafe;-4.50\n2026-01-15;Pays;1200.00\n",
    "columns of a pair that stay empty": "Date;Text;Amount;Debit;Credit\n2026-01-14;Cafe;-4.50;;\n"
    "2026-01-15;Pay;1200.00;;\n",
    "both sides in one heading": "Booked At;Text;Credit/Debit Amount;Balance\n2026-01-14;Cafe;-4.50;95.50\n"
    "2026-01-15;Pay;1200.00;1295.50\n",
    "a word for value dates over amounts": "Datum;Beschreibung;Wert\n14.01.2026;Cafe;-4,50\n15.01.2026;Pay;1200,00\n",
    "a word for kinds beside each": "Date operation;Libelle operation;Montant operation\n14/01/2026;Cafe;-4,50\n"
    "15/01/2026;Pay;1200,00\n",
    "the value date comes first": "Value Date,Transaction Date,Remarks,Withdrawal Amount (INR ),Deposit Amount (INR )\n"
    "16/01/2026,14/01/2026,Cafe,4.50,\n17/01/2026,15/01/2026,Pay,,1200.00\n",
    "few days without zeros": "14/1/2026;Cafe;-4.50;95.50\n15/1/2026;Pay;1200.00;1295.50\n"
    + "".join(f"{day}/12/2026;x;1.00;{1295.5 + day - 9:.2f}\n" for day in range(10, 28)),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_t14_a_layout_gives_its_days_amounts_and_texts(text: str) -> None:
    found = parse_csv(text.encode())
    rows = [(f"{row.date}", row.amount, row.description) for row in found.statements[0].transactions]
    assert [row[:2] for row in rows[:2]] == [CAFE[:2], PAY[:2]]
    assert [row[2][:3] for row in rows[:2]] == ["Caf", "Pay"]
    assert (found.rejected_count, found.notices_count) == (0, 0)


def test_t14_currency_account_and_balance_stand_beside_the_rows() -> None:
    text = "Datum;Omschrijving;Bedrag;Valuta;IBAN;Tegenrekening\n"
    for day, amount in ((14, "-4,50"), (15, "7,00"), (16, "8,00")):
        text += f"{day}-01-2026;Text {day};{amount};EUR;DE12500105170648489890;DE8937040044053201300{day}\n"
    (statement,) = parse_csv(text.encode()).statements
    assert (statement.account.account_id, statement.account.currency) == ("DE12500105170648489890", "EUR")
    others = text.replace("DE12500105170648489890", "").replace("IBAN;Tegenrekening", "Tegenrekening;IBAN")
    assert parse_csv(others.replace(";;", ";").encode()).statements[0].account.account_id == ""


def test_t14_a_gap_in_the_balance_is_told_with_line_and_day() -> None:
    after, text = 100, "Date,Text,Amount,Balance\n"
    for day in range(11, 28):
        amount = -1 if day % 2 else 2
        after += amount + (7 if day == 21 else 0)
        text += f"2026-01-{day},x,{amount}.00,{after}.00\n"
    found = parse_csv(text.encode())
    told = [each.reason for each in found.notices if each.code == "balance_gap"]
    assert told == [
        "The balance does not follow from the row before in line 12 (2026-01-21). Rows may be missing there."
    ]


COINS = "Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Subtotal,Total,Notes\n"


def test_t14_a_coin_that_was_changed_into_another_one_has_two_legs() -> None:
    def line(units: str, note: str) -> str:
        return f'2026-01-14 09:00:00 UTC,Convert,BTC,{units},EUR,€500.00,€510.00,"{note}"\n'

    bought = '2026-01-13 09:00:00 UTC,Buy,BTC,1,EUR,€90.00,€91.00,"Bought 1 BTC for 91 EUR"\n'
    changed = line("0.5", "Converted 0.5 BTC to 1,250.25 XRP") + line(
        "0.25", "Converted 0.25 BTC to 20.5 EUR"
    )
    wrong = line("0.5", "Converted 0.4 BTC to 1 XRP") + line("0.5", "Converted something")
    found = parse_csv((COINS + bought + changed + wrong).encode())
    rows = [row for each in found.statements for row in each.transactions]
    assert [(row.symbol, row.quantity, row.amount, row.kind.value) for row in rows] == [
        ("BTC", Decimal(1), Decimal("-91.00"), "buy"),
        ("BTC", Decimal("-0.5"), Decimal(0), "transfer"),
        ("XRP", Decimal("1250.25"), Decimal(0), "transfer"),
        ("BTC", Decimal("-0.25"), Decimal("20.5"), "sell"),
    ]
    assert [each.line for each in found.rejected] == [5, 6]


CARD = "Date,Description,Amount\n2026-01-14,Card purchase Cafe,4.50\n2026-01-15,Fee,1.00\n2026-01-16,Refund,-2.00\n"
ASKED = {
    "words say that money was spent": CARD,
    "nearly all amounts are positive": "Date,Description,Amount\n2026-01-14,Anna,-90.00\n"
    + "".join(f"2026-01-{day},Shop {day},{day}.00\n" for day in range(15, 24)),
    "a bill is paid, in another language": "Data,Descrição,Valor\n14/01/2026,Mercado,4.50\n15/01/2026,Padaria,2.10\n"
    "16/01/2026,Pagamento recebido,-6.60\n",
    "two columns of which none says what it is": "Date,Text,Amount,Zzz\n2026-01-14,Cafe,4.50,\n"
    "2026-01-15,Pay,,1200.00\n",
}


@pytest.mark.parametrize("text", ASKED.values(), ids=ASKED.keys())
def test_t14_signs_that_may_be_turned_round_are_asked_about(text: str) -> None:
    with pytest.raises(StatementNeedsAnswersError) as asked:
        parse_csv(text.encode())
    assert set(asked.value.fields) <= {"sign", "columns"}


def test_t14_words_that_fit_the_signs_or_a_balance_need_no_question() -> None:
    wages = "".join(f"2026-01-{day},Wages: salary,{day}.00\n" for day in range(15, 24))
    assert parse_csv(f"Date,Description,Amount\n2026-01-14,Anna,-90.00\n{wages}".encode()).rejected_count == 0
    saved, lines = 90, []
    for day in range(15, 24):
        saved += day
        lines.append(f"2026-01-{day},From Anna,{day}.00,{saved}.00\n")
    text = "Date,Description,Amount,Balance\n2026-01-14,To Ben,-10.00,90.00\n" + "".join(lines)
    assert len(parse_csv(text.encode()).statements[0].transactions) == 10
