"""The page that shows the OpenAPI document."""

import json
import re
from html import unescape
from typing import Any

import pytest

from dashtam.api.docs import page_of
from dashtam.templatetags.schemas import described


async def shown(async_client: Any) -> tuple[dict[str, Any], str]:
    document = json.loads((await async_client.get("/api/v1/openapi.json")).content)
    page = await async_client.get("/api/v1/docs")
    assert page.status_code == 200
    return document, page.content.decode()


async def test_every_operation_and_every_shape_is_shown(async_client: Any) -> None:
    document, page = await shown(async_client)
    assert document["paths"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f'id="{operation["operationId"]}"' in page
            assert f"<code>{method.upper()} {path}</code></summary>" in unescape(page)
            for response in operation["responses"].values():
                assert all(f'id="code-{code}"' in page for code in response.get("x-codes", ()))
    for name in document.get("components", {}).get("schemas", {}):
        assert f'<h3 id="shape-{name}">' in page


async def test_every_link_within_the_page_leads_somewhere_and_no_id_is_used_twice(async_client: Any) -> None:
    _, page = await shown(async_client)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


async def test_the_page_keeps_to_the_content_policy(async_client: Any) -> None:
    _, page = await shown(async_client)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Account"}, '<a href="#shape-Account">Account</a>'),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": ["string", "null"], "format": "date-time"}, "string or null (date-time)"),
        ({"enum": ["active", None]}, "<code>active</code>, <code>null</code>"),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object whose values are integer"),
        (
            {"type": "string", "minLength": 15, "maxLength": 1024},
            "string, at least 15 characters, at most 1024 characters",
        ),
        ({"type": "integer", "minimum": 0, "maximum": 500}, "integer, from 0, up to 500"),
        ({"enum": ["<b>"]}, "<code>&lt;b&gt;</code>"),
        ({}, "any value"),
        (None, "any value"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any] | None, words: str) -> None:
    assert described(schema) == words


def test_fields_named_like_a_dictionarys_methods_are_shown() -> None:
    shape = {
        "type": "object",
        "properties": {"items": {"type": "string"}, "keys": {"type": "integer"}},
        "required": ["keys"],
    }
    schema = {"info": {"title": "T"}, "paths": {}, "components": {"schemas": {"S": shape}}}
    page = page_of(schema)
    assert "<dt><code>items</code></dt><dd>string, optional</dd>" in page
    assert "<dt><code>keys</code></dt><dd>integer</dd>" in page
