"""Facts that few transactions have, as a list of transactions tells them."""

from typing import TypedDict, cast

import msgspec

from providers.ledger.money import padded


class TransactionDetails(TypedDict):
    """The details of a transaction; see providers.records.Details."""

    check_number: str | None
    reference: str | None
    original_currency: str | None
    original_amount: str | None
    exchange_rate: str | None
    gross_amount: str | None
    taxes: str | None
    split: str | None
    settled_on: str | None
    sub_account: str | None
    event: str | None
    counterparty: str | None
    merchant_code: str | None
    value_date: str | None
    balance_after: str | None


_NOTHING = dict.fromkeys(TransactionDetails.__annotations__)


def decoded(encoded: str, currency: str) -> TransactionDetails:
    """The details of a row in that currency, from their JSON."""
    details = cast("TransactionDetails", _NOTHING | msgspec.json.decode(encoded))
    details["original_amount"] = padded(details["original_amount"], details["original_currency"] or currency)
    details["gross_amount"] = padded(details["gross_amount"], currency)
    details["taxes"] = padded(details["taxes"], currency)
    details["balance_after"] = padded(details["balance_after"], currency)
    return details
