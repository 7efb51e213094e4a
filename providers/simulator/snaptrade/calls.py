"""Guards of SnapTrade's endpoints: a bearer token, or a signature with a personal key, and never both."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from providers.simulator.books.customers import Account, Kind
from providers.simulator.responses import View
from providers.simulator.sandbox.bank import Sandbox, sandbox_of
from providers.simulator.sandbox.parameters import credentials
from providers.simulator.snaptrade.state import Connection, Key, SnapTrade, state
from providers.simulator.vendor import answer

OLDEST = 300  # seconds that a signature is good for
LIMITS = {"X_RateLimit_Limit": "250", "X_RateLimit_Remaining": "249", "X_RateLimit_Reset": "60"}


class Refusal(Exception):
    """An error in SnapTrade's words."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose person is known."""

    bank: Sandbox
    vendor: SnapTrade
    request: HttpRequest
    customer: str

    @property
    def connections(self) -> list[Connection]:
        """The person's connections."""
        return self.vendor.of(self.customer)

    def account(self, id: str) -> tuple[Connection, Account]:
        """An account of the person. Raises Refusal."""
        for connection in self.connections:
            for account in connection.customer.accounts:
                if account.kind is Kind.BROKERAGE and connection.account_id(account.id) == id:
                    return connection, account
        raise Refusal(404, "1011", "Account not found")


Handler = Callable[..., Any]


def endpoint(method: str, handler: Handler) -> View:
    """Serve a function of a call."""

    @wraps(handler)
    async def view(request: HttpRequest, **path: str) -> HttpResponse:
        bank = sandbox_of(request)
        try:
            if request.method != method:
                raise Refusal(405, "0000", "Method not allowed")
            call = Call(bank, state(bank), request, _person(state(bank), request))
            return answer(handler(call, **path), 200, **LIMITS)
        except Refusal as refusal:
            body = {"detail": str(refusal), "status_code": refusal.status, "code": refusal.code}
            return answer(body, refusal.status)

    return view


def _person(vendor: SnapTrade, request: HttpRequest) -> str:
    """The person behind a token or a key. Raises Refusal."""
    scheme, token = credentials(request)
    signature, client = request.headers.get("Signature"), request.GET.get("clientId")
    if scheme == "bearer":
        if signature or client or request.GET.get("timestamp"):
            raise Refusal(400, "1076", "Send either a bearer token or a signed request")
        found = vendor.grants.check(token)
        if found is None:
            raise Refusal(401, "1077", "The access token is not good")
        return found[0].customer
    key = vendor.keys.get(client or "")
    stamp = request.GET.get("timestamp", "")
    fresh = stamp.isdigit() and abs(time.time() - int(stamp)) <= OLDEST
    if key is None or not fresh or not _signed(request, key, signature or ""):
        raise Refusal(401, "1076", "Unable to verify signature sent")
    return key.customer


def _signed(request: HttpRequest, key: Key, signature: str) -> bool:
    content = json.loads(request.body) if request.body else None
    path = request.path[request.path.index("/api/v1") :]
    signed = {"content": content, "path": path, "query": request.META["QUERY_STRING"]}
    text = json.dumps(signed, separators=(",", ":"), sort_keys=True)
    own = base64.b64encode(hmac.digest(key.consumer_key.encode(), text.encode(), hashlib.sha256))
    return hmac.compare_digest(own, signature.encode())
