"""The ASGI application: Django's own handler, with a request id, the call log and the faults around it."""

import secrets
from collections.abc import MutableMapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from providers.simulator.bank import Bank, Visit
from providers.simulator.faults import Message, Receive, Send


class BankApp:
    """Faults live out here because Django cannot drop a connection."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.django: Any = ASGIHandler()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or spoil it as ordered."""
        endpoint, account = _endpoint(scope["path"])
        visit = Visit(endpoint, scope["method"], scope["path"])
        if endpoint != "control":
            self.bank.visits.record(visit)

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                request_id = (b"x-request-id", secrets.token_hex(8).encode())
                message = {**message, "headers": [*message["headers"], request_id]}
            await send(message)

        scope = {**scope, "bank": self.bank}
        fault = self.bank.faults.take(endpoint, account)
        if fault is None:
            await self.django(scope, receive, stamped)
        else:
            await self.bank.faults.commit(fault, self.django, scope, receive, stamped)


def _endpoint(path: str) -> tuple[str, str | None]:
    """The name an endpoint has in faults and in the log, and the account in its path."""
    match path.strip("/").split("/"):
        case ["api", "v1", "accounts", account, name]:
            return name, account
        case ["api", "v1", name] | ["oauth", name]:
            return name, None
        case ["control", *_]:
            return "control", None
    return "pages", None
