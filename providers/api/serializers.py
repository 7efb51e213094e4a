"""Serializers and fields that several endpoints share."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from rest_framework import serializers

from providers.ledger.models import Lacks

EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


class Days(serializers.Serializer[Any]):
    """Days from one to another, both included."""

    def get_fields(self) -> dict[str, Any]:
        """Adds `from` and `to` by name, because `from` is a keyword of Python and cannot be an attribute."""
        return {"from": day("The first day."), "to": day("The last day."), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("from"), attrs.get("to")
        if start and end and start > end:
            raise serializers.ValidationError({"from": ["This day is after the last one."]}, code="after_to")
        return attrs


def day(help_text: str) -> serializers.DateField:
    bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
    return serializers.DateField(
        required=False, input_formats=["%Y-%m-%d"], validators=bounds, help_text=help_text
    )


def money(of: str = "", **options: Any) -> serializers.CharField:
    """A field with an exact decimal as text; `of` describes the amount in a sentence."""
    help_text = f"An exact decimal, never with an exponent. {of}".strip()
    return serializers.CharField(help_text=help_text, **options)


def lacks() -> serializers.ChoiceField:
    """A field with what a balance does not count."""
    return serializers.ChoiceField(
        ["", *Lacks.values],
        help_text="What `current` does not count, because the institution does not state it.",
    )


SOURCES = ("feed", "file", "person")
BALANCE_SOURCES = (*SOURCES, "derived")


def source(sources: Sequence[str] = SOURCES) -> serializers.ChoiceField:
    """A field with where a figure is from."""
    return serializers.ChoiceField(sources, help_text="The institution's feed, files, or the person.")


def stale() -> serializers.BooleanField:
    """A field that tells a figure older than its source lets one expect."""
    return serializers.BooleanField(
        help_text="True where its source should have had a newer one by now: prices count days of trading, and a "
        "file is never stale."
    )
