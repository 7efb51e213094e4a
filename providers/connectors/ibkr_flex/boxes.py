"""The boxes of a Flex query that are still to be ticked, as a first document shows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from providers.connectors.ibkr_flex.document import Row, statements


@dataclass(frozen=True, slots=True)
class Box:
    """A section of the query's form, and fields in it. Without a `needed` one nothing can be read aright."""

    section: str
    fields: tuple[str, ...] = ()
    needed: bool = False

    def __str__(self) -> str:
        return f"in {self.section}, {', '.join(self.fields)}" if self.fields else self.section


SECTIONS = {  # as a document names them: the title in the query's form, and whether data is wrong without it
    "AccountInformation": ("Account Information", True),
    "Trades": ("Trades, at the level Execution", True),
    "CashTransactions": ("Cash Transactions, at the level Detail", True),
    "OpenPositions": ("Open Positions, at the levels Summary and Lot", True),
    "CashReport": ("Cash Report", False),
    "EquitySummaryInBase": ("Net Asset Value (NAV) in Base", False),
    "CorporateActions": ("Corporate Actions", False),
    "Transfers": ("Transfers", False),
    "SalesTaxes": ("Sales Tax Details", False),
}
FIELDS: dict[str, dict[str, tuple[str, bool]]] = {  # attributes: the field's title, and whether it is needed
    "AccountInformation": {"currency": ("Currency", True)},
    "Trades": {
        "transactionID": ("Transaction ID", False),
        "tradeID": ("Trade ID", False),
        "currency": ("Currency", True),
        "assetCategory": ("Asset Class", True),
        "quantity": ("Quantity", True),
        "tradePrice": ("Trade Price", False),
        "netCash": ("Net Cash", False),
        "proceeds": ("Proceeds", False),
        "ibCommission": ("IB Commission", False),
        "ibCommissionCurrency": ("IB Commission Currency", False),
        "buySell": ("Buy/Sell", False),
        "conid": ("Conid", False),
        "reportDate": ("Report Date", True),
    },
    "CashTransactions": {
        "transactionID": ("Transaction ID", False),
        "currency": ("Currency", True),
        "amount": ("Amount", True),
        "type": ("Type", True),
        "conid": ("Conid", False),
        "description": ("Description", False),
        "reportDate": ("Report Date", True),
    },
    "OpenPositions": {
        "currency": ("Currency", True),
        "position": ("Quantity", True),
        "positionValue": ("Position Value", False),
        "costBasisMoney": ("Cost Basis Money", False),
        "conid": ("Conid", False),
        "symbol": ("Symbol", False),
    },
    "CorporateActions": {
        "transactionID": ("Transaction ID", False),
        "proceeds": ("Proceeds", True),
        "quantity": ("Quantity", False),
        "type": ("Type", False),
        "reportDate": ("Report Date", False),
    },
    "CashReport": {"currency": ("Currency", True), "endingCash": ("Ending Cash", True)},
    "EquitySummaryInBase": {"reportDate": ("Report Date", True), "total": ("Total", True)},
}
ANY_OF = (  # each serves as well as the other
    ("reportDate", "tradeDate", "dateTime", "settleDate"),
)


def missing(root: Element) -> list[Box]:
    """The sections and fields that the query leaves out. The fields of a section without rows do not show yet."""
    whole = statements(root)
    found = [
        Box(title, needed=needed)
        for section, (title, needed) in SECTIONS.items()
        if not any(section in statement.sections for statement in whole)
    ]
    for section, fields in FIELDS.items():
        rows = [row for statement in whole for row in statement.rows(section)]
        if rows:
            found.extend(_fields(SECTIONS[section][0], fields, rows))
    held = [row for statement in whole for row in statement.rows("OpenPositions")]
    if held and not any(row.text("levelOfDetail").upper() == "LOT" for row in held):
        found.append(Box("Open Positions", ("the level Lot",)))
    return found


def _fields(title: str, fields: dict[str, tuple[str, bool]], rows: list[Row]) -> Iterator[Box]:
    """A box for what has to be there, and one for what should be."""
    have = {name for row in rows for name in row.attributes}
    for needed in (True, False):
        lacking = [
            label
            for name, (label, must) in fields.items()
            if must is needed and not _has(name, have, needed=needed)
        ]
        if lacking:
            yield Box(title.partition(",")[0], tuple(lacking), needed)


def _has(name: str, have: set[str], *, needed: bool) -> bool:
    group = next((group for group in ANY_OF if name in group and needed), (name,))
    return any(other in have for other in group)


def words(boxes: Iterable[Box]) -> list[str]:
    """A sentence for each box, those that are needed first."""
    ranked = sorted(boxes, key=lambda box: not box.needed)
    return [f"{'Needed' if box.needed else 'Better with it'}: {box}." for box in ranked]
