"""Mistakes of real files, which must be read correctly all the same."""

from decimal import Decimal

import pytest

from providers.formats import StatementFile, StatementTransaction, parse_statement_file
from tests.providers.formats.ofx.writing import HEADER, XML_HEADER, bank_file, row


def only(data: bytes) -> StatementTransaction:
    file = parse_statement_file(data)
    assert file.rejected == ()
    ((transaction,),) = [statement.transactions for statement in file.statements]
    return transaction


def reasons(file: StatementFile) -> list[str]:
    return [rejected.reason for rejected in file.rejected]


@pytest.mark.parametrize(
    ("name", "memo", "description"),
    [
        ("Shop", "", "Shop"),
        ("", "Memo only", "Memo only"),
        ("Shop", "SHOP", "Shop"),
        ("ACME WIDGETS INTERNATIONAL LIMIT", "ACME WIDGETS INTERNATIONAL LIMITED 77", None),
        ("Shop", "card 12", "Shop - card 12"),
        ("AT&T", "x &lt;y&gt; &amp;amp; &#233;&#xe9; &euml; &madeup;", "AT&T - x <y> &amp; éé ë &madeup;"),
        ("A&NBSPB", "B&REGAL", "A&NBSPB - B&REGAL"),
        ("a < b <3 <me@example.org>", "", "a < b <3 <me@example.org>"),
        ("Two\n  lines", "", "Two lines"),
        ("nul\x00 bell\x07 bidi\u202e zero\u200b", "&#0;&#7;&#xD800;&#1114112;", "nul bell bidi zero"),
    ],
)
def test_descriptions_are_decoded_once_cleaned_and_joined(
    name: str, memo: str, description: str | None
) -> None:
    transaction = only(bank_file(row(name=name, rest=f"<MEMO>{memo}")))
    assert transaction.description == (memo if description is None else description)


def test_texts_and_ids_are_capped_without_confusing_two_ids() -> None:
    data = bank_file(row(name="x" * 5000, fitid="a" * 300 + "1") + row(fitid="a" * 300 + "2"))
    first, second = parse_statement_file(data).statements[0].transactions
    assert len(first.description) == 1000
    assert first.fitid != second.fitid
    assert len(first.fitid or "") <= 255


@pytest.mark.parametrize(
    "header",
    [
        "",
        "\n\n\n" + HEADER,
        HEADER.replace("\n", " "),
        HEADER.replace("\n", ""),
        HEADER.replace("\n", "\r\n"),
        HEADER.replace("\n", "\r"),
        HEADER.lower(),
        HEADER.replace(":", " : "),
        XML_HEADER,
        '<?xml version="1.0"?><!DOCTYPE OFX SYSTEM "ofx.dtd">',
        "<!-- a note with <STMTTRN> in it -->\n",
    ],
)
def test_any_header_will_do(header: str) -> None:
    assert only(bank_file(row(), header=header)).amount == Decimal("-1.00")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_character_set_is_found_whatever_the_header_says(encoding: str) -> None:
    text = bank_file(row(name="Café ’n’ Münze €")).decode()
    assert only(text.encode(encoding)).description == "Café ’n’ Münze €"


@pytest.mark.parametrize(
    ("label", "encoding", "name"),
    [
        ("CHARSET:1250", "cp1250", "Łódź"),
        ("CHARSET:1251", "cp1251", "Москва"),
        ("CHARSET:ISO-8859-2", "iso8859-2", "Łódź"),
        ("CHARSET:ISO-8859-1", "cp1252", "l’été"),
        ("ENCODING:WINDOWS-1252", "cp1252", "l’été"),
        ("ENCODING:UTF-8", "cp1252", "l’été"),
        ('<?xml version="1.0" encoding="windows-1251"?>', "cp1251", "Москва"),
    ],
)
def test_a_declared_character_set_is_honoured_when_it_is_not_utf_8(
    label: str, encoding: str, name: str
) -> None:
    header = label if label.startswith("<") else f"OFXHEADER:100\n{label}\n"
    assert only(bank_file(row(name=name), header=header).decode().encode(encoding)).description == name


def test_a_character_cut_in_half_does_not_spoil_the_others() -> None:
    rows = row(name="Bäckerei Müller Größe") + row(fitid="B", name="cut caf@")
    data = bank_file(rows).replace(b"caf@", b"caf\xc3")
    first, second = parse_statement_file(data).statements[0].transactions
    assert (first.description, second.description) == ("Bäckerei Müller Größe", "cut caf\ufffd")


