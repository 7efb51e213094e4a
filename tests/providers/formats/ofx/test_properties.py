"""Properties that hold for every file."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers.formats import StatementError, StatementFile, parse_statement_file
from tests.providers.formats.ofx.writing import FILES, Row, Writer, bank_file, row

LETTERS = "abcXYZ 0189 &<>'\"/.,:;-_#éüßÆŁ€’"
names = st.text(LETTERS, max_size=40).map(lambda text: " ".join(text.split()))
money = st.decimals(-(10**12), 10**12, places=2)
rows = st.builds(
    Row,
    date=st.dates(dt.date(1970, 1, 1), dt.date(2099, 12, 31)),
    amount=money,
    fitid=st.text("ABCdef0123456789-.", min_size=1, max_size=20),
    name=names.filter(lambda text: not text.startswith("<")),
)


@given(
    st.lists(rows, max_size=6),
    money,
    st.integers(0, 10**6),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_what_is_written_is_read_back(
    written: list[Row], balance: Decimal, seed: int, xml: bool, encoding: str
) -> None:
    data = Writer(seed, xml=xml).document(written, balance).encode(encoding)
    file = parse_statement_file(data)
    (statement,) = file.statements
    read = [Row(t.date, t.amount, t.fitid or "", t.description) for t in statement.transactions]
    assert read == written
    assert file.rejected == ()
    assert statement.ledger_balance == balance
    assert statement.account.currency == "EUR"


@given(st.lists(rows, min_size=1, max_size=3), st.integers(0, 10**6), st.data())
def test_no_prefix_of_a_file_passes_for_the_whole(written: list[Row], seed: int, data: st.DataObject) -> None:
    whole = Writer(seed).document(written, Decimal(0)).rstrip().encode()
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(StatementError):
        parse_statement_file(whole[:cut])


FRAGMENTS = [
    "<OFX>",
    "</OFX>",
    "<STMTRS>",
    "</STMTRS>",
    "<STMTTRN>",
    "</STMTTRN>",
    "<TRNAMT>",
    "<DTPOSTED>",
    "<FITID>",
]
FRAGMENTS += [
    "<INVSTMTRS>",
    "<INVTRANLIST>",
    "<BUYMF>",
    "<INVBUY>",
    "</BUYMF>",
    "<TOTAL>",
    "<SECID>",
    "<UNIQUEID>",
]
FRAGMENTS += [
    "<BANKTRANLIST>",
    "<LEDGERBAL>",
    "<BALAMT>",
    "<SPLIT>",
    "<NUMERATOR>",
    "<CURRATE>",
    "<ORIGCURRENCY>",
]
FRAGMENTS += [
    "<CURSYM>",
    "EUR",
    "-1.00",
    "1e400",
    "NaN",
    "20260101",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE",
    "[",
]
FRAGMENTS += [
    "&amp;",
    "&#0;",
    "&#x10FFFF;",
    "\0",
    "\r",
    "\n",
    "é",
    "<?xml?>",
    "<x:STATUS>",
    "<CODE>",
    "<SEVERITY>ERROR",
]
FRAGMENTS += [
    "<POSMF>",
    "<INVPOSLIST>",
    "<INVPOS>",
    "<UNITS>",
    "</INVPOS>",
    "</POSMF>",
    "99999999999999999999",
    "<A/>",
    "<x:>",
    "</x:>",
]


def outcome(data: bytes) -> StatementFile | str:
    """A result or the code of a typed error; anything else is a failure of the test."""
    try:
        return parse_statement_file(data)
    except StatementError as error:
        return error.code


@given(st.binary(max_size=400))
@example(b"\xff\xfe<\x00O\x00F\x00X\x00>\x00")
def test_any_bytes_end_in_a_result_or_a_typed_error(data: bytes) -> None:
    assert isinstance(outcome(data), StatementFile | str)
    assert isinstance(outcome(b"OFXHEADER:100\n<OFX><STMTRS>" + data + b"</OFX>"), StatementFile | str)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40))
def test_any_pile_of_elements_ends_in_a_result_or_a_typed_error(pieces: list[str]) -> None:
    assert isinstance(outcome("".join(pieces).encode()), StatementFile | str)
    assert isinstance(outcome(f"<OFX>{''.join(pieces)}</OFX>".encode()), StatementFile | str)


@given(st.sampled_from(sorted(FILES.iterdir())), st.data())
def test_a_damaged_file_ends_in_a_result_or_a_typed_error(path: Path, data: st.DataObject) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(outcome(bytes(content)), StatementFile | str)


@given(st.text(max_size=30))
def test_an_amount_is_exact_or_rejected(text: str) -> None:
    file = parse_statement_file(bank_file(row(amount=text.replace("<", ""))))
    transactions = file.statements[0].transactions
    assert len(transactions) + len(file.rejected) == 1
    for transaction in transactions:
        digits = [char for char in text if char.isdigit() or char in ".,"]
        assert transaction.amount.is_finite()
        assert digits


@given(st.decimals(-(10**14), 10**14, places=3), st.booleans())
def test_a_grouped_amount_means_the_same_in_both_traditions(amount: Decimal, continental: bool) -> None:
    text = f"{amount:,.2f}"
    if continental:
        text = text.translate(str.maketrans(",.", ".,"))
    (transaction,) = parse_statement_file(bank_file(row(amount=text))).statements[0].transactions
    assert transaction.amount == Decimal(f"{amount:.2f}")


@given(
    st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2199, 12, 30)),  # noqa: DTZ001 the zone is added below
    st.integers(-12 * 4, 14 * 4),
)
def test_any_moment_in_any_zone_is_read(moment: dt.datetime, quarters: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(minutes=15 * quarters)))
    text = f"{moment:%Y%m%d%H%M%S}.000[{quarters / 4:+g}:XXX]".replace(f"{moment:%Y}", f"{moment.year:04}", 1)
    (transaction,) = parse_statement_file(bank_file(row(date=text))).statements[0].transactions
    assert transaction.posted_at == moment
    assert transaction.posted_at.tzinfo is dt.UTC
    assert transaction.date == moment.date()
