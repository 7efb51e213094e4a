"""A link that has begun, as pages and programs see it: its next step, and nothing that is secret."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from providers.connections.models import AuthorizationRequest, Connection
from providers.connectors.contract.steps import Ask, Visit

NextStep = Literal["ask", "visit", "done"]


@dataclass(frozen=True, slots=True)
class StartedConnection:
    """A connection and its next step. `authorization_url` is a one-time URL of our own, empty when all is done.

    At that URL the person's signed-in browser takes every step that is left. `ask` is the question to answer, if the
    step is one.
    """

    connection: Connection
    authorization_url: str = field(repr=False)
    step: NextStep = "visit"
    ask: Ask | None = None

    @classmethod
    def at(
        cls, request: AuthorizationRequest, step: Ask | Visit | Connection | None, url: str
    ) -> "StartedConnection":
        """The link at this step; None where the browser takes the first one."""
        if isinstance(step, Connection):
            return cls(step, "", "done")
        if request.connection is None:
            raise AuthorizationRequest.DoesNotExist
        asked = step if isinstance(step, Ask) else None
        return cls(request.connection, url, "ask" if asked else "visit", asked)


@dataclass(frozen=True, slots=True)
class PendingLink:
    """The subject of a one-time link, for its page.

    `ask` is a question to answer; else `url` is the page to leave for, if it is known before leaving. `waiting`: this
    browser has left, and we poll. `connected`: the connection that came of it meanwhile; `failed`: the code of the
    error that it came to. `idle`: there is nothing to do at the page, the institution takes its time.
    """

    provider: str
    reconnecting: bool
    ask: Ask | None = None
    url: str = field(default="", repr=False)
    waiting: bool = False
    connected: UUID | None = None
    failed: str = ""
    idle: bool = False
