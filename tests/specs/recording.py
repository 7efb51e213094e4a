"""Requests of a connector as they are sent, secrets in their places, with the answers to them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx

from providers.connectors.base import Connector
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.reach import reach
from providers.wire.grants import Grant
from tests.specs.openapi import Document


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. The path is that of the vendor's own document."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    body: bytes
    status: int
    answer: bytes


@dataclass
class Recording:
    """All exchanges of a connector. `below` is what the simulator puts before a vendor's own paths."""

    connector: Connector
    below: str
    made: list[Exchange] = field(default_factory=list)

    def reach(self, url: str = "", grant: Grant | None = None) -> httpx.AsyncClient:
        """A client as connectors get it, which also remembers."""
        client = reach(self.connector, url, grant)
        client.event_hooks = {"response": [self._note]}
        return client

    async def pull(self, grant: Grant, wanted: Wanted) -> list[Batch]:
        """All batches of a pull."""
        async with self.reach(grant=grant) as client:
            return [batch async for batch in self.connector.pull(client, wanted)]

    async def _note(self, response: httpx.Response) -> None:
        await response.aread()
        place: Callable[[httpx.Request], httpx.Request] | None = response.request.extensions.get("place")
        sent = place(response.request) if place else response.request
        path = sent.url.path
        if self.below not in path:
            return
        query = tuple(parse_qsl(sent.url.query.decode(), keep_blank_values=True))
        named = tuple(name.lower() for name in sent.headers)
        own = path.partition(self.below)[2] or "/"
        self.made.append(
            Exchange(sent.method, own, query, named, sent.content, response.status_code, response.content)
        )

    def faults(self, document: Document, unknown_ok: frozenset[str] = frozenset()) -> list[str]:
        """The faults of all requests and answers. `unknown_ok` are paths that the document does not describe."""
        found = []
        for each in self.made:
            if each.path in unknown_ok:
                continue
            found += document.request(each.method, each.path, each.body) if each.body else []
            found += document.answer(each.method, each.path, each.status, each.answer)
            found += self._strangers(document, each)
        return found

    def _strangers(self, document: Document, each: Exchange) -> list[str]:
        """The query parameters that the document does not know, beside those of its security schemes."""
        schemes = document.tree.get("components", {}).get("securitySchemes", {}).values()
        known = {scheme["name"].lower() for scheme in schemes if scheme.get("in") == "query"}
        known |= {name.removeprefix("query ") for name in document.parameters(each.method, each.path)}
        return [
            f"{each.method} {each.path}: {name} is not a parameter"
            for name, _ in each.query
            if name.lower() not in known
        ]
