"""Template filters that put parts of an OpenAPI document into words."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def pairs(mapping: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Keys and values. In a template `.items` finds a key of that name first, and schemas have such keys."""
    return list((mapping or {}).items())


@register.filter
def described(schema: Mapping[str, Any] | None) -> SafeString:
    """A schema in words: `list of Account`, `string (date-time) or null`, `one of active, expiring`."""
    schema = schema or {}
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return format_html('<a href="#shape-{}">{}</a>', name, name)
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            parts = [(described(part),) for part in schema[several]]
            return format_html_join(" and " if several == "allOf" else " or ", "{}", parts)
    if "enum" in schema:
        return format_html_join(", ", "<code>{}</code>", [(_literal(value),) for value in schema["enum"]])
    if schema.get("type") == "array":
        return format_html("list of {}", described(schema.get("items")))
    if isinstance(schema.get("additionalProperties"), Mapping):
        return format_html("object whose values are {}", described(schema["additionalProperties"]))
    return format_html("{}{}", _type(schema), _limits(schema))


def _literal(value: object) -> str:
    return "null" if value is None else str(value)


def _type(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "any value")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{words} ({schema['format']})" if "format" in schema else words


def _limits(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    known = [
        f"at least {least} character{'s' if least != 1 else ''}" if least else "",
        f"at most {most} characters" if most else "",
    ]
    known += [f"from {schema['minimum']}" if "minimum" in schema else ""]
    known += [f"up to {schema['maximum']}" if "maximum" in schema else ""]
    return "".join(f", {limit}" for limit in known if limit)


@register.filter
def as_json(value: object) -> str:
    """A value as it travels, laid out to be read."""
    return json.dumps(value, indent=2, ensure_ascii=False)
