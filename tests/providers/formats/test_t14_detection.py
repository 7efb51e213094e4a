"""The kind of a file is told by its content, whatever surrounds it."""

import pytest

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
        ("csv", "Date: 1\nDescription: x\nAmount: 2\n"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_t14_kinds_are_told_by_content(kind: str, text: str, encoding: str) -> None:
    assert detect(text.encode(encoding)) == kind
    assert detect(text.replace("\n", "\r\n").encode(encoding)) == kind
