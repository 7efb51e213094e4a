"""API keys: making, recognising and ending them."""

import re
import secrets
import string
import time
import zlib
from dataclasses import dataclass, field
from uuid import UUID

from accounts.limits import API_KEY_BY_PERSON
from accounts.models import ApiKey, SecondFactors
from accounts.principal import Principal
from accounts.services.sessions.ended_sessions import EndedSessions
from accounts.services.sessions.session_service import PRINCIPAL_SECONDS, SessionService
from dashtam import limits
from dashtam.bridge.doors import run_db
from dashtam.cache import Cache
from dashtam.crypto import sealed_tokens
from dashtam.errors import InvalidToken, NotFound
from dashtam.web.visitor import network_of, request_ip

DEFAULT_DAYS, MAX_DAYS = 90, 365
PREFIX = "dsh_"
ALPHABET = string.digits + string.ascii_letters
SECRET_LENGTH, SUM_LENGTH = 43, 6  # 256 random bits; 32 bits of checksum
FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{SUM_LENGTH}}})")


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new row and its key, which is shown this once."""

    row: ApiKey
    key: str = field(repr=False)


class ApiKeyService:
    """Makes and recognises keys: `dsh_` and 49 letters and digits, the last six a checksum.

    Secret scanners find keys of this form where they do not belong, and a mistyped one costs no query.
    """

    def __init__(self, *, cache: Cache, ended: EndedSessions, sessions: SessionService) -> None:
        self.cache = cache
        self.ended = ended
        self.sessions = sessions

    async def create(self, *, user_id: UUID, name: str, scopes: list[str], days: int) -> CreatedKey:
        """Make a key that works for `days`. Raises TooManyApiKeys, TooManyRequests."""
        await limits.require((API_KEY_BY_PERSON, user_id))
        key = _new_key()
        row = await run_db(
            ApiKey.objects.make,
            user_id=user_id,
            name=name,
            scopes=sorted(scopes),
            days=days,
            key_hash=sealed_tokens.digest(key),
            hint=key[-4:],
        )
        return CreatedKey(row, key)

    async def principal(self, key: str) -> Principal:
        """The principal of a key, with its scopes. Raises InvalidToken."""
        form = FORM.fullmatch(key)
        if form is None or _checksum(form[1]) != form[2]:
            raise InvalidToken("This is not a whole API key. Copy all of it, or create a new one.")
        key_hash = sealed_tokens.digest(key)
        name = ApiKey(key_hash=key_hash).cache_name
        principal = await self.cache.get(name, Principal)
        if principal is None:
            principal = await run_db(_seen, key_hash, network_of(request_ip.get()))
            if principal is None:
                raise InvalidToken("This API key has expired or been ended. Create a new one.")
            await self.cache.add(name, principal, seconds=PRINCIPAL_SECONDS)
        elif await self.ended.has(principal.session_id):
            raise InvalidToken("This API key has been ended. Create a new one.")
        if principal.expires_at <= time.time():
            raise InvalidToken("This API key has expired. Create a new one.")
        return principal

    async def principal_of_id(self, key_id: UUID) -> Principal | None:
        """The same for a key that has been shown before; None once it has ended. Asks the database each time."""
        live = ApiKey.objects.live().select_related("user").filter(id=key_id, user__is_active=True)
        return await run_db(lambda: _principal(live.first()))

    async def end(self, *, user_id: UUID, key_id: UUID) -> None:
        """End one of a person's keys; it stops working at once. Raises NotFound."""
        which = {"user_id": user_id, "id": key_id}
        if not await self.sessions.end(ApiKey.objects.end, **which, reason="ended_by_user"):
            raise NotFound()

    async def remind(self) -> None:
        """Mail the owners of keys that expire within a week."""
        while await run_db(ApiKey.objects.remind):
            pass


def _seen(key_hash: bytes, network: str) -> Principal | None:
    return _principal(ApiKey.objects.seen(key_hash=key_hash, network=network))


def _principal(row: ApiKey | None) -> Principal | None:
    if row is None:
        return None
    missing = row.user.is_staff and not SecondFactors.enrolled(user_id=row.user_id)
    return Principal.of_api_key(row, factor_missing=missing)


def _new_key() -> str:
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    return f"{PREFIX}{secret}{_checksum(secret)}"


def _checksum(secret: str) -> str:
    """CRC-32 in base 62, as other services put it at the end of their keys."""
    rest, digits = zlib.crc32(secret.encode()), ""
    for _ in range(SUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
