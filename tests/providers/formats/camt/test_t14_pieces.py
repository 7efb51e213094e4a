"""A document that arrives in pieces: it says the same wherever it was cut."""

from providers.formats.camt.parser import parse_camt
from tests.providers.formats.camt.writing import balance, document, entry, statement

FIRST = statement(balance("OPBD", "100.00"), balance("CLBD", "87.50"), entry("12.50"), id_="A")
QUIET = statement(balance("OPBD", "7.00"), balance("CLBD", "7.00"), id_="B", iban="DE89370400440532013000")


def test_t14_a_piece_that_ends_within_an_account_or_a_balance_costs_nothing() -> None:
    data = document(FIRST, QUIET)
    whole = parse_camt(lambda: iter((data,)))
    told = [
        (each.account.account_id, each.ledger_balance, len(each.transactions)) for each in whole.statements
    ]
    assert [(number[:4], str(closing), rows) for number, closing, rows in told] == [
        ("DE02", "87.50", 1),
        ("DE89", "7.00", 0),
    ]
    for cut in range(data.index(b"<Stmt>"), len(data), 3):
        pieces = (data[:cut], data[cut:])
        found = parse_camt(lambda pieces=pieces: iter(pieces))  # type: ignore[misc]
        assert (found.statements, found.notices) == (whole.statements, ()), data[cut - 20 : cut]
