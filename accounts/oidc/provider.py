"""The OpenID provider: its metadata and keys, the authorization URL, and codes turned into verified claims.

OpenID Connect Core 1.0 and Discovery 1.0, the code flow with PKCE (RFC 7636), and RFC 9207 against mix-ups.
"""

import base64
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from accounts.errors import SignInProviderAway, SignInProviderLeft, SignInProviderRefused
from accounts.oidc.tokens import Claims, claims_of
from dashtam.crypto.base64url import base64url
from dashtam.crypto.sealed_tokens import digest
from dashtam.outbound import TIMEOUT, Outbound

DEADLINE_SECONDS, LARGEST = 15.0, 262_144
KEPT_SECONDS = 3600.0
KEYS_AGAIN_SECONDS = 60.0  # a token with a key that is not known makes us look once more, but no oftener


@dataclass(frozen=True, slots=True)
class Client:
    """Dashtam, as it is registered with the one provider."""

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid email"


class Metadata(msgspec.Struct, frozen=True):
    """The provider's metadata, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The query that the provider sent the browser back with."""

    code: str = ""
    state: str = ""
    issuer: str | None = None
    error: str = ""


class OpenIdProvider:
    """Speaks to one issuer through the checked client, and believes nothing that another one says."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.metadata: tuple[float, Metadata] | None = None
        self.keys: tuple[float, list[dict[str, Any]]] | None = None

    async def check(self) -> None:
        """Read metadata and keys. Raises SignInProviderAway."""
        await self._keys(await self._metadata())

    async def authorization_url(self, *, state: str, fresh: bool) -> str:
        """The URL for the browser; `fresh` has the provider ask for a sign-in anew. Raises SignInProviderAway."""
        known = await self._metadata()
        asked = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scope,
            "state": state,
            "nonce": _nonce(state),
            "code_challenge": base64url(_sha256(_verifier(state))),
            "code_challenge_method": "S256",
            **({"prompt": "login"} if fresh else {}),
        }
        joint = "&" if urlsplit(known.authorization_endpoint).query else "?"
        return f"{known.authorization_endpoint}{joint}{urlencode(asked, quote_via=quote)}"

    async def claims(self, answer: Answer, *, state: str) -> Claims:
        """Exchange the code that came back, and verify the ID token.

        Raises SignInProviderRefused, SignInProviderLeft among it, and SignInProviderAway.
        """
        known = await self._metadata()
        if answer.issuer is None and known.authorization_response_iss_parameter_supported:
            raise SignInProviderRefused
        if answer.issuer not in {None, self.client.issuer}:
            raise SignInProviderRefused  # the answer of another provider (RFC 9207 §2.4)
        if answer.error == "access_denied":
            raise SignInProviderLeft
        if answer.error in {"server_error", "temporarily_unavailable"}:
            raise SignInProviderAway
        if answer.error or not answer.code:
            raise SignInProviderRefused
        token = await self._id_token(known, answer.code, _verifier(state))
        kid, keys = _kid(token), await self._keys(known)
        if kid and not any(key.get("kid") == kid for key in keys):
            keys = await self._keys(known, older_than=KEYS_AGAIN_SECONDS)
        return claims_of(
            token, keys, issuer=self.client.issuer, client_id=self.client.client_id, nonce=_nonce(state)
        )

    async def _id_token(self, known: Metadata, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": verifier,
        }
        headers, form = self._authenticated(known, form)
        response = await _exchange("POST", known.token_endpoint, data=form, headers=headers)
        if response.status_code in {400, 401, 403}:
            raise SignInProviderRefused
        token = _decoded(response, dict).get("id_token")
        if not isinstance(token, str):
            raise SignInProviderRefused
        return token

    def _authenticated(self, known: Metadata, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form with the client's proof (RFC 6749 §2.3.1): by Basic, unless only the form is taken."""
        client, ways = self.client, known.token_endpoint_auth_methods_supported
        if not client.client_secret:
            return {}, {**form, "client_id": client.client_id}
        if "client_secret_basic" not in ways and "client_secret_post" in ways:
            return {}, {**form, "client_id": client.client_id, "client_secret": client.client_secret}
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, form

    async def _metadata(self) -> Metadata:
        if self.metadata is None or self.metadata[0] < time.monotonic():
            url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
            found: Metadata = _decoded(await _exchange("GET", url), Metadata)
            self._require_own(found)
            self.metadata = time.monotonic() + KEPT_SECONDS, found
        return self.metadata[1]

    def _require_own(self, found: Metadata) -> None:
        """Refuse metadata of another issuer, and endpoints that are spoken to in the clear where it is not."""
        schemes = {urlsplit(url).scheme for url in (found.token_endpoint, found.jwks_uri)}
        schemes.add(urlsplit(found.authorization_endpoint).scheme)
        if found.issuer != self.client.issuer or not schemes <= {"https", urlsplit(found.issuer).scheme}:
            raise SignInProviderAway(
                "The sign-in provider describes itself as another one: check OIDC_ISSUER."
            )

    async def _keys(self, known: Metadata, *, older_than: float = KEPT_SECONDS) -> list[dict[str, Any]]:
        now = time.monotonic()
        if self.keys is None or self.keys[0] < now - older_than:
            found: _Keys = _decoded(await _exchange("GET", known.jwks_uri), _Keys)
            self.keys = now, found.keys
        return self.keys[1]


def _verifier(state: str) -> str:
    """The code_verifier of a sign-in. Only we can derive it, so the browser's cookie need not hold it."""
    return base64url(digest(f"code_verifier of {state}"))


def _nonce(state: str) -> str:
    return base64url(digest(f"nonce of {state}"))


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _kid(token: str) -> str:
    """The key id that the token names, unverified: it only decides whether to look for new keys."""
    try:
        head = token.partition(".")[0]
        return str(
            msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid", "")
        )
    except (ValueError, AttributeError, msgspec.MsgspecError):
        return ""


async def _exchange(method: str, url: str, **content: Any) -> httpx.Response:
    """One exchange, with a deadline, a bounded answer and checked addresses, that follows nothing elsewhere."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", **content.pop("headers", {})}
    wire = Outbound(deadline=DEADLINE_SECONDS, largest=LARGEST)
    try:
        async with httpx.AsyncClient(transport=wire, trust_env=False, timeout=TIMEOUT) as client:
            return await client.request(method, url, headers=headers, **content)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError):
        raise SignInProviderAway from None  # without the cause: it quotes the URL


def _decoded(response: httpx.Response, kind: Any) -> Any:
    if response.status_code != 200:
        raise SignInProviderAway
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise SignInProviderAway from error
