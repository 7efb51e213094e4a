"""The conversation with an institution: its next step, and what is kept sealed from one step to the next."""

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from dashtam.bridge.doors import run_db, run_db_at_last
from dashtam.crypto import sealed_tokens
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.errors import DashtamError, DecryptionFailed, FieldError, ValidationFailed
from providers.connections.errors import AlreadyConnected, DifferentCustomer
from providers.connections.grants import (
    opened_or_none,
    revocation_of,
    revocation_of_replaced,
    sealed,
)
from providers.connections.linking import fetch_subject, linkable
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.connections.outgoing import require_outgoing
from providers.connectors.base import Connector
from providers.connectors.contract.code_grant import VERIFIER
from providers.connectors.contract.errors import CredentialsRefused, InstallationRefused, NothingAsked
from providers.connectors.contract.reach import reach
from providers.connectors.contract.steps import Ask, Done, Said, Step, Visit
from providers.errors import (
    AddressRefused,
    AuthorizationFailed,
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderRefused,
)
from providers.wire import oauth
from providers.wire.grants import Grant

LONGEST_ANSWER = 10_000


class Pending(msgspec.Struct, omit_defaults=True):
    """The step that a request is at: a question, or a page to visit, and what the connector keeps until it is over."""

    kept: dict[str, str] = {}
    ask: Ask | None = None
    url: str = ""
    poll: int | None = None
    idle: bool = False


def pending(encryption: EncryptionService, request: AuthorizationRequest) -> Pending:
    """The step that the request is at. Raises DecryptionFailed."""
    found = Pending()
    if request.kept is not None:
        try:
            found = msgspec.json.decode(open_field(encryption, request, "kept"), type=Pending)
        except msgspec.MsgspecError as error:
            raise DecryptionFailed from error
    if request.code_verifier is not None:
        found.kept[VERIFIER] = open_field(encryption, request, "code_verifier").decode()
    return found


def kept(
    encryption: EncryptionService, request_id: UUID, step: Ask | Visit, *, left: bool = False
) -> dict[str, bytes | None]:
    """The sealed columns of a step. Of a page that the browser has `left` for, its URL is kept only while we poll.

    OAuth's verifier has a column of its own, as in the requests that an earlier version began.
    """
    rest = dict(step.kept)
    verifier = rest.pop(VERIFIER, None)
    if isinstance(step, Ask):
        found = Pending(rest, ask=replace(step, kept={}))
    else:
        found = Pending(rest, url="" if left and not step.poll else step.url, poll=step.poll, idle=step.idle)

    def envelope(column: str, value: bytes | str) -> bytes:
        return seal_field(encryption, AuthorizationRequest, request_id, column, value)

    return {
        "code_verifier": None if verifier is None else envelope("code_verifier", verifier),
        "kept": None if found == Pending() else envelope("kept", msgspec.json.encode(found)),
    }


def checked(ask: Ask, answers: Mapping[str, str]) -> dict[str, str]:
    """The answers to these questions, and no others. Raises ValidationFailed, naming each field."""
    wrong = [
        FieldError(name, "unknown", "There is no such field.")
        for name in sorted(answers.keys() - {field.name for field in ask.fields})
    ]
    found = {}
    for field in ask.fields:
        value = answers.get(field.name, "").strip()
        if not value and not field.optional:
            wrong.append(FieldError(field.name, "required", "Fill this in."))
        elif len(value) > LONGEST_ANSWER or "\0" in value:
            wrong.append(FieldError(field.name, "invalid", "This is not what was asked for."))
        elif value and field.choices and value not in dict(field.choices):
            wrong.append(FieldError(field.name, "invalid_choice", "Choose one of those that are offered."))
        elif value:
            found[field.name] = value
    if wrong:
        raise ValidationFailed(errors=wrong)
    return found


