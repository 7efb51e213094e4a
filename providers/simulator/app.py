"""The ASGI application: Django's own handler, with a request id, the call log and the faults around it."""

import secrets
from collections.abc import MutableMapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler

from providers.simulator.bank import Bank, Visit
from providers.simulator.faults import Message, Receive, Send


class BankApp:
    """Wraps Django's handler; faults are carried out here because Django cannot drop a connection."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.django: Any = ASGIHandler()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or spoil it as ordered."""
        endpoint, account = self._endpoint(scope["path"])
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
            await self._answer(scope, receive, stamped)
        else:
            await self.bank.faults.commit(fault, self._answer, scope, receive, stamped)

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Django's answer; what it promises is kept before it is sent."""

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.bank.keep()
            await send(message)

        await self.django(scope, receive, kept)

    def _endpoint(self, path: str) -> tuple[str, str | None]:
        """The name and account of a path; the control surface is the same in every dialect."""
        return ("control", None) if path.strip("/").split("/")[0] == "control" else self.bank.endpoint(path)
