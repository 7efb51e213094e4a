"""Linking as a person does it: start, leave, decide at the bank, come back."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from accounts.models import User
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service

BROWSER = "a value only this browser has"


@dataclass
class Trip:
    """Where a link has got to."""

    user: User
    bank: SandboxBank
    connection_id: UUID
    link_token: str

    async def leave(self, browser_key: str = BROWSER) -> str:
        """The one-time page's button: the address at the bank."""
        return await connection_service().authorization_redirect(
            user_id=self.user.id, link_token=self.link_token, browser_key=browser_key
        )

    async def decide(self, *, customer: str = "ana", decision: str = "approve") -> dict[str, Any]:
        """The query parameters of the redirect URI that the bank sends the browser to."""
        return returned(self.bank.decide(await self.leave(), customer=customer, decision=decision))

    async def come_back(self, answer: dict[str, Any], **changes: Any) -> Connection:
        """The callback."""
        usual: dict[str, Any] = {"user_id": self.user.id, "provider": "sandbox", "browser_key": BROWSER}
        given: dict[str, Any] = {"state": None, "code": None, "iss": None, "error": None} | answer
        return await connection_service().complete(**(usual | given | changes))


def returned(location: str) -> dict[str, Any]:
    """The parameters of a redirect that Dashtam looks at."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return {name: query.get(name) for name in ("state", "code", "iss", "error")}


async def start(user: User, bank: SandboxBank) -> Trip:
    started = await connection_service().start(user_id=user.id, provider="sandbox")
    return Trip(user, bank, started.connection.id, started.authorization_url.rpartition("/")[2])


async def restart(user: User, bank: SandboxBank, connection: Connection) -> Trip:
    """Renew the consent of a connection."""
    started = await connection_service().reauthorize(user_id=user.id, connection_id=connection.id)
    return Trip(user, bank, connection.id, started.authorization_url.rpartition("/")[2])


async def connect(user: User, bank: SandboxBank, *, customer: str = "ana") -> Connection:
    """The whole way."""
    trip = await start(user, bank)
    return await trip.come_back(await trip.decide(customer=customer))
