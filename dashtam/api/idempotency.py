"""Idempotency-Key: a request that creates something can be sent again until its answer arrives.

The key is written down before the work, with a hash of the body, and the answer after it. The same request again
gets the same answer. Work that has a key is carried to its end although the client has gone; while it goes on, a
process that is killed loses its hold on the key after some seconds, and the next request does the work anew.
Where keys are kept is for an app above this one to say: see `register`.
(IETF draft-ietf-httpapi-idempotency-key-header)
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from dashtam.bridge.doors import keep_running
from dashtam.errors import BadRequest, Conflict, Unprocessable
from dashtam.web import body_hash

Work = Callable[[], Awaitable[HttpResponseBase]]
VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "Idempotency-Replayed"
RENEW_SECONDS = 3.0
# Answers about who asks, and when: sent again, the request may fare better, so its key stays free.
NEVER_KEPT = {401, 403, 429}
NOT_KEPT_HEADERS = {"ratelimit", "ratelimit-policy", "content-length"}


class IdempotencyKeyInvalid(BadRequest):
    """A key is 1 to 255 visible ASCII characters."""

    code = "idempotency_key_invalid"
    title = "This Idempotency-Key cannot be used."
    detail = "Send 1 to 255 visible ASCII characters, such as a random UUID, and a new one for each thing to create."


class IdempotencyKeyReused(Unprocessable):
    """The key came with another body before."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another request."
    detail = "It was sent before with another body. Use a new key for a new request."


class IdempotencyInProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code = "idempotency_in_progress"
    title = "This request is being carried out already."
    detail = "Send it again in a moment, with the same key, to get its answer."
    retry_after = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given the first time."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do the work of one key: the row's id, and a number that only its holder knows."""

    id: UUID
    holder: UUID


class Store(Protocol):
    """Where keys and answers are kept."""

    async def begin(self, request: Any, *, key: str, body_hash: str) -> Claim | Kept:
        """Claim the key. Raises IdempotencyKeyReused and IdempotencyInProgress."""

    async def renew(self, claim: Claim) -> None:
        """Hold on to it for some more seconds."""

    async def finish(self, claim: Claim, answer: Kept) -> None:
        """Keep the answer."""

    async def give_up(self, claim: Claim) -> None:
        """Free the key."""

    def keeps(self, request: Any, status: int) -> bool:
        """Return True if an answer of this status is kept for this caller."""


_store: list[Store] = []


def register(store: Store) -> None:
    """Say where keys are kept; called once, by the app that knows people."""
    _store[:] = [store]


def key_of(request: Any) -> str | None:
    """The request's key. Raises IdempotencyKeyInvalid."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not VISIBLE.fullmatch(key):
        raise IdempotencyKeyInvalid
    return key


async def once(request: Any, key: str, work: Work, may_repeat: Callable[[], None]) -> HttpResponseBase:
    """The answer of `work`, done now or before. `may_repeat` raises where an older answer must not be given again."""
    (store,) = _store
    begun = await store.begin(request, key=key, body_hash=body_hash.of(request))
    if isinstance(begun, Kept):
        may_repeat()
        return _again(begun)
    return await asyncio.shield(keep_running(_carry_out(store, request, begun, work)))


async def _carry_out(store: Store, request: Any, claim: Claim, work: Work) -> HttpResponseBase:
    renewing = asyncio.get_running_loop().create_task(_renew(store, claim))
    try:
        response = await work()
    finally:
        renewing.cancel()
    status = response.status_code
    lasting = status < 500 and status not in NEVER_KEPT and store.keeps(request, status)
    if lasting and isinstance(response, HttpResponse):
        await store.finish(claim, Kept(status, _headers(response), response.content))
    else:
        await store.give_up(claim)
    return response


async def _renew(store: Store, claim: Claim) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await store.renew(claim)


def _headers(response: HttpResponse) -> dict[str, str]:
    return {name: value for name, value in response.items() if name.lower() not in NOT_KEPT_HEADERS}


def _again(kept: Kept) -> HttpResponse:
    response = HttpResponse(kept.body, status=kept.status)
    if "Content-Type" not in kept.headers:
        del response["Content-Type"]
    for name, value in {**kept.headers, REPLAYED: "true"}.items():
        response[name] = value
    return response
