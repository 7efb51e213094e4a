"""Files as banks and brokers hand them out."""

import datetime as dt
import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from providers.formats import StatementFile, StatementTransaction, parse_statement_file
from providers.records import Kind
from tests.providers.formats.ofx.writing import FILES


def read(name: str) -> StatementFile:
    return parse_statement_file((FILES / name).read_bytes())


def by_fitid(file: StatementFile) -> dict[str | None, StatementTransaction]:
    return {row.fitid: row for row in file.statements[0].transactions}


def test_a_us_checking_download_is_read_to_the_cent() -> None:
    file = read("us_checking.qfx")
    (statement,) = file.statements
    assert (file.format, file.institution.name) == ("ofx1", "Prairie National Bank")
    assert (file.institution.fid, file.institution.intuit_id) == ("90210", "90210")
    assert (statement.account.account_id, statement.account.bank_id) == ("00011122233344", "000000123")
    assert (statement.account.type, statement.account.subtype) == ("depository", "checking")
    assert statement.account.currency == "USD"
    assert (statement.start, statement.end) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert (statement.ledger_balance, statement.available_balance) == (Decimal("1893.95"), Decimal("1793.95"))
    assert statement.balance_as_of == dt.datetime(2026, 3, 1, 4, 59, 59, tzinfo=dt.UTC)
    assert sum(row.amount for row in statement.transactions) == Decimal("1343.95")
    assert [row.kind for row in statement.transactions] == ["deposit", "purchase", "check", "atm", "fee"]
    assert (file.rejected, file.notices) == ((), ())


def test_descriptions_are_plain_text_without_repetition() -> None:
    descriptions = [row.description for row in read("us_checking.qfx").statements[0].transactions]
    assert descriptions == [
        "ACME WIDGETS PAYROLL 0202 REF 7788",
        "JOE'S DINER & GRILL",
        "",
        "CASH R&D PLAZA - ATM 0042",
        "MONTHLY FEE",
    ]


def test_a_row_keeps_its_local_day_its_moment_and_its_line() -> None:
    row = by_fitid(read("us_checking.qfx"))["202602032"]
    assert row.date == dt.date(2026, 2, 3)
    assert row.posted_at == dt.datetime(2026, 2, 4, 4, 30, tzinfo=dt.UTC)
    lines = (FILES / "us_checking.qfx").read_text().split("\n")
    assert lines[row.line - 1].strip() == "<STMTTRN>"
    assert "202602032" in "".join(lines[row.line : row.line + 6])


def test_a_european_file_keeps_its_accents_and_its_decimal_commas() -> None:
    file = read("eu_giro_1252.ofx")
    (statement,) = file.statements
    assert file.institution.name == "Crédit du Lac"
    assert statement.account.branch_id == "00001"
    assert [(row.amount, row.description) for row in statement.transactions] == [
        (Decimal("-12.50"), "Café de l’Étoile - CARTE 05/03"),
        (Decimal("1234.56"), "Virement reçu"),
        (Decimal("-1000.00"), "Loyer – mars"),
    ]
    assert statement.ledger_balance == Decimal("222.06")


def test_a_point_that_may_separate_thousands_is_rejected_where_commas_are_decimal() -> None:
    (rejected,) = read("eu_giro_1252.ofx").rejected
    assert rejected.line == 9
    assert "two different numbers" in rejected.reason


def test_a_card_owes_a_negative_balance_and_keeps_rows_that_share_a_fitid() -> None:
    file = read("card.qfx")
    (statement,) = file.statements
    assert (statement.account.type, statement.account.subtype) == ("credit", "credit_card")
    assert (statement.ledger_balance, statement.available_balance) == (Decimal("-80.21"), Decimal("4919.79"))
    assert sum(row.amount for row in statement.transactions) == Decimal("-80.21")
    assert [row.fitid for row in statement.transactions] == ["FX1", "FX1", "FX2", "FX3"]
    assert len({row.identity for row in statement.transactions}) == 4


def test_a_purchase_abroad_knows_its_original_currency_and_amount() -> None:
    hotel, fee, *_ = read("card.qfx").statements[0].transactions
    assert (hotel.currency, hotel.original_currency) == ("USD", "EUR")
    assert (hotel.original_amount, hotel.exchange_rate) == (Decimal("-100.00"), Decimal("1.07"))
    assert (fee.original_currency, fee.original_amount) == (None, None)


def test_a_correction_says_what_it_corrects_and_takes_its_name_from_the_payee() -> None:
    row = by_fitid(read("card.qfx"))["FX3"]
    assert (row.correct_fitid, row.correct_action, row.description) == ("FX0", "REPLACE", "BOOKSHOP")


def test_an_xml_file_with_two_accounts_keeps_them_apart() -> None:
    file = read("two_accounts.xml")
    assert (file.format, file.institution.name) == ("ofx2", "Nordbank Æ")
    checking, savings = file.statements
    assert (checking.account.subtype, savings.account.subtype) == ("checking", "savings")
    assert (checking.ledger_balance, savings.ledger_balance) == (Decimal("900.00"), Decimal("5101.50"))
    assert [row.amount for row in checking.transactions] == [Decimal("-100.00")]
    assert checking.transactions[0].description == "Sparing & <moro>"
    assert checking.transactions[0].date == dt.date(2026, 3, 1)
    assert checking.transactions[0].posted_at == dt.datetime(2026, 2, 28, 23, 30, tzinfo=dt.UTC)
    assert [row.amount for row in savings.transactions] == [Decimal("100.00"), Decimal("1.5")]


def test_a_section_nobody_reads_is_mentioned_with_its_line() -> None:
    (notice,) = read("two_accounts.xml").notices
    assert "LOANMSGSRSV1" in notice.reason
    assert "LOANMSGSRSV1" in (FILES / "two_accounts.xml").read_text().split("\n")[notice.line - 1]


def test_rows_without_ids_and_with_blank_tags_are_read() -> None:
    file = read("no_fitid.ofx")
    (statement,) = file.statements
    first, second, third = statement.transactions
    assert (first.fitid, first.description, first.amount) == (None, "Café", Decimal("-2.80"))
    assert first.identity != second.identity
    assert (first.occurrence, second.occurrence) == (0, 1)
    assert (third.kind, third.source_code) == (Kind.UNKNOWN, "HOCUS")
    assert (statement.ledger_balance, statement.account.currency) == (None, None)


def test_rows_that_cannot_be_trusted_are_rejected_with_line_and_reason() -> None:
    rejected = read("no_fitid.ofx").rejected
    assert [row.line for row in rejected] == [17, 18, 19, 20]
    assert [row.reason for row in rejected] == [
        "“1,234” could be read as two different numbers.",
        "“NaN” is not a number.",
        "“20260231” is not a date in the calendar.",
        "The date (DTPOSTED) is missing.",
    ]


STATEMENTS = [path for path in sorted(FILES.iterdir()) if path.name != "sign_in_refused.ofx"]


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.name)
def test_what_is_read_survives_pickling(path: Path) -> None:
    file = parse_statement_file(path.read_bytes())
    assert pickle.loads(pickle.dumps(file)) == file  # noqa: S301 our own bytes
