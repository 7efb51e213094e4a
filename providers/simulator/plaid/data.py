"""`/transactions/sync`: changes of all accounts of an Item in one feed, whose cursor breaks if the books move."""

from typing import Any, NamedTuple

from providers.simulator.books.changes import BOOKED, Move, moves
from providers.simulator.books.customers import Account
from providers.simulator.books.entries import Entry, Stage
from providers.simulator.books.ledger import Ledger
from providers.simulator.plaid.calls import Call, Refusal, endpoint
from providers.simulator.plaid.items import account
from providers.simulator.plaid.state import Item
from providers.simulator.sandbox.feed import Cursor, InvalidCursorError

DEFAULT_COUNT, MOST = 100, 500
CODES = {  # the rest has none
    "BILL_PAYMENT": "bill payment",
    "CARD_PURCHASE": "purchase",
    "REFUND": "refund",
    "ATM": "atm",
    "TRANSFER": "transfer",
    "CARD_PAYMENT": "payment",
    "MORTGAGE_PAYMENT": "payment",
    "INTEREST": "interest",
}
CATEGORIES = {
    "INCOME": ("INCOME", "INCOME_WAGES"),
    "INTEREST": ("INCOME", "INCOME_INTEREST_EARNED"),
    "HOUSING": ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_RENT"),
    "UTILITIES": ("RENT_AND_UTILITIES", "RENT_AND_UTILITIES_OTHER_UTILITIES"),
    "GROCERIES": ("FOOD_AND_DRINK", "FOOD_AND_DRINK_GROCERIES"),
    "DINING": ("FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE"),
    "RESTAURANT": ("FOOD_AND_DRINK", "FOOD_AND_DRINK_RESTAURANT"),
    "FUEL": ("TRANSPORTATION", "TRANSPORTATION_GAS"),
    "TRANSPORT": ("TRANSPORTATION", "TRANSPORTATION_PUBLIC_TRANSIT"),
    "TRAVEL": ("TRAVEL", "TRAVEL_LODGING"),
    "HEALTH": ("MEDICAL", "MEDICAL_PHARMACIES_AND_SUPPLEMENTS"),
    "SERVICES": ("GENERAL_SERVICES", "GENERAL_SERVICES_OTHER_GENERAL_SERVICES"),
    "CASH": ("TRANSFER_OUT", "TRANSFER_OUT_WITHDRAWAL"),
    "ENTERTAINMENT": ("ENTERTAINMENT", "ENTERTAINMENT_OTHER_ENTERTAINMENT"),
    "LEISURE": ("ENTERTAINMENT", "ENTERTAINMENT_OTHER_ENTERTAINMENT"),
    "HOME": ("HOME_IMPROVEMENT", "HOME_IMPROVEMENT_HARDWARE"),
}
SHOPPING = ("GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE")
NOWHERE = dict.fromkeys(
    ("address", "city", "region", "postal_code", "country", "lat", "lon", "store_number"), None
)
NO_META = dict.fromkeys(
    (
        "reference_number",
        "ppd_id",
        "payee",
        "by_order_of",
        "payer",
        "payment_method",
        "payment_processor",
        "reason",
    ),
    None,
)


class Line(NamedTuple):
    """One change in one account."""

    account: Account
    move: Move


@endpoint
def sync(call: Call) -> dict[str, Any]:
    """A page of changes. A bank that posts something while a client pages makes it start again."""
    item = call.open_item
    ledger, count = call.ledger(item), call.number(call.given.get("count"), DEFAULT_COUNT, MOST)
    cursor = _cursor(str(call.given.get("cursor") or ""), item, ledger)
    lines = [
        Line(each, move)
        for each in item.banking
        for move in moves(ledger.entries[each.id], cursor.known, cursor.reading)
    ]
    seen = min(cursor.seen + (count or DEFAULT_COUNT), len(lines))
    shown, done = lines[cursor.seen : seen], seen == len(lines)
    following = (
        Cursor(cursor.reading, cursor.reading, 0) if done else Cursor(cursor.known, cursor.reading, seen)
    )
    return {
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
        "accounts": [account(item, ledger, each) for each in item.banking],
        "added": [_row(item, line) for line in shown if line.move.op == "added"],
        "modified": [_row(item, line) for line in shown if line.move.op == "modified"],
        "removed": [
            {
                "transaction_id": item.own_id(line.move.entry.pending_id),
                "account_id": item.own_id(line.account.id),
            }
            for line in shown
            if line.move.op == "removed"
        ],
        "next_cursor": following.encode(item.id),
        "has_more": not done,
    }


def _cursor(text: str, item: Item, ledger: Ledger) -> Cursor:
    if not text:
        return Cursor(None, ledger.through, 0)
    try:
        cursor = Cursor.decode(text, item.id)
    except InvalidCursorError as error:
        raise Refusal("INVALID_REQUEST", "INVALID_FIELD", "cursor is not valid for this item") from error
    if cursor.reading == cursor.known:
        return Cursor(cursor.known, ledger.through, 0)
    if cursor.reading != ledger.through:
        raise Refusal(
            "TRANSACTIONS_ERROR",
            "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION",
            "underlying transaction data changed since last page was fetched",
        )
    return cursor


def _row(item: Item, line: Line) -> dict[str, Any]:
    """A transaction: money that leaves the account is positive."""
    entry, stage = line.move.entry, line.move.stage
    booked = stage in BOOKED
    day = entry.settles_on if booked else entry.at.date()
    primary, detailed = CATEGORIES.get(entry.category, SHOPPING)
    return {
        "account_id": item.own_id(line.account.id),
        "transaction_id": item.own_id(entry.id if booked else entry.pending_id),
        "pending": not booked,
        "pending_transaction_id": item.own_id(entry.pending_id) if booked and entry.hold else None,
        "amount": -(entry.amount if booked else entry.pending_amount),
        "iso_currency_code": line.account.currency,
        "unofficial_currency_code": None,
        "date": day.isoformat(),
        "datetime": None,
        "authorized_date": entry.at.date().isoformat(),
        "authorized_datetime": None,
        "name": entry.description,
        "original_description": _wording(entry, stage),
        "merchant_name": entry.description if entry.type in ("CARD_PURCHASE", "REFUND") else None,
        "merchant_entity_id": None,
        "category": None,
        "category_id": None,
        "check_number": None,
        "location": NOWHERE,
        "payment_meta": NO_META,
        "account_owner": None,
        "payment_channel": "in store" if entry.type == "CARD_PURCHASE" else "other",
        "transaction_code": CODES.get(entry.type),
        "personal_finance_category": {
            "primary": primary,
            "detailed": detailed,
            "confidence_level": "HIGH",
        },
    }


def _wording(entry: Entry, stage: Stage) -> str:
    return entry.description if stage is Stage.AMENDED or not entry.raw else entry.raw
