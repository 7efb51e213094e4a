"""MT940 and MT942 in the dialects of banks: exact rows, a reason for each that is left out."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.formats import (
    Statement,
    StatementError,
    StatementFile,
    StatementTransaction,
    parse_statement_file,
)


def message(
    *lines: str, opening: str = "C260301EUR100,00", closing: str = "", account: str = "12345678/100200300"
) -> bytes:
    """One message; the closing balance is left out if it is empty."""
    head = [":20:STMT", f":25:{account}", ":28C:1/1", f":60F:{opening}"]
    tail = [f":62F:{closing}"] if closing else []
    return "\n".join([*head, *lines, *tail, "-", ""]).encode()


def only(data: bytes) -> Statement:
    (found,) = parse_statement_file(data).statements
    return found


def row_of(*lines: str) -> StatementTransaction:
    (row,) = only(message(*lines)).transactions
    return row


@pytest.mark.parametrize(
    ("line", "amount", "booked", "valued", "more"),
    [
        (":61:2603090309D12,50NTRFNONREF//B1", "-12.50", "2026-03-09", None, {"reference": "B1"}),
        (":61:260309C12,NMSCREF1", "12", "2026-03-09", None, {"reference": "REF1"}),
        (":61:260309    DD12,50NCHKNONREF", "-12.50", "2026-03-09", None, {"kind": "check"}),
        (":61:2603090310CR0,5NTRF", "0.5", "2026-03-10", "2026-03-09", {}),
        (":61:2512311231RC7,00NTRF", "-7.00", "2025-12-31", None, {"source_code": "NTRF reversal"}),
        (":61:2512310102RD7,00NTRF", "7.00", "2026-01-02", "2025-12-31", {}),
        (":61:2601021231ED7,00NTRF", "-7.00", "2025-12-31", "2026-01-02", {"status": "pending"}),
        (
            ":61:2603090309C500NTRF09-03-2026 10:05//X",
            "500",
            "2026-03-09",
            None,
            {"reference": "09-03-2026 10:05"},
        ),
        (":61:2603090309D1.234,50NTRF", "-1234.50", "2026-03-09", None, {}),
        (":61:260309D5,25NOV NONREF", "-5.25", "2026-03-09", None, {"source_code": "NOV"}),
        (":61:9912311231D1,00S051", "-1.00", "1999-12-31", None, {}),
    ],
)
def test_t14_rows_in_all_their_forms(
    line: str, amount: str, booked: str, valued: str | None, more: dict[str, object]
) -> None:
    row = row_of(line)
    assert (row.amount, row.date.isoformat()) == (Decimal(amount), booked)
    assert (row.settled_on.isoformat() if row.settled_on else None) == valued
    assert {name: getattr(row, name) for name in more} == more


@pytest.mark.parametrize(
    ("details", "description", "reference"),
    [
        (
            ":86:166?00CREDIT?109310?20EREF+E2E-1?21SVWZ+Invoice 4711 of ?22March?30ABCDDEFF?31DE02?32Anna Be?33rg",
            "Anna Berg - Invoice 4711 of March",
            "E2E-1",
        ),
        (":86:020>00TRANSFER>20Rent March>32Bo Dahl", "Bo Dahl - Rent March", None),
        (
            ":86:/TRTP/SEPA/IBAN/NL00BANK/NAME/Anna Berg/REMI/Rent\n March/EREF/E2E-2",
            "Anna Berg - Rent March",
            "E2E-2",
        ),
        (":86:/EREF/E2E-3/CNTP/NL00BANK/ABCDNL2A/Bo Dahl///REMI/USTD//Fee/", "Bo Dahl - Fee", "E2E-3"),
        (":86:CARD 4711 SHOP\nCITY", "CARD 4711 SHOP CITY", None),
        (":NS:01Rent\n02March\n15Anna\n16 Berg", "Anna Berg - Rent March", None),
        ("/SHOP 4711", "/SHOP 4711", None),
        (":86:First part\n:86:second part", "First part second part", None),
    ],
)
def test_t14_details_in_the_dialects_of_banks(details: str, description: str, reference: str | None) -> None:
    row = row_of(":61:2603090309D12,50NTRFNONREF", details)
    assert (row.description, row.reference) == (description, reference)


@pytest.mark.parametrize(
    "line",
    [
        *(":61:260309D12", ":61:260309X12,00NTRF", ":61:261309D12,00NTRF", ":61:2603090230D1,00NTRF", ":61:D12,00"),
        ":61:260309D1,2,3NTRF",
    ],
)  # fmt: skip
def test_t14_a_row_that_is_not_certain_is_left_out_with_its_line(line: str) -> None:
    file = parse_statement_file(message(":61:260309D1,00NTRF", line, ":86:text"))
    assert [row.amount for row in file.statements[0].transactions] == [Decimal("-1.00")]
    assert [each.line for each in file.rejected] == [6]


def test_t14_balances_accounts_and_gaps() -> None:
    good = message(":61:260309D12,50NTRF", closing="C260309EUR87,50", account="NL91ABCD0417164300EUR")
    found = only(good)
    assert (found.opening_balance, found.ledger_balance, found.balance_date) == (
        Decimal(100),
        Decimal("87.50"),
        dt.date(2026, 3, 9),
    )
    assert (found.account.account_id, found.account.bank_id, found.account.currency) == (
        "NL91ABCD0417164300",
        None,
        "EUR",
    )
    other = only(message(closing="D260309EUR5,00"))
    assert (other.account.account_id, other.account.bank_id, other.ledger_balance) == (
        "100200300",
        "12345678",
        Decimal("-5.00"),
    )
    file = parse_statement_file(message(":61:260309D12,50NTRF", closing="C260309EUR80,00"))
    assert [(each.code, "-7.5 EUR" in each.reason) for each in file.notices] == [("balance_gap", True)]


def test_t14_messages_of_an_account_are_joined_and_overlap_counts_once() -> None:
    line = ":61:260309D12,50NTRF"
    first = message(line, closing="C260309EUR87,50")
    second = message(line, opening="C260309EUR87,50", closing="C260310EUR75,00").replace(
        b":28C:1/1", b":28C:2/1"
    )
    interim = (
        b":20:X\n:25:12345678/100200300\n:28C:0\n:34F:EURD0,\n:61:260309D12,50NTRF\n:61:260311C1,00NTRF\n-\n"
    )
    file = parse_statement_file(first + second + first + interim)
    (found,) = file.statements
    assert sorted((str(row.amount), row.status) for row in found.transactions) == [
        ("-12.50", "posted"),
        ("-12.50", "posted"),
        ("1.00", "pending"),
    ]
    assert (found.ledger_balance, [each.amount for each in found.balances]) == (
        Decimal("75.00"),
        [Decimal("87.50")],
    )
    assert [each.code for each in file.notices] == ["statement_repeated"]
    other = message(closing="C260309EUR100,00", account="99")
    assert [each.account.account_id for each in parse_statement_file(first + other).statements] == [
        "100200300",
        "99",
    ]


@pytest.mark.parametrize("cut", [b":62F", b":86:", b"D12"])
def test_t14_a_file_cut_short_is_refused(cut: bytes) -> None:
    data = message(":61:260309D12,50NTRF", ":86:Shop", closing="C260309EUR87,50")
    with pytest.raises(StatementError) as caught:
        parse_statement_file(data[: data.index(cut) + 2])
    assert caught.value.code == "truncated"


def test_t14_a_balance_that_may_be_cut_is_left_out() -> None:
    data = message(":61:260309D12,50NTRF", closing="C260309EUR87,50")
    file = parse_statement_file(data[: data.index(b"87,5") + 4])
    assert (file.statements[0].ledger_balance, file.notices) == (Decimal("87.5"), ())
    file = parse_statement_file(data[: data.index(b"87,5") + 3])
    assert (file.statements[0].ledger_balance, [each.code for each in file.notices]) == (
        None,
        ["value_left_out"],
    )


amounts = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False)
days = st.dates(dt.date(1980, 1, 1), dt.date(2079, 12, 31))
rows = st.lists(
    st.tuples(amounts, st.sampled_from(["C", "D", "RC", "RD"]), days, st.integers(-40, 40)), max_size=6
)


def told(file: StatementFile) -> list[tuple[Decimal, dt.date]]:
    return [(row.amount, row.date) for each in file.statements for row in each.transactions]


@settings(max_examples=40, deadline=None)
@given(rows, st.data())
def test_t14_a_written_statement_is_read_back_and_a_cut_never_changes_a_row(
    found: list[tuple[Decimal, str, dt.date, int]], data: st.DataObject
) -> None:
    lines, expected = [], []
    for amount, mark, valued, after in found:
        booked = valued + dt.timedelta(days=after)
        lines += [
            f":61:{valued:%y%m%d}{booked:%m%d}{mark}{amount:.2f}NTRFNONREF".replace(".", ","),
            ":86:Shop",
        ]
        expected.append((amount if mark in {"C", "RD"} else -amount, booked))
    total = Decimal(100) + sum(amount for amount, _ in expected)
    closing = f"{'D' if total < 0 else 'C'}260309EUR{abs(total):.2f}".replace(".", ",")
    written = message(*lines, closing=closing)
    file = parse_statement_file(written)
    assert (sorted(told(file)), file.statements[0].ledger_balance) == (sorted(expected), total)
    assert file.notices == ()
    try:
        cut = parse_statement_file(written[: data.draw(st.integers(0, len(written)))])
    except StatementError:
        return
    assert all(row in expected for row in told(cut))
    assert all(each.ledger_balance in {total, None} for each in cut.statements)


def test_t14_a_slash_before_the_account_is_no_part_of_its_number() -> None:
    found = only(message(":61:260309C5,00NTRF", account="/PL27114020040000300201355387"))
    assert (found.account.bank_id, found.account.account_id) == (None, "PL27114020040000300201355387")


def test_t14_a_balance_in_another_currency_is_not_taken_for_one_of_the_account() -> None:
    file = parse_statement_file(message(":61:260309D12,50NTRF", closing="C260309USD87,50"))
    (found,) = file.statements
    assert (found.account.currency, found.opening_balance, found.ledger_balance) == (
        "EUR",
        Decimal("100.00"),
        None,
    )
    assert [each.code for each in file.notices] == ["value_left_out"]
