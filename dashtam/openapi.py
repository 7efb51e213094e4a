"""The OpenAPI 3.1 document, made from the views and their serializers, and a page to read it."""

import functools
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from dashtam.api import ApiView


class Document(ApiView):
    """The description of this API."""

    public = True
    schema = None

    async def get(self, request: HttpRequest) -> Any:
        return HttpResponse(_document(), content_type="application/vnd.oai.openapi+json")


@functools.cache
def _document() -> bytes:
    return json.dumps(_schema()).encode()


@functools.cache
def _schema() -> dict[str, Any]:
    # Called for its value only: no request, so that the document does not depend on who asks.
    generator = SchemaGenerator(api_version="1")
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    return schema


async def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page, grouped by path."""
    return render(request, "docs.html", {"schema": _schema()})
