"""Answers of every shape that a vendor's schema allows: all members, only those required, nulls, each word."""

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from providers.wire import http
from tests.specs.openapi import Document
from tests.specs.outcome import Outcome

DEEP = 12  # levels, after which a schema that contains itself ends
FORMATS = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T09:30:00Z",
    "decimal": "12.5",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://bank.example/page",
}
BY_NAME = {"amount": "12.50", "currency": "EUR", "iso_currency_code": "USD"}
Place = tuple[str | int, ...]
_encoder = msgspec.json.Encoder(decimal_format="number")


def every_shape(
    name: str, document: Document, answers: dict[str, tuple[str, Any, Callable[[Any], object]]]
) -> Outcome:
    """Each answer in each shape, decoded and read; by path its method, our type and the reader."""
    faults: dict[str, None] = {}
    tried = 0
    for path, (method, type_, read) in answers.items():
        for shape in shapes(document, document.schema_of(method, path)):
            tried += 1
            try:
                read(http.decoded(httpx.Response(200, content=_encoder.encode(shape)), type_))
            except Exception as error:  # noqa: BLE001 - told, and counted as wrong
                faults[f"{path}: {type(error).__name__} {error.__cause__ or error}"[:200]] = None
    return Outcome(name, [f"{tried} shapes of {len(answers)} answers"], list(faults))


def shapes(document: Document, schema: Any) -> Iterator[Any]:
    """The whole answer, the least one, and the whole one with each word and each null that its schema names."""
    whole = _whole(document, schema)
    yield whole
    yield _least(document, schema)
    for place, value in _others(document, schema, ()):
        changed = copy.deepcopy(whole)
        if _put(changed, place, value):
            yield changed


def _parts(document: Document, schema: Any) -> tuple[dict[str, Any], set[str], dict[str, Any], bool]:
    """Members, required ones, all else, and whether null is allowed; of alternatives the first that is not null."""
    node, nullable = document.at(schema), False
    members: dict[str, Any] = {}
    required: set[str] = set()
    rest: dict[str, Any] = {}
    if isinstance(node.get("type"), list):
        nullable = "null" in node["type"]
        node = {**node, "type": next(each for each in node["type"] if each != "null")}
    choices = [document.at(each) for key in ("anyOf", "oneOf") for each in node.get(key, ())]
    real = [each for each in choices if each.get("type") != "null"]
    nullable |= len(real) < len(choices)
    for each in (*node.get("allOf", ()), *real[:1]):
        own, needed, more, empty = _parts(document, each)
        members |= own
        required |= needed
        rest |= more
        nullable |= empty
    rest |= {key: value for key, value in node.items() if key not in ("properties", "required")}
    return {**members, **node.get("properties", {})}, required | set(node.get("required", ())), rest, nullable


def _whole(document: Document, schema: Any, name: str = "", depth: int = 0) -> Any:
    members, _, rest, _ = _parts(document, schema)
    if depth > DEEP:
        return None
    if members or rest.get("type") == "object":
        return {own: _whole(document, part, own, depth + 1) for own, part in members.items()}
    if rest.get("type") == "array":
        return [_whole(document, rest["items"], name, depth + 1)]
    words = [word for word in rest.get("enum", ()) if word is not None]
    if words:
        return words[0]
    if rest.get("type") in ("number", "integer"):
        return Decimal("12.5") if rest["type"] == "number" else 3
    if rest.get("type") == "boolean":
        return False
    return FORMATS.get(rest.get("format", ""), BY_NAME.get(name, name or "text"))


def _least(document: Document, schema: Any, name: str = "", depth: int = 0) -> Any:
    members, required, rest, nullable = _parts(document, schema)
    if nullable or depth > DEEP:
        return None
    if members or rest.get("type") == "object":
        return {own: _least(document, members[own], own, depth + 1) for own in required if own in members}
    if rest.get("type") == "array":
        return [_least(document, rest["items"], name, depth + 1)]
    return _whole(document, schema, name, depth)


def _others(document: Document, schema: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Other values by their places: null where it is allowed, nothing in lists, and each further word."""
    members, _, rest, nullable = _parts(document, schema)
    if len(place) > DEEP:
        return
    if nullable and place:
        yield place, None
    for word in rest.get("enum", ()):
        yield place, word
    node = document.at(schema)
    for choice in (*node.get("oneOf", ()), *node.get("anyOf", ())):
        if document.at(choice).get("type") != "null":
            yield place, _whole(document, choice)
    if rest.get("type") == "array":
        yield place, []
        yield from _others(document, rest["items"], (*place, 0))
    for own, part in members.items():
        yield from _others(document, part, (*place, own))


def _put(whole: Any, place: Place, value: Any) -> bool:
    """Put a value in its place; False where the whole answer has no such place."""
    try:
        for step in place[:-1]:
            whole = whole[step]
        whole[place[-1]] = value
    except (LookupError, TypeError):
        return False
    return True
