"""Institutions of each kind of access, and the connectors for them: each a real HTTP server and a short class."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import msgspec
from django.utils import timezone

from providers.connectors import CONNECTORS, base
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.facts import Facts
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step, Visit
from providers.errors import (
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderUnavailable,
)
from providers.records import Capability
from providers.wire import signing
from providers.wire.grants import Grant
from providers.wire.http import request, request_json, request_xml
from providers.wire.oauth_server import OAuthServer
from providers.wire.placing import Placement, Secrets, Signature, Unsigned
from tests.providers.wire.canned import Canned, answer


@dataclass
class Request:
    """A request as an institution reads it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def basic(self) -> str:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else ""

    @classmethod
    def read(cls, raw: bytes) -> "Request":
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        headers = dict(line.split(": ", 1) for line in lines)
        return cls(method, target, {name.lower(): value for name, value in headers.items()}, body)


@dataclass
class Institution(Canned):
    """Answers each request by a function of it."""

    reply: Callable[[Request], bytes] = lambda request: answer("{}", "404 Not Found")
    told: list[Request] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        sizes = [int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        self.told.append(Request.read(head + await reader.readexactly(sum(sizes))))
        writer.write(self.reply(self.told[-1]))
        await writer.drain()


@asynccontextmanager
async def open_for_business(reply: Callable[[Request], bytes]) -> AsyncIterator[Institution]:
    place = Institution([], reply=reply)
    server = await asyncio.start_server(place.accept, "127.0.0.1", 0)
    place.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield place
        await asyncio.gather(*place.open)


@contextmanager
def registered(connector: base.Connector) -> Iterator[None]:
    CONNECTORS[connector.slug] = connector
    try:
        yield
    finally:
        del CONNECTORS[connector.slug]


NO = answer("{}", "401 Unauthorized")
ME = answer('{"id": "ana"}')


class Me(msgspec.Struct):
    id: str


class Toy(base.Connector):
    """The part that the toys have in common: one read, of the person's own id."""

    slug = "toy"
    name = "Toy Bank"
    auth: ClassVar[base.Auth] = "credentials"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts",)

    def __init__(self, url: str = "") -> None:
        self.url = url

    @property
    def base_url(self) -> str:
        return self.url

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        return (await request_json(client, "GET", "/me", type=Me)).id


class PastedToken(Toy):
    """A token names a page that is asked once for an address with user and password in it."""

    facts = Facts(cost="About $15 a year.", look_back=timedelta(days=45))

    @property
    def placement(self) -> Placement:
        return Placement(basic=("user", "password"))

    async def link(self, reach: Reach, said: Said) -> Step:
        if not said.answers:
            return Ask((Field("token", "Setup token"),), where="https://bridge.example/new")
        try:
            claim = base64.b64decode(said.answers["token"], validate=True).decode()
        except ValueError:
            raise CredentialsRefused.of("token", "Copy the whole token.") from None
        async with reach(claim) as client:
            given = httpx.URL((await request(client, "POST", claim)).text)
        secrets = {"user": given.username, "password": given.password}
        return Done(Grant(secrets, origin=str(given.copy_with(userinfo=b""))))

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return {403: ConsentEnded(), 402: PaymentRequired()}.get(answer.status_code)


class KeyPair(Toy):
    """A private key of the person signs a token for each request."""

    @property
    def placement(self) -> Placement:
        return Placement(sign=signed_by_key)

    async def link(self, reach: Reach, said: Said) -> Step:
        if not said.answers:
            return Ask((Field("name", "Name of the key", secret=False), Field("key", "Private key", lines=6)))
        return Done(Grant(said.answers))


def signed_by_key(request: Unsigned, secrets: Secrets, now: datetime) -> Signature:
    until = int(now.timestamp()) + 120
    claims = {"sub": secrets["name"], "uri": f"{request.method} {request.url.path}", "exp": until}
    return Signature(header={"Authorization": f"Bearer {signing.sign(secrets['key'], claims)}"})


class SharedSecret(Toy):
    """A secret of the person signs path, query and body of each request."""

    @property
    def placement(self) -> Placement:
        return Placement(header={"X-Partner": "partner"}, sign=signed_by_secret)

    @property
    def own_secrets(self) -> Mapping[str, str]:
        return {"partner": "installation-7"}

    async def link(self, reach: Reach, said: Said) -> Step:
        if not said.answers:
            return Ask((Field("client", "Client id", secret=False), Field("secret", "Secret")))
        return Done(Grant(said.answers))


def mac(secret: str, target: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), target.encode() + b"\n" + body, hashlib.sha256).hex()


