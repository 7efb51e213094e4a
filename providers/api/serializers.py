"""Shapes that several addresses share."""

import functools
from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


class Empty(serializers.Serializer[Any]):
    """No parameters beside `cursor` and `limit`."""


class PageQuery(serializers.Serializer[Any]):
    """Which slice of a list."""

    cursor = serializers.CharField(
        required=False, allow_blank=True, help_text="The `next_cursor` of the page before."
    )
    limit = serializers.IntegerField(required=False, min_value=1, max_value=500, help_text="50 unless told.")


class Days(serializers.Serializer[Any]):
    """Days from one to another, both included."""

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python, so it cannot be an attribute."""
        return {"from": _day("The first day."), "to": _day("The last day."), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("from"), attrs.get("to")
        if start and end and start > end:
            raise serializers.ValidationError({"from": ["This day is after the last one."]}, code="after_to")
        return attrs


def _day(help_text: str) -> serializers.DateField:
    bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return serializers.DateField(
        required=False, input_formats=["%Y-%m-%d"], validators=bounds, help_text=help_text
    )


def money(**options: Any) -> serializers.CharField:
    """An exact decimal as text."""
    return serializers.CharField(help_text="An exact decimal, never with an exponent.", **options)


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
