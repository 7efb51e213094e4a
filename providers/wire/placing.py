"""The places of secrets in requests: declared as data, or computed by one pure function.

A secret is put into a copy of the request at the last moment, below httpx's own log lines and below everything that
raises errors, so that neither ever holds one.
"""

import base64
import functools
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from providers.errors import ConsentEnded, NotSupported
from providers.wire import dpop

Secrets = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request as a signing function sees it: everything that is sent, but the signature."""

    method: str
    url: httpx.URL
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """The headers and query parameters that sign a request."""

    header: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


# Pure: no input but its arguments, no effect but its result. Called anew for each attempt, with the time in UTC.
Sign = Callable[[Unsigned, Secrets, datetime], Signature]


@dataclass(frozen=True, slots=True)
class Placement:
    """The place of each secret, by the secret's name.

    `bearer` names the access token (RFC 6750); with `dpop_key`, a PEM text, it is bound to our key (RFC 9449).
    `header`, `query` and `body` (members of a JSON object) map a place to a secret. `basic` names user and password, of
    which "" is an empty one. `certificate` is a file of this installation with certificate and key.
    """

    bearer: str = ""
    header: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    sign: Sign | None = None
    certificate: str = ""
    dpop_key: str = field(default="", repr=False)

    def authorise(self, request: httpx.Request, secrets: Secrets, *, partly: bool = False) -> httpx.Request:
        """The request, which will carry the secrets when it is sent. `partly`: those that are not there are left out.

        Raises ConsentEnded where a secret is missing: the grant is from before the connector asked for it.
        """
        if not partly and not self._names() <= secrets.keys():
            raise ConsentEnded
        extensions = {**request.extensions, "place": functools.partial(self._placed, secrets)}
        if self.dpop_key and self.bearer in secrets:
            extensions["sign"] = dpop.signer(self.dpop_key, access_token=secrets[self.bearer])
        request.extensions = extensions
        return request

    def _names(self) -> set[str]:
        named = {self.bearer, *(self.basic or ())}
        return {*named, *self.header.values(), *self.query.values(), *self.body.values()} - {""}

    def _placed(self, secrets: Secrets, request: httpx.Request) -> httpx.Request:
        headers, url, body = httpx.Headers(request.headers), request.url, request.content
        if self.bearer in secrets:
            headers["Authorization"] = f"{'DPoP' if self.dpop_key else 'Bearer'} {secrets[self.bearer]}"
        if self.basic and any(name in secrets for name in self.basic):
            headers["Authorization"] = _basic(*(secrets.get(name, "") for name in self.basic))
        headers.update(_found(self.header, secrets))
        if query := _found(self.query, secrets):
            url = url.copy_merge_params(query)
        if members := _found(self.body, secrets):
            body = _with_members(body, members)
            headers["Content-Type"] = "application/json"
        if self.sign is not None:
            signature = self._signature(self.sign, Unsigned(request.method, url, body), secrets)
            headers.update(signature.header)
            url = url.copy_merge_params(signature.query) if signature.query else url
        for name in ("Content-Length", "Transfer-Encoding"):
            headers.pop(name, None)  # httpx counts anew
        return httpx.Request(
            request.method, url, headers=headers, content=body, extensions=request.extensions
        )

    def _signature(self, sign: Sign, request: Unsigned, secrets: Secrets) -> Signature:
        try:
            return sign(request, secrets, datetime.now(UTC))
        except (KeyError, ValueError, TypeError):  # the message may quote the key
            raise ConsentEnded from None


def _found(places: Mapping[str, str], secrets: Secrets) -> dict[str, str]:
    return {place: secrets[name] for place, name in places.items() if name in secrets}


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _with_members(body: bytes, members: Mapping[str, str]) -> bytes:
    try:
        given: Any = msgspec.json.decode(body, type=dict[str, msgspec.Raw]) if body else {}
    except msgspec.MsgspecError:
        raise NotSupported from None  # our own connector sends something else than a JSON object
    return msgspec.json.encode({**given, **members})


class GrantAuth(httpx.Auth):
    """Authorises requests with a grant that is not stored yet, or with the installation's own secrets alone."""

    def __init__(self, secrets: Secrets, placement: Placement, *, partly: bool = False) -> None:
        self.secrets = secrets
        self.placement = placement
        self.partly = partly

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The generator that httpx drives for each request."""
        response = yield self.placement.authorise(request, self.secrets, partly=self.partly)
        if dpop.wants_nonce(response, request.url):
            yield self.placement.authorise(request, self.secrets, partly=self.partly)
