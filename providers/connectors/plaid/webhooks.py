"""Webhooks of Plaid: a JWS in ES256 over the hash of the body, not older than five minutes, with a key that we fetch.

A webhook carries no data. It is believed in that something is new, in the end of a consent, and in what only a person
can do at Plaid; and it counts once.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import jwt
import msgspec
from msgspec import Struct, field

from dashtam import limits
from dashtam.cache import cache
from dashtam.errors import TooManyRequests
from dashtam.limits import Limit
from providers.connectors.contract.news import News
from providers.connectors.contract.steps import Reach
from providers.connectors.plaid.answers import Key, KeyAnswer
from providers.connectors.plaid.reading import aware
from providers.errors import ProviderError
from providers.wire.http import request_json

HEADER = "plaid-verification"
OLDEST = 300  # seconds
AHEAD = 60  # seconds that Plaid's clock may be before ours
LONGEST = 2_000  # characters of a signature
FARTHEST = timedelta(days=400)  # no consent ends later
KEPT = 3600  # seconds that a key is kept before Plaid is asked again whether it still counts
KEYS = Limit("keys of webhooks", 3, 90)  # strangers can name as many as they like
NEWS = {
    "TRANSACTIONS": {"SYNC_UPDATES_AVAILABLE"},
    "HOLDINGS": {"DEFAULT_UPDATE"},
    "INVESTMENTS_TRANSACTIONS": {"DEFAULT_UPDATE", "HISTORICAL_UPDATE"},
    "ITEM": {
        "ERROR",
        "LOGIN_REPAIRED",
        "NEW_ACCOUNTS_AVAILABLE",
        "PENDING_DISCONNECT",
        "PENDING_EXPIRATION",
        "USER_ACCOUNT_REVOKED",
        "USER_PERMISSION_REVOKED",
    },
}


class Heard(Struct):
    """A webhook."""

    webhook_type: str
    webhook_code: str
    item_id: str = field(default="")
    consent_expiration_time: datetime | None = None
    disconnect_time: datetime | None = None


async def news(reach: Reach, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
    """The news of a webhook; none for one that is not Plaid's, or brings nothing new."""
    signature = headers.get(HEADER, "")
    kid = key_id(signature)
    if kid is None:
        return ()
    key = await _key(reach, kid)
    if key is None or not verified(signature, key, body, datetime.now(UTC)):
        return ()
    return told(body, datetime.now(UTC)) if await _first_time(signature) else ()


async def _key(reach: Reach, kid: str) -> Key | None:
    """The key of that id, from the cache or from Plaid; None if Plaid has none, or too many were asked for lately."""
    name = f"plaid:key:{hashlib.sha256(kid.encode()).hexdigest()}"
    if known := await cache().get(name, Key):
        return known
    try:
        await limits.require((KEYS, "plaid"))
        async with reach() as client:
            asked = {"key_id": kid}
            answer = await request_json(
                client, "POST", "/webhook_verification_key/get", type=KeyAnswer, json=asked, safe=True
            )
    except (ProviderError, TooManyRequests):
        return None
    await cache().set(name, answer.key, seconds=KEPT)
    return answer.key


async def _first_time(signature: str) -> bool:
    """True for a webhook that has not come before; while the cache is away, none is taken, and polling goes on."""
    name = f"plaid:heard:{hashlib.sha256(signature.encode()).hexdigest()}"
    return await cache().add(name, "heard", seconds=OLDEST + AHEAD)


def key_id(signature: str) -> str | None:
    """The id of the key that a signature names; None for one that cannot be Plaid's."""
    if not 0 < len(signature) <= LONGEST:
        return None
    try:
        header = jwt.get_unverified_header(signature)
    except jwt.InvalidTokenError:
        return None
    kid = header.get("kid")
    return kid if header.get("alg") == "ES256" and isinstance(kid, str) and 0 < len(kid) <= 200 else None


def verified(signature: str, key: Key, body: bytes, now: datetime) -> bool:
    """True if this key has signed this body, now."""
    if key.expired_at is not None or (key.kty, key.crv, key.alg) != ("EC", "P-256", "ES256"):
        return False
    try:
        public = jwt.PyJWK({"kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y}, algorithm="ES256")
        claims = jwt.decode(
            signature,
            public,
            algorithms=["ES256"],
            options={"require": ["iat", "request_body_sha256"], "verify_iat": False},
        )
        age = now.timestamp() - float(claims["iat"])
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    stated = str(claims["request_body_sha256"])
    same = hmac.compare_digest(stated.encode(), hashlib.sha256(body).hexdigest().encode())
    return same and -AHEAD <= age <= OLDEST


def told(body: bytes, now: datetime) -> Sequence[News]:
    """The news in the body of a webhook, about one Item."""
    try:
        heard = msgspec.json.decode(body, type=Heard)
    except msgspec.MsgspecError:
        return ()
    if not heard.item_id or heard.webhook_code not in NEWS.get(heard.webhook_type, ()):
        return ()
    end = {
        "PENDING_EXPIRATION": heard.consent_expiration_time,
        "PENDING_DISCONNECT": heard.disconnect_time,
    }.get(heard.webhook_code)
    end = aware(end)
    return (
        News(
            heard.item_id,
            ends_at=end if end is not None and now < end < now + FARTHEST else None,
            repaired=heard.webhook_code == "LOGIN_REPAIRED",
            more_accounts=heard.webhook_code == "NEW_ACCOUNTS_AVAILABLE",
        ),
    )