class Conversation:
    """One request's conversation. It holds an opened grant only while a step runs."""

    def __init__(self, encryption: EncryptionService, request: AuthorizationRequest) -> None:
        self.encryption = encryption
        self.request = request
        self.connector: Connector = linkable(request.provider)
        self.renews: Grant | None = None

    async def go_on(
        self, answers: Mapping[str, str] | None, query: Mapping[str, str] | None
    ) -> Ask | Visit | Done:
        """The step after these answers, this redirect, or a look at a page; what it needs is kept.

        Raises ValidationFailed, CredentialsRefused, NothingAsked, ProviderErrors.
        """
        at, state = pending(self.encryption, self.request), oauth.new_state()
        if answers is not None and at.ask is None:
            raise NothingAsked
        given = checked(at.ask, answers) if at.ask and answers is not None else {}
        try:
            step = await self.step(at, state=state, answers=given, query=query)
            if isinstance(step, Done):
                return await self.known(step)
        except ProviderError as refused:
            secret = answers is not None and at.ask is not None and any(each.secret for each in at.ask.fields)
            begun = self.renews is None and at.poll is None and query is None
            if (blame := _blame(refused, answered=secret, begun=begun)) is None:
                raise
            raise blame from refused
        return await self._keep(at, step, state)

    async def _keep(self, at: Pending, step: Ask | Visit, state: str) -> Ask | Visit:
        """Keep what the next step needs. While we poll, the page and its state are those that the browser left with."""
        looking = at.poll is not None and self.request.started_at is not None
        if isinstance(step, Visit) and looking:
            step = replace(step, url=at.url, poll=at.poll)
        columns = kept(self.encryption, self.request.id, step, left=looking)
        if isinstance(step, Visit) and not looking:
            columns["state_hash"] = sealed_tokens.digest(state)
        await run_db(AuthorizationRequest.objects.keep, id=self.request.id, more_time=not looking, **columns)
        return step

    async def answered(self, query: Mapping[str, str]) -> Done:
        """The grant that a redirect brings. Raises AuthorizationFailed, and as `step`."""
        try:
            step = await self.step(pending(self.encryption, self.request), state="", query=query)
            if isinstance(step, Done):
                return await self.known(step)
        except (ConsentEnded, DecryptionFailed) as refused:
            raise AuthorizationFailed from refused
        raise AuthorizationFailed

    async def step(self, at: Pending, *, state: str, **said: Any) -> Step:
        """The connector's next step. Raises OutgoingPaused, ProviderErrors, CredentialsRefused."""
        await require_outgoing()
        stored = await run_db(ProviderToken.objects.filter(connection=self.request.connection_id).first)
        if stored is not None:
            self.renews = opened_or_none(self.encryption, self.request.provider, stored)
        there = Said(
            kept=at.kept,
            state=state,
            redirect_uri=self.request.redirect_uri,
            renews=self.renews,
            **said,
        )
        return await self.connector.link(functools.partial(reach, self.connector), there)

    async def known(self, done: Done) -> Done:
        """The same with the person's subject at the institution: proves that the grant works. Raises ProviderErrors."""
        if done.subject:
            return done
        try:
            return replace(done, subject=await fetch_subject(self.connector, done.grant))
        except Exception as failure:
            await self._discard(done.grant, failure)
            raise

    async def fulfil(self, done: Done) -> Connection:
        """Give the grant to its connection, and end the one before.

        Raises DifferentCustomer, AlreadyConnected, AuthorizationUsed.
        """
        grant = done.grant
        try:
            await self._join_twin(grant)
            return await run_db_at_last(
                AuthorizationRequest.objects.fulfil,
                id=self.request.id,
                subject=done.subject,
                consent_expires_at=self.connector.consent_end(grant),
                seal=lambda connection_id: sealed(self.encryption, connection_id, grant),
                hand_over=functools.partial(revocation_of_replaced, self.encryption, self.connector, grant),
            )
        except Exception as failure:
            await self._discard(grant, failure)
            raise

    async def _join_twin(self, grant: Grant) -> None:
        """Renew the connection of the same login that needs it, rather than make a second one.

        Raises AlreadyConnected where that one works: its accounts keep their ids.
        """
        if self.renews is not None or type(self.connector).same is Connector.same:
            return
        theirs = Connection.objects.filter(user_id=self.request.user_id, provider=self.request.provider)
        others = theirs.filter(~Q(id=self.request.connection_id), token__isnull=False)
        for connection in await run_db(lambda: list(others.select_related("token"))):
            held = opened_or_none(self.encryption, self.request.provider, connection.token)
            if held is None or not self.connector.same(held, grant):
                continue
            if connection.state in Connection.SYNCABLE:
                raise AlreadyConnected
            await run_db(AuthorizationRequest.objects.join, id=self.request.id, connection_id=connection.id)
            return

    async def _discard(self, grant: Grant, failure: Exception) -> None:
        """End a consent that will not be used here, unless that would end a living connection's too."""
        before = self.renews or Grant({})
        apart = self.connector.replaces(before, grant)
        if isinstance(failure, DifferentCustomer):
            apart = before.secrets != grant.secrets
        if apart and self.connector.ends_grants:
            revocation = revocation_of(self.encryption, self.request.provider, grant)
            await run_db_at_last(PendingRevocation.objects.queue, revocation)


def _blame(error: ProviderError, *, answered: bool, begun: bool) -> DashtamError | None:
    """The error for the person, where the institution refuses what they gave: their answers, or their consent.

    `answered`: with something secret; else, while a link has only `begun`, our own access is what it refuses.
    """
    if isinstance(error, PaymentRequired):
        return None
    if isinstance(error, (ConsentEnded, ProviderRefused)):
        return CredentialsRefused() if answered else InstallationRefused() if begun else AuthorizationFailed()
    return CredentialsRefused() if answered and error.code == AddressRefused.code else None
