"""Files that are not statements, and hostile files."""

import pickle

import pytest

from providers.formats import NotAStatementError, ProviderStatementError, StatementError, parse_statement_file
from providers.formats.ofx.document import MAX_BYTES
from tests.providers.formats.ofx.writing import FILES, HEADER, bank_file, row


def refusal(data: bytes, *, max_bytes: int = MAX_BYTES) -> StatementError:
    with pytest.raises(StatementError) as caught:
        parse_statement_file(data, max_bytes=max_bytes)
    return caught.value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t\0", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"%PDF-1.7\n...", "pdf"),
        (b"PK\x03\x04...", "zip"),
        (b"\x1f\x8b\x08...", "gzip"),
        (b"\xd0\xcf\x11\xe0...", "office"),
        (b"\x89PNG\r\n", "image"),
        (b"<!DOCTYPE html>\n<html><title>Sign in</title></html>", "html"),
        (b"\n\n<HTML><BODY>Session expired</BODY></HTML>", "html"),
        (b'{"transactions": []}', "json"),
        (b'<?xml version="1.0"?><note/>', "xml"),
        (
            b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>',
            "iso20022",
        ),
        (b"{\\rtf1\\ansi some text}", "rtf"),
        (b"OFXHEADER:100\nDATA:OFXSGML\nSECURITY:TYPE1\n\n\x8a\xff\x11", "encrypted"),
        (b"hello", "unknown"),
        (bytes(range(128, 256)) * 10, "unknown"),
    ],
)
def test_other_files_are_named_and_the_way_out_is_told(data: bytes, reason: str) -> None:
    error = refusal(data)
    assert isinstance(error, NotAStatementError)
    assert (error.code, error.reason) == ("not_a_statement", reason)
    assert "ownload" in str(error)


@pytest.mark.parametrize(
    "data",
    [
        b"Date,Amount,Name\n2026-01-01,5,Shop\n",
        b"Datum;Betrag\n01.01.2026;5,00\n",
        b"Date\tAmount\n1\t2\n",
    ],
)
def test_a_table_that_leaves_something_open_asks(data: bytes) -> None:
    error = refusal(data)
    assert error.code == "needs_answers"
    assert "which is money in" in str(error)


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    data = bank_file(row())
    assert refusal(data, max_bytes=len(data) - 1).code == "too_large"
    assert parse_statement_file(data, max_bytes=len(data)).statements


def test_too_many_elements_are_refused() -> None:
    assert refusal(bank_file("<STMTTRN>" * 1_000_001)).code == "too_large"


@pytest.mark.parametrize("tag", ["<A>", "<a><b>", "<NOTE.X>\n"])
def test_deep_nesting_is_refused(tag: str) -> None:
    assert refusal(bank_file(tag * 100_000)).code == "too_deep"


def test_a_file_without_a_statement_says_so() -> None:
    assert refusal(f"{HEADER}<OFX></OFX>".encode()).code == "no_statements"


def test_an_error_of_the_institution_is_passed_on_by_its_code_without_its_words() -> None:
    error = refusal((FILES / "sign_in_refused.ofx").read_bytes())
    assert isinstance(error, ProviderStatementError)
    assert (error.code, error.status_code) == ("provider_error", "15500")
    assert "sign-in was refused" in str(error)
    assert "12345" not in str(error)


def test_an_error_next_to_a_statement_is_only_mentioned() -> None:
    failed = b"<STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR</STATUS></STMTTRNRS></BANKMSGSRSV1>"
    file = parse_statement_file(bank_file(row()).replace(b"</BANKMSGSRSV1>", failed))
    assert len(file.statements) == 1
    assert ["2003" in notice.reason for notice in file.notices] == [True]


@pytest.mark.parametrize("cut", [b"</OFX>", b"</STMTRS>", b"</BANKTRANLIST>", b"<NAME>", b"<OFX>", b"TRNAMT"])
def test_a_file_cut_short_is_refused(cut: bytes) -> None:
    data = bank_file(row() + row(fitid="B"))
    assert refusal(data[: data.index(cut) + 3]).code == "truncated"


def test_a_second_document_does_not_hide_that_the_first_was_cut_short() -> None:
    data = bank_file(row())
    assert refusal(data[:-20] + data).code == "truncated"


def test_a_character_set_nobody_knows_is_refused_only_when_it_matters() -> None:
    header = "OFXHEADER:100\nCHARSET:EBCDIC\n"
    assert parse_statement_file(bank_file(row(), header=header)).statements
    assert refusal(bank_file(row(name="@"), header=header).replace(b"@", b"\xe9\xff\xfe")).code == "encoding"


def test_broken_utf_16_is_refused() -> None:
    assert refusal(b"\xff\xfe" + bank_file(row()).decode().encode("utf-16-le") + b"<").code == "encoding"


def test_entities_declared_in_the_file_are_never_expanded() -> None:
    laughs = "".join(f'<!ENTITY lol{n + 1} "{f"&lol{n};" * 10}">' for n in range(9))
    header = f'<?xml version="1.0"?><!DOCTYPE OFX [<!ENTITY lol0 "ha"><!ENTITY row "<STMTTRN>">{laughs}]>'
    ((transaction,),) = [
        statement.transactions
        for statement in parse_statement_file(bank_file(row(name="&lol9;"), header=header)).statements
    ]
    assert transaction.description == "&lol9;"


def test_files_named_by_an_entity_are_never_opened() -> None:
    header = '<?xml version="1.0"?><!DOCTYPE OFX [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    (statement,) = parse_statement_file(bank_file(row(name="&x;"), header=header)).statements
    assert statement.transactions[0].description == "&x;"


@pytest.mark.parametrize(
    "noise",
    [
        "<",
        "<!--",
        "<!-- -->",
        "<!DOCTYPE [",
        "<!DOCTYPE a>",
        "<![CDATA[<&]]>",
        "<?",
        "</A>",
        "<MEMO>x",
        "&amp;",
        "]",
        "<STMTTRN/>",
        "<NAME ",
        "é",
    ],
)
def test_piles_of_noise_end_in_a_result_or_a_typed_error(noise: str) -> None:
    data = bank_file(noise * (300_000 // len(noise)))
    try:
        outcome: str = parse_statement_file(data).format
    except StatementError as refused:
        outcome = refused.code
    assert outcome in {"ofx1", "truncated", "too_deep", "too_large"}


def test_errors_survive_pickling_with_their_facts() -> None:
    for data in (b"%PDF", (FILES / "sign_in_refused.ofx").read_bytes()):
        error = refusal(data)
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
        assert copy.title