def signed_by_secret(request: Unsigned, secrets: Secrets, now: datetime) -> Signature:
    query = {"client": secrets["client"], "at": str(int(now.timestamp()))}
    target = request.url.copy_merge_params(query).raw_path.decode()
    return Signature({"Signature": mac(secrets["secret"], target, request.body)}, query)


class Certified(Toy):
    """A certificate of the installation, and a token of the person as a user without a password."""

    def __init__(self, url: str, file: str) -> None:
        super().__init__(url)
        self.file = file

    @property
    def placement(self) -> Placement:
        return Placement(basic=("token", ""), certificate=self.file)

    async def link(self, reach: Reach, said: Said) -> Step:
        return Done(Grant(said.answers)) if said.answers else Ask((Field("token", "Access token"),))


class QueryToken(Toy):
    """A token in the query, XML in the answer, and what went wrong in a 200."""

    @property
    def placement(self) -> Placement:
        return Placement(query={"t": "token"})

    async def link(self, reach: Reach, said: Said) -> Step:
        return Done(Grant(said.answers)) if said.answers else Ask((Field("token", "Token"),))

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        return (await request_xml(client, "GET", "/report")).attrib["account"]

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        if b"<Status>Fail" not in answer.content:
            return None
        return ConsentEnded() if b"1012" in answer.content else ProviderUnavailable()


class HostedPage(Toy):
    """A page of the institution without a way back; reads are POSTs with the person's secret in their body."""

    facts = Facts(consent=timedelta(days=90))

    @property
    def placement(self) -> Placement:
        return Placement(header={"X-Client": "client"}, body={"access": "access"})

    @property
    def own_secrets(self) -> Mapping[str, str]:
        return {"client": "ours"}

    async def link(self, reach: Reach, said: Said) -> Step:
        async with reach() as client:
            if "page" not in said.kept:
                mended = {"mend": said.renews.secrets["access"]} if said.renews else {}
                made = await request_json(client, "POST", "/page", type=dict[str, str], json=mended)
                return Visit(made["url"], kept={"page": made["page"]}, poll=30)
            page = {"page": said.kept["page"]}
            found = await request_json(client, "POST", "/look", type=dict[str, str], json=page, safe=True)
        if not found.get("access"):
            return Visit("", kept=said.kept, poll=30)
        ends_at = timezone.now() + timedelta(days=30)
        return Done(Grant({"access": found["access"]}, ends_at=ends_at))

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        return (await request_json(client, "POST", "/me", type=Me, json={"fields": ["id"]}, safe=True)).id

    async def revoke(self, reach: Reach, grant: Grant) -> None:
        async with reach(grant=grant) as client:
            await request(client, "POST", "/remove", json={})


class PlainOAuth(Toy):
    """A code grant of a server that knows no PKCE; its consents last a week."""

    auth = "oauth2"
    facts = Facts(consent=timedelta(days=7))

    @property
    def oauth(self) -> OAuthServer:
        return OAuthServer(
            issuer=self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            revocation_endpoint=None,
            client_id="us",
            client_secret="ours",
            pkce=False,
        )


def members(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.body)
    return found


def claims(request: Request, public: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        request.headers["authorization"].removeprefix("Bearer "), public, algorithms=["ES256"]
    )
    return found
