"""Keeps idempotency keys in PostgreSQL, for each person or, before a sign-in, for each network."""

import logging
from typing import Any
from uuid import UUID

import msgspec
from django.db import DatabaseError, InterfaceError

from accounts.models import IdempotencyKey
from accounts.principal import Principal
from dashtam.api.idempotency import Claim, IdempotencyInProgress, IdempotencyKeyReused, Kept
from dashtam.bridge.doors import run_db, run_db_at_last
from dashtam.crypto.sealed_fields import place
from dashtam.crypto.sealed_tokens import digest
from dashtam.errors import ServiceBusy
from dashtam.web.visitor import customer_of, request_ip
from dashtam.wiring import encryption_service

logger = logging.getLogger(__name__)


class IdempotencyStore:
    """Rows of IdempotencyKey; answers are sealed, for some hold what is shown only once."""

    async def begin(self, request: Any, *, key: str, body_hash: str) -> Claim | Kept:
        """Claim the key. Raises IdempotencyKeyReused and IdempotencyInProgress."""
        user_id = _user_id(request)
        caller = f"person {user_id}" if user_id else f"network {customer_of(request_ip.get())}"
        request_hash = digest(f"idempotent body {body_hash}")
        holder, row = await run_db(
            IdempotencyKey.objects.claim,
            key_hash=digest(f"idempotency key\n{caller}\n{request.method} {request.path}\n{key}"),
            request_hash=request_hash,
            user_id=user_id,
        )
        if row is None:
            raise IdempotencyInProgress
        if bytes(row.request_hash) != request_hash:
            raise IdempotencyKeyReused
        if row.answer is not None:
            return _opened(row.id, bytes(row.answer))
        if row.holder != holder:
            raise IdempotencyInProgress
        return Claim(row.id, holder)

    async def renew(self, claim: Claim) -> None:
        """Hold on to it; while the database is away, the next time will do."""
        try:
            await run_db(IdempotencyKey.objects.renew, id=claim.id, holder=claim.holder)
        except (DatabaseError, InterfaceError, ServiceBusy):
            logger.warning("The lease of an idempotency key could not be renewed.")

    async def finish(self, claim: Claim, answer: Kept) -> None:
        """Keep the answer, also when the database is away for a moment: the work is done."""
        sealed = encryption_service().encrypt(msgspec.msgpack.encode(answer), row=_place(claim.id))
        await run_db_at_last(IdempotencyKey.objects.finish, id=claim.id, holder=claim.holder, answer=sealed)

    async def give_up(self, claim: Claim) -> None:
        """Free the key; while the database is away, its lease runs out."""
        try:
            await run_db(IdempotencyKey.objects.give_up, id=claim.id, holder=claim.holder)
        except (DatabaseError, InterfaceError, ServiceBusy):
            logger.warning("An idempotency key could not be freed; its lease will run out.")

    def keeps(self, request: Any, status: int) -> bool:
        """Of strangers, only what was done is kept: refusals cost them nothing, and must not fill the table."""
        return _user_id(request) is not None or status < 400


def _user_id(request: Any) -> UUID | None:
    principal: Principal | None = getattr(request, "principal", None)
    return principal.user_id if principal else None


def _place(id: UUID) -> str:
    return place(IdempotencyKey, id, "answer")


def _opened(id: UUID, answer: bytes) -> Kept:
    plain = encryption_service().decrypt(answer, row=_place(id))
    return msgspec.msgpack.decode(plain, type=Kept)
