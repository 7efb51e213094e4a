"""Guards of Plaid's endpoints: POSTs of JSON with the client's id and secret, and mostly an Item's access token."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from providers.simulator.books.ledger import Ledger
from providers.simulator.plaid.state import Item, Plaid, plaid_of
from providers.simulator.responses import View
from providers.simulator.sandbox.bank import Sandbox, sandbox_of
from providers.simulator.vendor import answer, members, minted

STATUS = {"RATE_LIMIT_EXCEEDED": 429, "API_ERROR": 500}


TYPES = {"INSTITUTION_DOWN": "INSTITUTION_ERROR", "INSTITUTION_NOT_RESPONDING": "INSTITUTION_ERROR"}
TYPES |= {"ACCOUNTS_LIMIT": "RATE_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR": "API_ERROR"}


def type_of(code: str) -> str:
    """The type that Plaid files an error code under."""
    return TYPES.get(code, "ITEM_ERROR")


class Refusal(Exception):
    """An error in Plaid's words."""

    def __init__(self, type: str, code: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.type, self.code, self.reason = type, code, reason


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose client is known."""

    bank: Sandbox
    plaid: Plaid
    given: dict[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """The `options` member, which may be left out."""
        found = self.given.get("options") or {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def item(self) -> Item:
        """The Item of the access token. Raises Refusal."""
        item = self.plaid.items.get(str(self.given.get("access_token")))
        if item is None:
            raise Refusal("INVALID_INPUT", "INVALID_ACCESS_TOKEN", "could not find matching access token")
        return item

    @property
    def open_item(self) -> Item:
        """The Item, unless its login is broken. Raises Refusal."""
        item = self.item
        if item.error:
            code, reason = item.error
            raise Refusal(type_of(code), code, "the login details of this item have changed", reason)
        return item

    def ledger(self, item: Item) -> Ledger:
        """The books of the Item's customer."""
        return self.bank.ledger(item.customer.id)

    def number(self, value: object, default: int, most: int) -> int:
        """A whole number from 0 to `most`. Raises Refusal."""
        found = default if value is None else value
        if not isinstance(found, int) or not 0 <= found <= most:
            raise Refusal("INVALID_REQUEST", "INVALID_FIELD", f"must be between 0 and {most}")
        return found


Handler = Callable[[Call], dict[str, Any]]


def endpoint(handler: Handler) -> View:
    """Serve a function of a call."""

    @wraps(handler)
    async def view(request: HttpRequest) -> HttpResponse:
        given = members(request)
        if request.method != "POST" or given is None:
            return _refused(Refusal("INVALID_REQUEST", "INVALID_BODY", "body could not be parsed as JSON"))
        bank = sandbox_of(request)
        if not _known(request, bank, given):
            return _refused(
                Refusal("INVALID_INPUT", "INVALID_API_KEYS", "invalid client_id or secret provided")
            )
        try:
            found = handler(Call(bank, plaid_of(request), given))
        except Refusal as refusal:
            return _refused(refusal)
        return answer(found | {"request_id": minted("req", 8)})

    return view


def _known(request: HttpRequest, bank: Sandbox, given: dict[str, Any]) -> bool:
    pairs = (("PLAID-CLIENT-ID", "client_id", bank.client.id), ("PLAID-SECRET", "secret", bank.client.secret))
    return all(
        hmac.compare_digest((request.headers.get(header) or str(given.get(name, ""))).encode(), ours.encode())
        for header, name, ours in pairs
    )


def _refused(refusal: Refusal) -> HttpResponse:
    body = error_body(refusal.type, refusal.code, refusal.reason, str(refusal))
    return answer(body | {"request_id": minted("req", 8)}, STATUS.get(refusal.type, 400))


def error_body(type: str, code: str, reason: str | None, message: str) -> dict[str, Any]:
    """An error as Plaid writes it."""
    return {
        "error_type": type,
        "error_code": code,
        "error_code_reason": reason,
        "error_message": message,
        "display_message": None,
        "documentation_url": "https://plaid.com/docs/errors/",
        "suggested_action": None,
    }
