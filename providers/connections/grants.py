"""Grants as columns of sealed envelopes, and opened again.

Access and refresh token have columns of their own. All other secrets lie in one envelope with the grant's address: a
database that is written to by an attacker cannot send a secret to another address.
"""

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.errors import DecryptionFailed
from providers import connectors
from providers.connections.models import PendingRevocation, ProviderToken
from providers.connectors.base import Connector
from providers.wire.grants import ACCESS, REFRESH, Grant

logger = logging.getLogger(__name__)

WHOLE = "grant"  # hint of a revocation whose envelope holds a whole grant instead of one token


class Rest(msgspec.Struct, omit_defaults=True):
    """The part of a grant that has no column of its own."""

    secrets: dict[str, str] = {}
    origin: str = ""


def sealed(encryption: EncryptionService, connection_id: UUID, grant: Grant) -> dict[str, Any]:
    """The columns of ProviderToken for a grant. A refresh token or others that it does not name stay (§6)."""

    def envelope(column: str, value: bytes | str) -> bytes:
        return seal_field(encryption, ProviderToken, connection_id, column, value)

    fields: dict[str, Any] = {"access_token": envelope("access_token", grant.secrets.get(ACCESS, ""))}
    if REFRESH in grant.secrets:
        fields["refresh_token"] = envelope("refresh_token", grant.secrets[REFRESH])
    if rest := _rest(grant):
        fields["secrets"] = envelope("secrets", rest)
    if grant.scope:
        fields["scope"] = grant.scope
    fields["access_expires_at"] = grant.expires_at
    return fields


def opened(encryption: EncryptionService, stored: ProviderToken) -> Grant:
    """The whole grant. Raises DecryptionFailed."""
    tokens = {
        name: open_field(encryption, stored, name).decode()
        for name in (ACCESS, REFRESH)
        if getattr(stored, name) is not None
    }
    return joined(tokens, stored, opened_rest(encryption, stored))


def opened_rest(encryption: EncryptionService, stored: ProviderToken) -> Rest:
    """The secrets without a column, and the address. Raises DecryptionFailed."""
    return Rest() if stored.secrets is None else _read(open_field(encryption, stored, "secrets"))


def joined(tokens: dict[str, str], stored: ProviderToken, rest: Rest) -> Grant:
    """A grant of these tokens and the rest."""
    return Grant(
        secrets={**{name: token for name, token in tokens.items() if token}, **rest.secrets},
        origin=rest.origin,
        expires_at=stored.access_expires_at,
        scope=stored.scope,
    )


def merged(old: Grant, renewed: Grant) -> Grant:
    """The renewed grant with the other secrets and the address of before, where it does not name new ones."""
    rest = {name: value for name, value in old.secrets.items() if name not in (ACCESS, REFRESH)}
    return replace(renewed, secrets={**rest, **renewed.secrets}, origin=renewed.origin or old.origin)


def revocation_of(encryption: EncryptionService, provider: str, grant: Grant) -> PendingRevocation:
    """The revocation of a grant: that of a refresh token includes its access tokens (RFC 7009 §2.1)."""
    rest, hint = _rest(grant), REFRESH if REFRESH in grant.secrets else ACCESS
    revocation = PendingRevocation(provider=provider, hint=WHOLE if rest else hint)
    token = msgspec.json.encode(Rest(dict(grant.secrets), grant.origin)) if rest else grant.secrets[hint]
    revocation.token = seal_field(encryption, PendingRevocation, revocation.id, "token", token)
    return revocation


def revocation_of_stored(
    encryption: EncryptionService, provider: str, stored: ProviderToken
) -> PendingRevocation | None:
    """The same for a stored grant; None if it cannot be opened any more, or the institution cannot be told."""
    connector = connectors.CONNECTORS.get(provider)
    if connector is not None and not connector.ends_grants:
        return None
    grant = opened_or_none(encryption, provider, stored)
    return None if grant is None else revocation_of(encryption, provider, grant)


def revocation_of_replaced(
    encryption: EncryptionService, connector: Connector, new: Grant, provider: str, stored: ProviderToken
) -> PendingRevocation | None:
    """The revocation of a grant that a new one replaces; None where both are one consent."""
    old = opened_or_none(encryption, provider, stored) if connector.ends_grants else None
    return (
        None if old is None or not connector.replaces(old, new) else revocation_of(encryption, provider, old)
    )


def to_revoke(encryption: EncryptionService, revocation: PendingRevocation) -> Grant:
    """The grant of a revocation. Raises DecryptionFailed."""
    token = open_field(encryption, revocation, "token")
    if revocation.hint != WHOLE:
        return Grant({revocation.hint: token.decode()})
    rest = _read(token)
    return Grant(rest.secrets, rest.origin)


def opened_or_none(encryption: EncryptionService, provider: str, stored: ProviderToken) -> Grant | None:
    """The grant; None, with a line in the log, if it cannot be opened any more."""
    try:
        return opened(encryption, stored)
    except DecryptionFailed as error:
        logger.warning("A consent at %s cannot be ended there: %s", provider, error.code)
        return None


def _rest(grant: Grant) -> bytes:
    secrets = {name: value for name, value in grant.secrets.items() if name not in (ACCESS, REFRESH)}
    return msgspec.json.encode(Rest(secrets, grant.origin)) if secrets or grant.origin else b""


def _read(raw: bytes) -> Rest:
    try:
        return msgspec.json.decode(raw, type=Rest)
    except msgspec.MsgspecError as error:
        raise DecryptionFailed from error
