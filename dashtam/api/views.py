"""The base of every API view: authenticate, call one async method, encode plain rows."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from dashtam import absent, errors, limits
from dashtam.api import etags, idempotency
from dashtam.api.json_types import wrong_types
from dashtam.bridge.doors import run_aside
from dashtam.web import measures, problems

# Where these are installed for something else, the framework loads them for clients and templates that nobody here
# uses: 7 MB, and a twentieth of the time that a start takes.
with absent("requests"), absent("jinja2"):
    from adrf.views import APIView
    from drf_spectacular import plumbing  # noqa: F401 it loads Django's own test client
    from rest_framework.parsers import BaseParser
    from rest_framework.serializers import Serializer

# The scopes of API keys (RFC 6749 §3.3): to read, to start a sync, and to change anything.
READ, SYNC, MANAGE = "read", "sync", "manage"
BY_METHOD = {"GET": READ, "POST": MANAGE, "PUT": MANAGE, "PATCH": MANAGE, "DELETE": MANAGE}

PAGING = {"cursor", "limit"}
T = TypeVar("T")


class StrictJSONParser(BaseParser):
    """Strict JSON (RFC 8259): no NaN, no lone surrogates, no name twice, bounded size and depth."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise errors.PayloadTooLarge()
        try:
            json.loads(
                raw, object_pairs_hook=_named_once
            )  # of a name given twice, msgspec would keep the last
            return msgspec.json.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise errors.BadRequest("The body is not valid JSON.", code="malformed_json") from error


