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
    """Whatever a document says about each of its accounts. Raises ProviderUnreadable."""
    with localcontext(prec=DIGITS):
        return _read(root)


def _read(root: Element) -> list[Reading]:
    whole = statements(root)
    own = {statement.account for statement in whole if not _of_many(statement)}
    return [reading for statement in whole for reading in _readings(statement, own)]


def _of_many(statement: Statement) -> bool:
    """True for the one statement of a query that consolidates accounts."""
    return not statement.account or "," in statement.account


def _readings(statement: Statement, own: set[str]) -> Iterator[Reading]:
    if not _of_many(statement):
        yield _reading(statement.account, statement, lambda row: _whose(row, own) in ("", statement.account))
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
