"""CAMT: every version, exact amounts and signs, and a reason for each entry that is left out."""

import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.formats import (
    NotAStatementError,
    Statement,
    StatementError,
    StatementFile,
    StatementTransaction,
    parse_statement_file,
)
from tests.providers.formats.camt.writing import balance, document, entry, statement

DAY = dt.date(2026, 3, 9)


def only(data: bytes) -> Statement:
    (found,) = parse_statement_file(data).statements
    return found


def row_of(text: str) -> StatementTransaction:
    (row,) = only(document(statement(text))).transactions
    return row


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.xml", data)
    return target.getvalue()


def claiming(size: int, archive: bytes) -> bytes:
    """The zip file, whose directory says that its first file has so many bytes."""
    place = archive.index(b"PK\x01\x02") + 24
    return archive[:place] + size.to_bytes(4, "little") + archive[place + 4 :]


PARTY = (
    "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr>{}</Cdtr></RltdPties>"
    "<RmtInf><Ustrd>Rent</Ustrd><Ustrd>March</Ustrd></RmtInf>"
)


@pytest.mark.parametrize("party", ["<Nm>Anna Berg</Nm>", "<Pty><Nm>Anna Berg</Nm></Pty>"])
@pytest.mark.parametrize("status", ["<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>", ""])
def test_t14_an_entry_of_old_and_new_versions_reads_the_same(party: str, status: str) -> None:
    more = "<ValDt><Dt>2026-03-10</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef>"
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
    details = f"<TxDtls><Refs><EndToEndId>E2E</EndToEndId></Refs>{PARTY.format(party)}</TxDtls>"
    row = row_of(entry(status=status, more=more + code, details=details))
    assert (row.amount, row.currency, row.date, row.settled_on) == (
        Decimal("-12.50"),
        "EUR",
        DAY,
        dt.date(2026, 3, 10),
    )
    assert (row.description, row.fitid, row.reference) == ("Anna Berg - Rent March", "R1", "E2E")
    assert (row.source_code, row.kind, row.status) == ("PMNT-ICDT-ESCT", "debit", "posted")


def test_t14_a_batch_is_one_row_that_names_its_payments() -> None:
    details = "".join(
        f'<TxDtls><Amt Ccy="EUR">{amount}</Amt><RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties></TxDtls>'
        for name, amount in (("Anna Berg", "10.00"), ("Bo Dahl", "2.50"))
    )
    row = row_of(entry(details=details))
    assert (row.amount, row.description) == (
        Decimal("-12.50"),
        "2 payments: Anna Berg 10.00 EUR; Bo Dahl 2.50 EUR",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            entry(direction="CRDT", more="<RvslInd>true</RvslInd>"),
            {"amount": Decimal("12.50"), "source_code": "reversal"},
        ),
        (entry(status="<Sts>PDNG</Sts>"), {"status": "pending"}),
        (entry(day="<DtTm>2026-03-09T23:30:00-05:00</DtTm>"), {"date": DAY}),
        (entry(more="<Chrgs><Amt Ccy='EUR'>1.10</Amt></Chrgs>"), {"fees": Decimal("1.10")}),
        (entry("0.00", direction="CRDT"), {"amount": Decimal(0)}),
        (
            entry(
                details="<TxDtls><AmtDtls><InstdAmt><Amt Ccy='USD'>13.75</Amt></InstdAmt></AmtDtls></TxDtls>"
            ),
            {"original_amount": Decimal("-13.75"), "original_currency": "USD", "exchange_rate": None},
        ),
    ],
)
def test_t14_facts_of_an_entry(text: str, expected: dict[str, object]) -> None:
    row = row_of(text)
    assert {name: getattr(row, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (entry(direction=""), "in or out"),
        (entry(amount="1,234"), "not an amount"),
        (entry(amount="-5.00"), "not an amount"),
        (entry(amount="5<x/>0"), "broken"),
        (entry(day=""), "missing"),
        (entry(day="<Dt>2026-02-30</Dt>"), "not a day"),
        (entry(more="<Amt Ccy='EUR'>99.00</Amt>"), "twice"),
        (entry(more="<CdtDbtInd>CRDT</CdtDbtInd>"), "twice"),
        (entry(status="<Sts>WHAT</Sts>"), "booked"),
    ],
)
def test_t14_an_entry_with_two_readings_or_none_is_left_out_with_line_and_reason(
    text: str, reason: str
) -> None:
    file = parse_statement_file(document(statement(entry("1.00"), text)))
    assert [row.amount for row in file.statements[0].transactions] == [Decimal("-1.00")]
    ((line, told),) = [(each.line, each.reason) for each in file.rejected]
    assert (line, reason in told) == (3, True), told


