"""Items at Plaid: their state, their accounts, and what breaks them."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
from django.http import HttpRequest

from providers.simulator.bank import Bank
from providers.simulator.books.customers import Account, Kind
from providers.simulator.books.ledger import Ledger
from providers.simulator.control import Revoke, controlled
from providers.simulator.plaid.calls import Call, endpoint, error_body, type_of
from providers.simulator.plaid.state import INSTITUTION, Item, state

TYPES = {
    Kind.CHECKING: ("depository", "checking"),
    Kind.SAVINGS: ("depository", "savings"),
    Kind.CREDIT_CARD: ("credit", "credit card"),
    Kind.MORTGAGE: ("loan", "mortgage"),
    Kind.BROKERAGE: ("investment", "brokerage"),
}


@endpoint
def get(call: Call) -> dict[str, Any]:
    """`/item/get`: the Item, and when each product was last read at the institution."""
    item = call.item
    read_at = read_last(call.ledger(item))
    both = {"last_successful_update": read_at, "last_failed_update": None}
    return {
        "item": shown(item)
        | {"created_at": f"{item.linked_at:%Y-%m-%dT%H:%M:%SZ}"}
        | {"consent_expiration_time": _ends(call, item)},
        "status": {"investments": both, "transactions": both, "last_webhook": None},
    }


def _ends(call: Call, item: Item) -> str | None:
    """The end of the consent, which has one in Europe only; five days from now where that is played."""
    if "consent_ending" not in call.bank.scenarios.of(item.customer.id):
        return None
    return f"{call.bank.now() + timedelta(days=5):%Y-%m-%dT%H:%M:%SZ}"


@endpoint
def remove(call: Call) -> dict[str, Any]:
    """`/item/remove`: the end of the Item."""
    del call.plaid.items[call.item.access_token]
    return {}


@endpoint
def accounts(call: Call) -> dict[str, Any]:
    """`/accounts/get`: the accounts, with the balances last seen; money owed is positive."""
    item = call.open_item
    ledger = call.ledger(item)
    return {
        "accounts": [account(item, ledger, each) for each in item.customer.accounts],
        "item": shown(item),
    }


class Broken(msgspec.Struct, forbid_unknown_fields=True):
    """The error that every Item has from now on; none for an empty code."""

    code: str
    reason: str | None = None


@controlled("POST")
def break_items(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/plaid/items`: let every Item fail with an error, or mend them."""
    given, items = msgspec.json.decode(request.body, type=Broken), state(bank).items.values()
    for item in items:
        item.error = (given.code, given.reason) if given.code else None
    return {"items": [item.id for item in items]}


@endpoint
def reset_login(call: Call) -> dict[str, Any]:
    """`/sandbox/item/reset_login`: the person has to sign in again."""
    call.item.error = ("ITEM_LOGIN_REQUIRED", None)
    return {"reset_login": True}


@controlled("POST")
def break_logins(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/plaid/logins`: every Item of a customer wants its person again."""
    customer = msgspec.json.decode(request.body, type=Revoke).customer
    mine = [item for item in state(bank).items.values() if item.customer.id == customer]
    for item in mine:
        item.error = ("ITEM_LOGIN_REQUIRED", None)
    return {"items": len(mine)}


def account(item: Item, ledger: Ledger, each: Account) -> dict[str, Any]:
    """An account as every answer shows it."""
    type_, subtype = TYPES[each.kind]
    balance = ledger.balance(each, ledger.through)
    margin = {"margin_loan_amount": None} if type_ == "investment" else {}
    return {
        "account_id": item.own_id(each.id),
        "balances": {
            "available": None if type_ == "loan" else balance.available,
            "current": balance.current,
            "limit": each.limit,
            "iso_currency_code": each.currency,
            "unofficial_currency_code": None,
            **margin,
        },
        "mask": each.last4,
        "name": each.nickname,
        "official_name": each.official_name,
        "type": type_,
        "subtype": subtype,
        "holder_category": "personal",
    }


def shown(item: Item) -> dict[str, Any]:
    """The Item as every answer shows it."""
    products = ["transactions", *(["investments"] if item.investing else [])]
    error = error_body(type_of(item.error[0]), *item.error, "sign in again") if item.error else None
    return {
        "item_id": item.id,
        "institution_id": INSTITUTION["institution_id"],
        "institution_name": INSTITUTION["name"],
        "webhook": item.webhook,
        "error": error,
        "available_products": [],
        "billed_products": products,
        "products": products,
        "consent_expiration_time": None,
        "update_type": "background",
    }


def read_last(ledger: Ledger) -> str:
    """The moment at which the institution was last read: late on the last closed day."""
    return f"{datetime.combine(ledger.through, time(23, 30), UTC):%Y-%m-%dT%H:%M:%SZ}"
