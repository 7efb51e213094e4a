"""Grants of the customers, and the codes and tokens issued for them; kept as SHA-256 hashes only."""

import os
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

CODE_LIFETIME = timedelta(seconds=60)
CONSENT_LIFETIME = timedelta(days=180)


class InvalidGrantError(Exception):
    """The code or refresh token is unknown, spent, expired or revoked (RFC 6749 section 5.2)."""


class InvalidScopeError(Exception):
    """A refresh asked for more than the customer agreed to."""


class StateError(Exception):
    """The state file cannot be read as one of ours."""


class Grant(msgspec.Struct):
    """One consent of one customer. `expires_at` follows the bank's own clock."""

    customer: str
    accounts: list[str]
    scope: str
    expires_at: datetime
    revoked: bool = False


class Code(msgspec.Struct):
    """An authorization code; a spent one is kept so that a replay is noticed."""

    grant: str
    redirect_uri: str
    challenge: str
    expires_at: datetime
    spent: bool = False


class AccessToken(msgspec.Struct):
    """A bearer token; its expiry follows the wall clock, whatever the bank's calendar says."""

    grant: str
    scope: str
    expires_at: datetime
    thumbprint: str = ""  # of the key it is bound to (RFC 9449)


class RefreshToken(msgspec.Struct):
    """One member of a grant's family; using a spent one ends the family."""

    grant: str
    spent: bool = False


class State(msgspec.Struct):
    """The state that survives a restart. The dicts below `grants` are keyed by hash.

    `beside` are the vendors' dialects, as plain data.
    """

    start: date
    advanced_days: int = 0
    grants: dict[str, Grant] = {}
    codes: dict[str, Code] = {}
    access: dict[str, AccessToken] = {}
    refresh: dict[str, RefreshToken] = {}
    beside: dict[str, Any] = {}


class Tokens(msgspec.Struct, frozen=True):
    """A freshly issued pair, in clear for the last time."""

    access: str
    refresh: str
    scope: str
    grant: Grant