def test_t14_information_moves_no_money_and_is_counted() -> None:
    file = parse_statement_file(document(statement(entry(), entry(status="<Sts>INFO</Sts>"))))
    assert len(file.statements[0].transactions) == 1
    assert [(each.code, each.reason[:7]) for each in file.notices] == [("not_a_movement", "1 entry")]


def test_t14_balances_open_and_close_and_must_be_explained() -> None:
    good = statement(
        balance("PRCD", "100.00", day="2026-03-08"),
        balance("CLBD", "87.50"),
        balance("CLAV", "80.00"),
        entry(),
    )
    file = parse_statement_file(document(good))
    found = file.statements[0]
    assert (found.opening_balance, found.ledger_balance, found.available_balance) == (
        Decimal(100),
        Decimal("87.50"),
        Decimal(80),
    )
    assert (found.opening_date, found.balance_date, file.notices) == (dt.date(2026, 3, 8), DAY, ())
    owed = parse_statement_file(
        document(statement(balance("OPBD", "5.00", "DBIT"), balance("CLBD", "7.50", "CRDT"), entry()))
    )
    assert owed.statements[0].opening_balance == Decimal("-5.00")
    assert [(each.code, "25" in each.reason) for each in owed.notices] == [("balance_gap", True)]


def test_t14_pages_and_days_of_an_account_are_joined_and_equal_rows_of_two_stay_two() -> None:
    first = statement(balance("OPBD", "100.00"), balance("ITBD", "87.50"), entry(), id_="A")
    second = statement(balance("ITBD", "87.50"), balance("CLBD", "75.00", day="2026-03-10"), entry(), id_="B")
    file = parse_statement_file(document(first, second))
    (found,) = file.statements
    assert (len(found.transactions), len({row.identity for row in found.transactions})) == (2, 2)
    assert (found.opening_balance, found.ledger_balance, file.notices) == (Decimal(100), Decimal("75.00"), ())
    assert [(each.date, each.amount) for each in found.balances] == [(DAY, Decimal("87.50"))]
    twice = parse_statement_file(document(first, first))
    assert [len(each.transactions) for each in twice.statements] == [1]
    assert [each.code for each in twice.notices] == ["statement_repeated"]


def test_t14_reports_of_a_day_in_progress_tell_each_row_once() -> None:
    early = statement(entry("1.00"), id_="A", name="Rpt")
    late = statement(entry("1.00"), entry("2.00"), id_="B", name="Rpt")
    file = parse_statement_file(document(early, late, message="BkToCstmrAcctRpt"))
    assert (file.format, [row.amount for row in file.statements[0].transactions]) == (
        "camt.052",
        [Decimal("-1.00"), Decimal("-2.00")],
    )


