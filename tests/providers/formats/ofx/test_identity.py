"""The same row has the same identity in every file; different rows never share one."""

from hypothesis import given
from hypothesis import strategies as st

from providers.formats import StatementTransaction, parse_statement_file
from tests.providers.formats.ofx.writing import bank_file, row


def rows_of(*rows: str) -> tuple[StatementTransaction, ...]:
    return parse_statement_file(bank_file("".join(rows))).statements[0].transactions


def identities(*rows: str) -> list[str]:
    return [transaction.identity for transaction in rows_of(*rows)]


def test_reading_a_file_twice_gives_the_same_identities() -> None:
    rows = [row(fitid=""), row(fitid=""), row(fitid="A"), row(fitid="A", amount="2.00")]
    assert identities(*rows) == identities(*rows)
    assert len(set(identities(*rows))) == 4


def test_a_reused_fitid_is_told_apart_the_same_way_in_every_file() -> None:
    purchase, fee = row(fitid="X", amount="-100.00"), row(fitid="X", amount="-3.00")
    both = identities(purchase, fee)
    assert len(set(both)) == 2
    assert identities(fee) == [both[1]]
    assert identities(fee, purchase) == both[::-1]


def test_a_constant_fitid_keeps_equal_payments_apart() -> None:
    coffee, tea = row(fitid="0", name="Coffee"), row(fitid="0", name="Tea")
    first, second, third = identities(coffee, tea, coffee)
    assert len({first, second, third}) == 3
    assert dict(zip(identities(tea, coffee, coffee), "tcc", strict=True))[second] == "t"


def test_a_changed_description_does_not_rename_a_row_with_a_fitid() -> None:
    assert identities(row(name="PENDING SHOP")) == identities(row(name="Shop, Springfield"))


def test_spelling_and_time_of_day_do_not_rename_a_row() -> None:
    assert identities(row(fitid="", amount="-1.50")) == identities(row(fitid="", amount="-1.5"))
    assert identities(row(fitid="", date="20260115")) == identities(row(fitid="", date="20260115093000"))
    assert identities(row(fitid="", amount="-0.00")) == identities(row(fitid="", amount="0"))


def test_rows_without_fitid_that_differ_anywhere_have_different_identities() -> None:
    plain = row(fitid="")
    others = [row(fitid="", name="Other"), row(fitid="", amount="2"), row(fitid="", date="20260116")]
    others += [row(fitid="", rest="<CHECKNUM>7"), plain.replace("DEBIT", "CREDIT")]
    assert len(set(identities(plain, *others))) == 6


few = st.builds(
    row,
    amount=st.sampled_from(["1.00", "-1.00"]),
    date=st.sampled_from(["20260115", "20260116"]),
    fitid=st.sampled_from(["", "A", "B"]),
    name=st.sampled_from(["Shop", "Bar"]),
)


@given(st.lists(few, max_size=12), st.randoms(use_true_random=False))
def test_identities_are_unique_and_do_not_depend_on_the_order(rows: list[str], random: object) -> None:
    before = identities(*rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert len(set(before)) == len(rows)
    assert sorted(zip(before, rows, strict=True)) == sorted(zip(identities(*shuffled), shuffled, strict=True))


@given(st.lists(few, max_size=8), st.lists(few, max_size=8))
def test_whole_days_keep_their_identities_in_overlapping_files(first: list[str], second: list[str]) -> None:
    """Two downloads that share all the rows of some days agree about those days."""
    shared = [text.replace("2026011", "2026021") for text in first]
    assert set(identities(*shared)) <= set(identities(*second, *shared))