class Grants:
    """Issues, checks and ends grants. `bank_now` is the wall clock plus `offset` plus what tests advanced."""

    def __init__(
        self, path: Path | None, state: State, access_ttl: int, offset: timedelta = timedelta(0)
    ) -> None:
        self.path = path
        self.access_ttl = access_ttl
        self.offset = offset
        self.state = state

    @classmethod
    def of(cls, path: Path | None, start: date, access_ttl: int, offset: timedelta) -> "Grants":
        """Those in the file, or none yet. Raises StateError."""
        return cls(path, _read(path) or State(start=start), access_ttl, offset)

    def bank_now(self) -> datetime:
        """The bank's own time: data and consents follow it, codes and access tokens do not."""
        return _now() + self.offset + timedelta(days=self.state.advanced_days)

    def approve(
        self,
        customer: str,
        accounts: list[str],
        scope: str,
        redirect_uri: str,
        challenge: str,
        lifetime: timedelta = CONSENT_LIFETIME,
    ) -> str:
        """A code for a new grant."""
        grant_id, code = secrets.token_hex(8), secrets.token_urlsafe(32)
        self.state.grants[grant_id] = Grant(customer, accounts, scope, self.bank_now() + lifetime)
        self.state.codes[_hash(code)] = Code(grant_id, redirect_uri, challenge, _now() + CODE_LIFETIME)
        self.save()
        return code

    def redeem(
        self, code: str, redirect_uri: str, proves: Callable[[str], bool], thumbprint: str = ""
    ) -> Tokens:
        """Tokens for a code, once. `proves` is given the code challenge. Raises InvalidGrantError."""
        held = self.state.codes.get(_hash(code))
        if held is None:
            raise InvalidGrantError("This authorization code is not known.")
        grant = self.state.grants[held.grant]
        self._refuse_replay(held, "This code was used before, so the consent it belongs to was revoked.")
        held.spent = True
        self.save()
        if held.expires_at <= _now():
            raise InvalidGrantError("This code has expired. Start again at the authorization endpoint.")
        if held.redirect_uri != redirect_uri:
            raise InvalidGrantError("The redirect_uri differs from that of the authorization request.")
        if not proves(held.challenge):
            raise InvalidGrantError("The code_verifier does not match the code_challenge.")
        return self._issue(held.grant, grant.scope, thumbprint)

    def rotate(self, refresh: str, scope: str | None, thumbprint: str = "") -> Tokens:
        """A new pair; the old refresh token is spent. Raises InvalidGrantError, InvalidScopeError."""
        held = self.state.refresh.get(_hash(refresh))
        if held is None:
            raise InvalidGrantError("This refresh token is not known.")
        grant = self.state.grants[held.grant]
        self._refuse_replay(held, "This refresh token was used before, so its whole family was revoked.")
        if grant.revoked:
            raise InvalidGrantError("The customer's consent was revoked.")
        if grant.expires_at <= self.bank_now():
            raise InvalidGrantError("The customer's consent has expired.")
        if scope is not None and not set(scope.split()) <= set(grant.scope.split()):
            raise InvalidScopeError("A refresh cannot widen the scope the customer agreed to.")
        held.spent = True
        return self._issue(held.grant, scope or grant.scope, thumbprint)

    def check(self, access: str, thumbprint: str = "") -> tuple[Grant, set[str], str] | None:
        """The grant behind a live access token, the token's scope, and the grant's id."""
        held = self.state.access.get(_hash(access))
        if held is None or held.expires_at <= _now() or held.thumbprint != thumbprint:
            return None
        grant = self.state.grants[held.grant]
        if grant.revoked or grant.expires_at <= self.bank_now():
            return None
        return grant, set(held.scope.split()), held.grant

    def revoke_token(self, token: str) -> None:
        """RFC 7009: a refresh token takes its grant with it, an access token goes alone."""
        key = _hash(token)
        if held := self.state.refresh.get(key):
            self.state.grants[held.grant].revoked = True
        self.state.access.pop(key, None)
        self.save()

    def live(self) -> dict[str, Grant]:
        """The grants that still open something, by id, oldest first."""
        now = self.bank_now()
        return {
            name: grant
            for name, grant in self.state.grants.items()
            if not grant.revoked and grant.expires_at > now
        }

    def withdraw(self, grant_id: str) -> Grant | None:
        """End one live grant, as its customer does at the bank. None if there is no such grant."""
        grant = self.live().get(grant_id)
        if grant is not None:
            grant.revoked = True
            self.save()
        return grant

    def revoke_customer(self, customer: str) -> int:
        """End every grant of the customer. Returns how many were live."""
        live = [g for g in self.state.grants.values() if g.customer == customer and not g.revoked]
        for grant in live:
            grant.revoked = True
        self.save()
        return len(live)

    def expire_access_tokens(self) -> int:
        """End every access token. Returns how many there were."""
        count = len(self.state.access)
        self.state.access.clear()
        self.save()
        return count

    def advance(self, days: int) -> None:
        """Move the bank's clock on."""
        self.state.advanced_days += days
        self.save()

    def reset(self) -> None:
        """Forget every grant and advance."""
        self.state = State(start=self.state.start)
        self.save()

    def save(self) -> None:
        """Drop expired access tokens, then replace the file in one step."""
        now = _now()
        self.state.access = {key: token for key, token in self.state.access.items() if token.expires_at > now}
        if self.path is None:
            return
        temporary = self.path.with_name(f"{self.path.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self.state))
        temporary.replace(self.path)

    def _refuse_replay(self, held: Code | RefreshToken, message: str) -> None:
        """Revoke the grant of what was spent before (RFC 6819 section 5.2.1.1). Raises InvalidGrantError."""
        if held.spent:
            self.state.grants[held.grant].revoked = True
            self.save()
            raise InvalidGrantError(message)

    def _issue(self, grant_id: str, scope: str, thumbprint: str) -> Tokens:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        expires_at = _now() + timedelta(seconds=self.access_ttl)
        self.state.access[_hash(access)] = AccessToken(grant_id, scope, expires_at, thumbprint)
        self.state.refresh[_hash(refresh)] = RefreshToken(grant_id)
        self.save()
        return Tokens(access, refresh, scope, self.state.grants[grant_id])


def _read(path: Path | None) -> State | None:
    if path is None or not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError) as error:
        raise StateError(f"{path} is not a state file of the Sandbox Bank.") from error


def _now() -> datetime:
    return datetime.now(UTC)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
