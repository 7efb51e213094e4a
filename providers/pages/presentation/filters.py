"""The filters in use: each in words, with the link that removes it alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """A filter in words, and the URL of the list without it."""

    name: str
    value: str
    url: str


def active_filters(request: HttpRequest, form: forms.Form, anchor: str) -> list[ActiveFilter]:
    """The filters that are set, in the order of the form."""
    return [
        ActiveFilter(str(bound.label), value, _without(request, bound.html_name, anchor))
        for bound in form.visible_fields()
        for value in _value(form, bound)
    ]


def _value(form: forms.Form, bound: forms.BoundField) -> Iterator[str]:
    given = form.data.get(bound.html_name, "")
    if isinstance(bound.field, forms.ChoiceField):
        choices: Any = bound.field.choices
        given = {str(code): name for code, name in choices if code}.get(given, given)
    if given:
        yield str(given)


def _without(request: HttpRequest, name: str, anchor: str) -> str:
    query = request.GET.copy()
    for each in (name, "cursor"):
        query.pop(each, None)
    return f"{request.path}{'?' if query else ''}{query.urlencode()}#{anchor}"
