"""A Flex document to records, account by account: pure, and exact."""

import functools
from collections.abc import Callable, Iterator
from decimal import localcontext
from xml.etree.ElementTree import Element

from providers.connectors.ibkr_flex import state
from providers.connectors.ibkr_flex.document import Row, Statement, statements
from providers.connectors.ibkr_flex.reading import Counts, Reading
from providers.connectors.ibkr_flex.sections import transactions
from providers.connectors.ibkr_flex.values import Misread
from providers.errors import ProviderUnreadable

DIGITS = 80  # of products and sums, which are exact so
TELLING = ("Trades", "CashTransactions", "CorporateActions", "Transfers")


def read(root: Element) -> list[Reading]:
    """A reading for each account of a document. Raises ProviderUnreadable."""
    with localcontext(prec=DIGITS):
        return _read(root)


def _read(root: Element) -> list[Reading]:
    return [reading for statement in statements(root) for reading in _readings(statement)]


def _readings(statement: Statement) -> Iterator[Reading]:
    """One account's; of the one statement that a query may make of several accounts, one for each that rows name."""
    if statement.account and "," not in statement.account:
        yield _reading(statement.account, statement, lambda row: True)
        return
    rows = [row for section in statement.sections.values() for row in section]
    for named in sorted({row.text("accountId") for row in rows} - {""}):
        yield _reading(named, statement, functools.partial(_is_of, named))


def _is_of(id: str, row: Row) -> bool:
    return row.text("accountId") == id


def _whose(row: Row, own: set[str]) -> str:
    """The account of a row inside another's statement, if it has a statement too."""
    named = row.text("accountId")
    return named if named in own else ""


def _reading(id: str, statement: Statement, mine: Callable[[Row], bool]) -> Reading:
    counts = Counts()
    rows = [row for section in statement.sections.values() for row in section if mine(row)]
    positions = [row for row in statement.rows("OpenPositions") if mine(row)]
    found = transactions(statement, mine, counts)
    try:
        account = state.account(id, statement, rows, positions)
        days = state.balances(rows)
    except Misread:
        raise ProviderUnreadable from None
    whole = all(section in statement.sections for section in TELLING) and not counts.refused
    return Reading(
        account=account,
        rows=found,
        holdings=state.holdings(statement, positions, rows, counts),
        balances=days,
        covers=(statement.first, statement.last) if whole and statement.first and statement.last else None,
        counts=counts,
    )