@pytest.mark.parametrize(
    "extra",
    [
        "<VENDOR.NOTE>words",
        "<VENDOR.EMPTY>",
        "<VENDOR.EMPTY></VENDOR.EMPTY>",
        "<VENDOR.EMPTY/>",
        "<BANK.DATA><NAME>wrong</NAME><TRNAMT>9</TRNAMT><FITID>wrong</BANK.DATA>",
        "<CURRENCY>USD",
        "<CURRENCY><CURRATE>1.00<CURSYM>USD</CURRENCY>",
        "<MEMO>",
        "<CHECKNUM></CHECKNUM><REFNUM/>",
        "<?vendor note?>",
        "<!-- <NAME>wrong -->",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_extensions_change_nothing_in_the_row(extra: str, before: bool) -> None:
    plain = row(rest="")
    data = plain.replace("<STMTTRN>", f"<STMTTRN>{extra}") if before else row(rest=extra)
    transaction = only(bank_file(data))
    assert (transaction.fitid, transaction.amount, transaction.description) == ("A", Decimal("-1.00"), "Shop")
    assert transaction.currency == "USD"


def test_amounts_in_another_currency_say_so() -> None:
    transaction = only(bank_file(row(rest="<CURRENCY><CURRATE>0.9<CURSYM>EUR</CURRENCY>")))
    assert (transaction.currency, transaction.exchange_rate) == ("EUR", Decimal("0.9"))
    assert transaction.original_currency is None


def test_a_missing_end_of_row_costs_no_row() -> None:
    rows = "".join(row(fitid=fitid).replace("</STMTTRN>", "") for fitid in "ABC")
    statement = parse_statement_file(bank_file(rows)).statements[0]
    assert [transaction.fitid for transaction in statement.transactions] == ["A", "B", "C"]


def test_two_rows_run_together_are_rejected_instead_of_half_read() -> None:
    merged = row(fitid="A", amount="1.00").replace("</STMTTRN>", "") + row(fitid="B").replace("<STMTTRN>", "")
    assert reasons(parse_statement_file(bank_file(merged))) == [
        "TRNAMT is there twice with different values."
    ]


def test_a_row_of_an_unknown_kind_is_rejected_not_dropped() -> None:
    file = parse_statement_file(bank_file(row() + "<PENDINGTRN><TRNAMT>5</PENDINGTRN>"))
    assert len(file.statements[0].transactions) == 1
    assert ["PENDINGTRN" in reason for reason in reasons(file)] == [True]


def test_an_empty_vendor_element_between_the_rows_is_no_row() -> None:
    file = parse_statement_file(bank_file("<ROW.COUNT></ROW.COUNT>" + row() + "<ROW.COUNT/>"))
    assert (len(file.statements[0].transactions), file.rejected) == (1, ())


def test_a_wrapper_nobody_knows_does_not_hide_what_is_inside() -> None:
    wrapped = bank_file(f"<PAGE>{row()}</PAGE>").replace(b"<OFX>", b"<ENVELOPE><OFX>")
    file = parse_statement_file(wrapped + b"</ENVELOPE>")
    assert (len(file.statements[0].transactions), file.rejected, file.notices) == (1, (), ())


def test_line_numbers_survive_comments_and_document_types() -> None:
    header = "<?xml version='1.0'?>\n<!DOCTYPE OFX [\n<!ENTITY a 'b'>\n]>\n<!-- two\nlines -->\n"
    file = parse_statement_file(bank_file("\n" + row(amount="?"), header=header))
    assert [rejected.line for rejected in file.rejected] == [8]


def test_a_name_that_is_only_a_prefix_is_ignored() -> None:
    assert only(bank_file("</x:><x:>" + row() + "</x:>")).amount == Decimal("-1.00")


def test_rows_outside_of_any_statement_are_rejected() -> None:
    data = bank_file(row()).replace(b"</STMTTRNRS>", row(fitid="B").encode() + b"</STMTTRNRS>")
    assert reasons(parse_statement_file(data)) == ["This row is outside of any statement."]


def test_a_list_of_transactions_without_an_account_is_a_statement_without_a_number() -> None:
    (statement,) = parse_statement_file(f"{HEADER}<BANKTRANLIST>{row()}</BANKTRANLIST>".encode()).statements
    assert (statement.account.account_id, len(statement.transactions)) == ("", 1)


def test_two_documents_in_one_file_are_both_read() -> None:
    file = parse_statement_file(bank_file(row(fitid="A")) + b"\n" + bank_file(row(fitid="B")))
    assert [statement.transactions[0].fitid for statement in file.statements] == ["A", "B"]


def test_a_balance_that_cannot_be_read_is_left_out_and_mentioned() -> None:
    file = parse_statement_file(bank_file(row(), balance="1,234"))
    assert file.statements[0].ledger_balance is None
    assert ["BALAMT" in notice.reason for notice in file.notices] == [True]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("CREDIT", "credit"),
        ("DEBIT", "debit"),
        ("INT", "interest"),
        ("DIV", "dividend"),
        ("SRVCHG", "fee"),
        ("DIRECTDEP", "deposit"),
        ("ATM", "atm"),
        ("POS", "purchase"),
        ("XFER", "transfer"),
        ("CHECK", "check"),
        ("REPEATPMT", "payment"),
        ("CASH", "cash_out"),
        ("OTHER", "unknown"),
        ("BOGUS", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_kind_follows_the_type_and_the_type_is_kept(code: str, kind: str) -> None:
    transaction = only(bank_file(row().replace("DEBIT", code.lower())))
    assert (transaction.kind, transaction.source_code) == (kind, code)


@pytest.mark.parametrize(
    ("word", "type_", "subtype"),
    [
        ("SAVINGS", "depository", "savings"),
        ("MONEYMRKT", "depository", "money_market"),
        ("", "depository", None),
        ("CREDITLINE", "credit", "line_of_credit"),
        ("CD", "depository", "cd"),
        ("ODDITY", "other", "oddity"),
    ],
)
def test_the_account_type_follows_the_file(word: str, type_: str, subtype: str | None) -> None:
    account = parse_statement_file(bank_file(row()).replace(b"CHECKING", word.encode())).statements[0].account
    assert (account.type, account.subtype) == (type_, subtype)