def _prefixed(data: bytes) -> bytes:
    text = data.decode().replace("xmlns=", "xmlns:n=")
    return (
        text.replace("</", "</n:")
        .replace("<", "<n:")
        .replace("<n:/n:", "</n:")
        .replace("<n:?", "<?")
        .encode()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        _prefixed,
        lambda data: b"\n\n  " + data,
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        lambda data: data.replace(b"UTF-8", b"ISO-8859-15"),
        lambda data: data.decode().replace("UTF-8", "windows-1252").encode("cp1252"),
        lambda data: data.decode().encode("cp1252"),  # says UTF-8, and is not
        lambda data: data.replace(b"M\xc3\xbcller", b"M\xc3\xbcller & Co"),
        lambda data: b"<Envelope xmlns='urn:bank'>" + data.partition(b"?>")[2] + b"</Envelope>",
        lambda data: data + b"\n" + data,
        lambda data: zipped(a=data),
    ],
)  # fmt: skip
def test_t14_envelopes_prefixes_and_character_sets(change: object) -> None:
    data = document(statement(entry(more="<AddtlNtryInf>Müller</AddtlNtryInf>"), id_="A"), version="12")
    (row,) = only(change(data)).transactions  # type: ignore[operator]
    assert (row.amount, row.description[:2]) == (
        Decimal("-12.50"),
        "Mü" if "Ã" not in row.description else "MÃ",
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (document(statement(entry()))[:-30], "truncated"),
        (document(statement(entry().replace("</Amt>", ""))), "damaged"),
        (document(statement(entry())).replace(b"<Document", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document"), "damaged"),
        (document(), "no_statements"),
        (zipped(a=b"%PDF-1.7"), "not_a_statement"),
        (zipped(a=document(statement(entry())), b=zipped(c=b"x"))[:-40], "not_a_statement"),
        (zipped(**{f"f{n}": b"x" for n in range(201)}), "too_large"),
        (claiming(600_000_000, zipped(bomb=document(statement(entry())))), "too_large"),
    ],
    ids=["cut", "tag", "dtd", "empty", "pdf", "cut zip", "many", "bomb"],
)  # fmt: skip
def test_t14_what_cannot_be_read_is_refused_with_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(StatementError) as caught:
        parse_statement_file(data)
    assert caught.value.code == code


def test_t14_other_files_of_a_zip_are_named() -> None:
    file = parse_statement_file(zipped(a=document(statement(entry())), b=b"%PDF-1.7"))
    assert [each.code for each in file.notices] == ["section_skipped"]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(NotAStatementError, match="spreadsheet"):
        parse_statement_file(target.getvalue())


amounts = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False)
days = st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31))
rows = st.lists(
    st.tuples(amounts, st.sampled_from(["CRDT", "DBIT"]), days, st.text("abc &<é", max_size=9)), max_size=6
)


def write(found: list[tuple[Decimal, str, dt.date, str]]) -> bytes:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;") for *_, text in found]
    return document(
        statement(
            *(
                entry(
                    str(amount), direction, day=f"<Dt>{day}</Dt>", more=f"<AddtlNtryInf>{text}</AddtlNtryInf>"
                )
                for (amount, direction, day, _), text in zip(found, escaped, strict=True)
            )
        )
    )


def told(file: StatementFile) -> list[tuple[Decimal, dt.date]]:
    return [(row.amount, row.date) for each in file.statements for row in each.transactions]


@settings(max_examples=40, deadline=None)
@given(rows, st.data())
def test_t14_a_written_statement_is_read_back_and_damage_never_changes_a_row(
    found: list[tuple[Decimal, str, dt.date, str]], data: st.DataObject
) -> None:
    written = write(found)
    expected = [(amount if sign == "CRDT" else -amount, day) for amount, sign, day, _ in found]
    assert told(parse_statement_file(written)) == expected
    start = data.draw(st.integers(0, len(written)))
    length = data.draw(st.integers(1, 40))
    damaged = data.draw(
        st.sampled_from(
            [written[:start], written[:start] + written[start : start + length] + written[start:]]
        )
    )
    try:
        after = parse_statement_file(damaged)
    except StatementError:
        return
    wrong = [row for row in told(after) if row not in expected]
    assert not wrong or b"<" not in written[start : start + length]  # digits that were doubled are digits
