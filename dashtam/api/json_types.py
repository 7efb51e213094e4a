"""Types of JSON: a body whose values only resemble what the document describes is refused.

Django REST framework makes text of numbers, ids of whole numbers, and truths of words. Each client means something by
that, and not all the same; an amount as a JSON number has been a binary fraction on its way.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import Field

from dashtam.errors import FieldError

_TEXT = "Give this as text."
# By the class itself: a field of our own has its own rule.
_TYPES: dict[type[Field[Any, Any, Any, Any]], tuple[type, str]] = {
    serializers.CharField: (str, _TEXT),
    serializers.DateField: (str, _TEXT),
    serializers.DateTimeField: (str, _TEXT),
    serializers.UUIDField: (str, _TEXT),
    serializers.DecimalField: (str, 'Give the amount as text, such as "12.50".'),
    serializers.BooleanField: (bool, "Give true or false."),
    serializers.IntegerField: (int, "Give a whole number."),
}


def wrong_types(fields: Mapping[str, Any], data: Mapping[str, Any]) -> list[FieldError]:
    """One error for each field whose value has another type than the document says; null is left to the field."""
    return [
        FieldError(name, "invalid", message)
        for name, field in fields.items()
        for message in [next(_wrong(field, data.get(name)), None)]
        if message
    ]


def _wrong(field: Any, value: Any) -> Iterator[str]:
    wanted, message = _TYPES.get(type(field), (None, ""))
    if value is None:
        return
    if wanted is not None and type(value) is not wanted:
        yield message
    elif isinstance(field, serializers.ListField) and isinstance(value, list):
        for each in value:
            yield from _wrong(field.child, each)
    elif isinstance(field, serializers.DictField) and isinstance(value, dict):
        for each in value.values():
            yield from _wrong(field.child, each)
