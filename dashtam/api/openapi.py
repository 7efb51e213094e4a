"""The OpenAPI 3.1 document, made from the views and their serializers."""

import functools
import json
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from dashtam.api import problem_docs
from dashtam.api.document import HEADERS
from dashtam.api.examples import add_examples
from dashtam.api.problem_docs import problem_responses

__all__ = ["CREATED", "Empty", "PageQuery", "document", "list_of", "problem_responses"]

CREATED = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="The address of what was created."
)


class Empty(serializers.Serializer[Any]):
    """No parameters beside `cursor` and `limit`."""


class PageQuery(serializers.Serializer[Any]):
    """The slice of a list."""

    cursor = serializers.CharField(
        required=False, allow_blank=True, help_text="The `next_cursor` of the page before."
    )
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500, help_text="50 unless told.")


@functools.cache  # the document tells components apart by their class
def list_of(
    row: type[serializers.Serializer[Any]], doc: str = "One page.", *, name: str = ""
) -> type[serializers.Serializer[Any]]:
    """A page of rows, for the OpenAPI document, as the component `name` (a list of its rows unless told)."""
    fields = {
        "__doc__": doc,
        "__module__": __name__,
        "results": row(many=True),
        "next_cursor": serializers.CharField(allow_null=True),
    }
    return type(name or f"{row.__name__}List", (serializers.Serializer,), fields)


class BearerScheme(OpenApiAuthenticationExtension):
    """The credentials that an operation takes: an access token, an API key with a scope, or none."""

    target_class = settings.API_AUTHENTICATION
    match_subclasses = True  # one of a view of its own takes these too
    name = ["accessToken", "apiKey"]  # noqa: RUF012 as its base declares it

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Either of them; with an API key goes the scope that it needs (OpenAPI 3.1 §4.8.30)."""
        scope = auto_schema.view.scopes.get(auto_schema.method)
        return [{"accessToken": []}, *([{"apiKey": [scope]}] if scope else [])]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "An access token from `POST /api/v1/auth/tokens`. It may do everything its person may.",
            },
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "dsh_…",
                "description": "An API key from `POST /api/v1/auth/api-keys`. It may do what its scopes say: `read`, "
                "`sync`, `manage`. Operations that do not list it take access tokens only.",
            },
        ]


@functools.cache
def document() -> bytes:
    """The document as JSON."""
    return json.dumps(_schema(), ensure_ascii=False).encode()


@functools.cache
def _schema() -> dict[str, Any]:
    # Called for its value only: no request, so that the document does not depend on who asks.
    generator = SchemaGenerator()
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    add_examples(schema)
    problem_docs.share(schema)
    schema["components"]["headers"] = HEADERS
    tags = dict.fromkeys(
        tag for path in schema["paths"].values() for each in path.values() for tag in each["tags"]
    )
    schema["tags"] = [{"name": tag} for tag in tags]
    return schema
