"""The OpenAPI 3.1 document, made from the views and their serializers, and a page to read it."""

import functools
import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from dashtam import errors
from dashtam.api.views import ApiView


class FieldProblem(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """An error, as RFC 9457 lays it out. `code` is stable; the words may change."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


class Empty(serializers.Serializer[Any]):
    """No parameters beside `cursor` and `limit`."""


class PageQuery(serializers.Serializer[Any]):
    """The slice of a list."""

    cursor = serializers.CharField(
        required=False, allow_blank=True, help_text="The `next_cursor` of the page before."
    )
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500, help_text="50 unless told.")


@functools.cache  # the document tells components apart by their class
def list_of(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """A page of rows, for the OpenAPI document."""
    fields = {
        "__doc__": "One page.",
        "__module__": __name__,
        "results": row(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
    }
    return type(f"{row.__name__}List", (serializers.Serializer,), fields)


ALWAYS = (503,)


def problem_responses(*statuses: int) -> dict[Any, OpenApiResponse]:
    """The error answers of one operation, to be merged into the `responses` of its extend_schema."""
    return {
        (status, "application/problem+json"): OpenApiResponse(Problem, _title(status))
        for status in (*statuses, *ALWAYS)
    }


def _title(status: int) -> str:
    kinds = {kind.status: kind.title for kind in reversed(errors.DashtamError.__subclasses__())}
    return kinds[status]


class BearerScheme(OpenApiAuthenticationExtension):
    """Says which operations need an access token: all that are not public."""

    target_class = "accounts.entrance.bearer.BearerAuthentication"
    name = "bearer"

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """An access token can do everything; the scope is what an API key needs (OpenAPI 3.1 §4.8.30)."""
        scope = auto_schema.view.scopes.get(auto_schema.method)
        return [{}] if auto_schema.view.public else [{"bearer": [scope] if scope else []}]

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token, or an API key (`dsh_…`). An operation that names a scope also takes "
            "keys that have it; one that names none takes access tokens only.",
        }


class Document(ApiView):
    """The description of this API."""

    public = True
    schema = None

    async def get(self, request: HttpRequest) -> Any:
        return HttpResponse(document(), content_type="application/vnd.oai.openapi+json")


@functools.cache
def document() -> bytes:
    return json.dumps(_schema()).encode()


@functools.cache
def _schema() -> dict[str, Any]:
    # Called for its value only: no request, so that the document does not depend on who asks.
    generator = SchemaGenerator()
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    for operation in (each for path in schema["paths"].values() for each in path.values()):
        for status in _always(operation):
            operation["responses"].setdefault(str(status), PROBLEM | {"description": _title(status)})
    return schema


PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _always(operation: dict[str, Any]) -> Iterator[int]:
    """The errors that any request of its kind may get: malformed, not allowed, rate-limited, too large."""
    yield from (400, 429)
    if any("bearer" in scheme for scheme in operation.get("security", ())):
        yield from (401, 403)
    if "requestBody" in operation:
        yield from (413, 415)


class Docs(ApiView):
    """The document as a page, grouped by path."""

    public = True
    schema = None

    async def get(self, request: Any) -> HttpResponse:
        return render(request._request, "docs.html", {"schema": _schema()})