def _named_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with something else than 200 and a body: a status, headers, or no body at all."""

    data: Any = None
    status: int = 200
    headers: Mapping[str, str] | None = None


class ApiView(APIView):
    """One resource. Handlers are async, return plain data or a Reply, and raise DashtamErrors.

    Stock adrf runs authentication and permission checks in a thread and rendering in another; here
    both happen on the loop: the authenticator awaits, and encoding a page takes microseconds.
    """

    public: ClassVar[bool] = False
    scopes: ClassVar[Mapping[str, str]] = {}  # what API keys need, by method; without an entry none is taken
    idempotent: ClassVar[bool] = False  # whether POST takes an Idempotency-Key
    largest: ClassVar[int] = 0  # bytes of a body, where the handler itself refuses more before it is read
    parser_classes: ClassVar[Sequence[type[BaseParser]]] = (StrictJSONParser,)

    async def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve one request."""
        self.args, self.kwargs = args, kwargs
        self.headers: dict[str, str] = {}
        self.request = request = self.initialize_request(request, *args, **kwargs)
        counted: dict[limits.Limit, float] = {}
        limits.told.set(counted)
        response = await self._served(request)
        if counted:
            response["RateLimit-Policy"] = ", ".join(limit.policy for limit in counted)
            response["RateLimit"] = ", ".join(limit.state(full_in) for limit, full_in in counted.items())
        return response

    async def _served(self, request: Any) -> HttpResponseBase:
        try:
            handler = self._handler(request.method)
            await self._authenticate(request)
            work = functools.partial(self._answer, handler)
            if self.idempotent and request.method == "POST" and (key := idempotency.key_of(request)):
                return await idempotency.once(request._request, key, work, self.may_repeat)
            return await work()
        except Exception as exception:  # noqa: BLE001 the outermost frame of a request
            return self._refusal(exception)

    def may_repeat(self) -> None:
        """Raise where the answer that an Idempotency-Key got before must not be given again to this caller."""

    async def _answer(self, handler: Callable[..., Any]) -> HttpResponseBase:
        try:
            if measures.content_length(self.request) > measures.QUICK_BYTES and not self.largest:
                await run_aside(getattr, self.request, "data")  # parsed there, and kept
            return self._response(await handler(self.request, *self.args, **self.kwargs))
        except Exception as exception:  # noqa: BLE001 as above: with a key, this is the outermost frame
            return self._refusal(exception)

    def _refusal(self, exception: Exception) -> HttpResponseBase:
        error = problems.typed(exception)
        problems.log_if_ours(exception, error)
        response = problems.problem(error, self.request._request.id)
        if isinstance(error, errors.MethodNotAllowed):
            response["Allow"] = ", ".join(self.allowed_methods)
        return response

    @property
    def principal(self) -> Any:
        """The person and session that the request speaks for, as the authentication class found them."""
        return self.request._request.principal

    def _handler(self, method: str) -> Callable[..., Any]:
        name = method.lower()
        if name == "head":
            name = "get"  # the server sends the headers only
        if name not in self.http_method_names or not hasattr(self, name):
            raise errors.MethodNotAllowed()
        handler: Callable[..., Any] = getattr(self, name)
        return handler

    async def options(self, request: Any, *args: Any, **kwargs: Any) -> Reply:
        """204 with the methods that this path takes."""
        return Reply(status=204, headers={"Allow": ", ".join(self.allowed_methods)})

    async def _authenticate(self, request: Any) -> None:
        if self.public or request.method == "OPTIONS":
            return
        for authenticator in self.get_authenticators():
            principal = await authenticator.authenticate(request)
            if principal is not None:
                self._require_scope(principal, request.method)
                request._request.principal = principal
                return
        raise errors.Unauthorized()

    def _require_scope(self, principal: Any, method: str) -> None:
        """Raises InsufficientScope when an API key may not do this here. Sessions may do everything."""
        needed = self.scopes.get("GET" if method == "HEAD" else method)
        if principal.scopes is not None and needed not in principal.scopes:
            raise errors.InsufficientScope(needed)

    def _response(self, reply: Any) -> HttpResponseBase:
        if isinstance(reply, HttpResponseBase):
            return reply
        if not isinstance(reply, Reply):
            reply = Reply(reply)
        response: HttpResponse
        if reply.data is None:
            response = HttpResponse(status=reply.status if reply.status != 200 else 204)
        elif self.request.method in etags.READS and reply.status == 200:
            response = etags.answer(self.request._request, encode(reply.data), "application/json")
        else:
            response = HttpResponse(encode(reply.data), content_type="application/json", status=reply.status)
        for name, value in (reply.headers or {}).items():
            response[name] = value
        return response

    def read(self, serializer: type[Serializer[Any]]) -> dict[str, Any]:
        """The validated body. Raises ValidationFailed naming each field."""
        data = self.request.data
        if not isinstance(data, Mapping):
            raise errors.BadRequest("The body must be a JSON object.", code="malformed_json")
        if wrong := measures.wrong_sizes(data):
            raise errors.ValidationFailed(errors=wrong)
        if type(data) is dict and (
            wrong := wrong_types(_fields(serializer), data)
        ):  # a form's values are all text
            raise errors.ValidationFailed(errors=wrong)
        return _validated(serializer, data)

    def read_query(self, serializer: type[Serializer[Any]], *, paged: bool = True) -> dict[str, Any]:
        """The validated query parameters. Unknown and repeated ones are refused."""
        given = self.request._request.GET
        if not given:
            return dict(_defaults(serializer))
        known = {*_fields(serializer)} | (PAGING if paged else set())
        wrong = [
            errors.FieldError(name, "unknown", "There is no such parameter.")
            for name in given
            if name not in known
        ]
        wrong += [
            errors.FieldError(name, "repeated", "Give this parameter once.")
            for name, values in given.lists()
            if len(values) > 1
        ]
        if wrong:
            raise errors.ValidationFailed(errors=wrong)
        return _validated(serializer, given.dict())


class KeyedView(ApiView):
    """A resource that API keys open too, given the scope that fits the method."""

    scopes = BY_METHOD


@functools.cache  # a serializer copies all its fields anew each time
def _fields(serializer: type[Serializer[Any]]) -> Mapping[str, Any]:
    return serializer().fields


@functools.cache
def _defaults(serializer: type[Serializer[Any]]) -> dict[str, Any]:
    """The defaults of all parameters. Raises ValidationFailed, each time, where one is required."""
    return _validated(serializer, {})


def _validated(serializer: type[Serializer[Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    bound = serializer(data=data)
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


_encoder = msgspec.json.Encoder(enc_hook=str, decimal_format="string")


def encode(data: Any) -> bytes:
    """JSON: decimals as exact strings, times as RFC 3339 in UTC, ids as strings."""
    return _encoder.encode(data)
