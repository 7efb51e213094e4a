"""The kind of a file is told by its content, whatever surrounds it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.formats import StatementError, parse_statement_file
from providers.formats.detect import detect

MT940 = ":20:A\n:25:1\n:28C:1\n:60F:C260301EUR1,00\n:61:260301D1,00NTRF\n:62F:C260301EUR0,00\n-"
QIF = "!Type:Bank\nD2026-03-01\nT-1.00\n^\n"
CAMT = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt/></Document>'
OFX = "OFXHEADER:100\n\n<OFX></OFX>"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("mt940", MT940),
        ("mt940", "\n\n  \n" + MT940),
        ("mt940", "ABCDNL2A\n940\nABCDNL2A\n" + MT940),
        ("mt940", "{1:F01ABCDNL2AXXXX0000000000}{2:I940ABCDNL2AXXXXN}{4:\n" + MT940 + "}"),
        ("mt940", "{4::20:A\n:25:1\n-}"),
        ("mt940", "@@" + MT940.replace("\n", "@@")),
        ("mt940", "A report of the bank\n\n- - - -\n" + MT940),
        ("mt940", ":20:A\n:25:1\n:NS:22Name\n"),
        ("qif", QIF),
        ("qif", "\n \n" + QIF),
        ("qif", "!account\nNA\nTBank\n^\n" + QIF),
        ("qif", "! Type : bank\nD1\n"),
        ("qif", "D2026-03-01\nT-1.00\nPShop\n^\n"),
        ("camt", CAMT),
        ("camt", f"  <?xml version='1.0'?>\n<bank:wrapper>{CAMT}</bank:wrapper>"),
        ("camt", "<x:Document><x:BkToCstmrAcctRpt/></x:Document>"),
        ("ofx", OFX),
        ("ofx", "<?xml version='1.0'?><?OFX OFXHEADER='200'?><OFX>"),
        ("csv", "Date;Amount\n1;2\n"),
        ("csv", "a preamble\n\nDate\tAmount\n1\t2\n"),
        ("csv", "Date,Time,Name,Amount,Fee"),
        ("csv", "Date: 1\nDescription: x\nAmount: 2\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_t14_kinds_are_told_by_content(kind: str, text: str, encoding: str) -> None:
    assert detect(text.encode(encoding)) == kind
    assert detect(text.replace("\n", "\r\n").encode(encoding)) == kind


PIECES = st.sampled_from([
    *(MT940, QIF, CAMT, OFX, "<Ntry><Amt Ccy='EUR'>1</Amt></Ntry>", "<BkToCstmrStmt><Stmt>", "</Stmt>", "</Document>"),
    *("\n:86:?20", "?20" * 9, ":61:", "^", "!Type:Invst\n", "D1/1'6\n", "{4:", "-}", "\x00", "\ufeff", "é", "<!--"),
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=8),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)
def test_t14_whatever_bytes_come_the_end_is_a_file_or_a_reason(parts: list[str], encoding: str) -> None:
    data = "".join(parts).encode(encoding, "replace")
    with contextlib.suppress(StatementError):
        file = parse_statement_file(data)
        assert all(
            row.date and row.amount.is_finite() for each in file.statements for row in each.transactions
        )


@pytest.mark.parametrize(
    "data",
    [
        CAMT.replace("<BkToCstmrStmt/>", "<a>" * 50_000).encode(),
        (":20:A\n:25:1\n:61:" + "1" * 500_000).encode(),
        (MT940.replace("\n-", "\n:86:" + "/REMI/" * 100_000 + "\n-")).encode(),
        (":20:A\n:25:1\n" + ":86:x\n" * 100_000 + MT940).encode(),
        ("!Type:Bank\nD" + " " * 500_000 + "\nT" + "," * 500_000 + "\n^\n").encode(),
        ("!Type:Bank\nD2026-01-01\nT1\n" + "S\n$1\n" * 100_000 + "^\n").encode(),
    ],
    ids=["deep", "long line", "words", "many fields", "spaces", "splits"],
)
def test_t14_hostile_files_end(data: bytes) -> None:
    with contextlib.suppress(StatementError):
        assert parse_statement_file(data).statements
