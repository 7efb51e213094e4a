"""The OpenAPI document, and a page to read it: each made once for a process, and compressed once."""

import functools
import gzip
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string

from dashtam.api import etags, openapi
from dashtam.api.views import ApiView
from dashtam.bridge.doors import run_aside
from dashtam.web.headers import FILES_OF_OURS

NAMES = {"api-keys": "API keys", "mfa": "Second factors", "me": "Yourself", "healthz": "Operations"}
OPERATIONS = {"healthz", "readyz", "metrics"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body, ready to be sent."""

    body: bytes
    packed: bytes
    tag: str
    content_type: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> "Rendered":
        """With the same body compressed."""
        return cls(body, gzip.compress(body, 9, mtime=0), etags.etag_of(body), content_type)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it."""

    method: str
    path: str
    about: dict[str, Any]

    @property
    def credentials(self) -> list[str]:
        """The credentials in words: an access token, an API key with a scope; empty where the operation is public."""
        words = {"accessToken": "access token", "apiKey": "API key with scope {}"}
        return [
            words[name].format(" ".join(scopes))
            for way in self.about["security"]
            for name, scopes in way.items()
            if name in words
        ]

    @property
    def problems(self) -> Iterator[tuple[str, str]]:
        """Status and code of each error."""
        for status, response in self.about["responses"].items():
            yield from ((status, code) for code in response.get("x-codes", ()))


@dataclass(frozen=True, slots=True)
class Section:
    """The operations on one noun."""

    anchor: str
    title: str
    operations: list[Operation]


class Document(ApiView):
    """The description of this API."""

    public = True
    schema = None

    async def get(self, request: Any) -> Any:
        return await _serve(request._request, _document)


class Docs(ApiView):
    """The document as a page, by noun."""

    public = True
    schema = None

    async def get(self, request: Any) -> HttpResponse:
        page = await _serve(request._request, _page)
        page["Content-Security-Policy"] = FILES_OF_OURS  # the same bytes for everybody, so without a nonce
        return page


@functools.cache
def _document() -> Rendered:
    return Rendered.of(openapi.document(), "application/vnd.oai.openapi+json")


@functools.cache
def _page() -> Rendered:
    schema = openapi._schema()  # noqa: SLF001 the document before it is encoded
    return Rendered.of(page_of(schema).encode(), "text/html; charset=utf-8")


def page_of(schema: dict[str, Any]) -> str:
    """The document as a page."""
    return render_to_string("docs.html", {"schema": schema, "sections": list(_sections(schema))})


def _sections(schema: dict[str, Any]) -> Iterator[Section]:
    operations = [
        Operation(method.upper(), path, about)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
    ]
    for noun, found in itertools.groupby(sorted(operations, key=_noun), key=_noun):
        name = NAMES.get(noun, noun.replace("-", " ").capitalize())
        yield Section(f"about-{noun}", name, list(found))


def _noun(operation: Operation) -> str:
    noun = str(operation.about["tags"][0])
    return "healthz" if noun in OPERATIONS else noun


async def _serve(request: Any, make: Callable[[], Rendered]) -> HttpResponse:
    made: Any = make
    rendered = make() if made.cache_info().currsize else await run_aside(make)
    response: HttpResponse
    if etags.has(request, rendered.tag):
        response = HttpResponseNotModified()
    elif "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", ""):
        response = HttpResponse(rendered.packed, content_type=rendered.content_type)
        response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(rendered.body, content_type=rendered.content_type)
    response["ETag"], response["Vary"], response["Cache-Control"] = (
        rendered.tag,
        "Accept-Encoding",
        "no-cache",
    )
    return response
