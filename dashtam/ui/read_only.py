"""Read-only admin pages, whose filters tell no more than the pages show."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import AllValuesFieldListFilter, FieldListFilter
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.db.models import CharField
from django.http import HttpRequest

from dashtam.errors import BadRequest


class ReadOnly:
    """A model admin without adding, changing and deleting."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow the filters of the page only: `?amount__gt=` would tell a number that the page hides."""
        offered = {name for name in getattr(self, "list_filter", ()) if isinstance(name, str)}
        offered.add(getattr(self, "date_hierarchy", None) or "")
        return lookup.partition("__")[0] in offered

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list, or carry out an action. Raises BadRequest for filters and choices of a wrong type."""
        try:
            with transaction.atomic():  # the database refuses some only when it is asked
                response = super().changelist_view(request, extra_context)  # type: ignore[misc]
                return response.render() if hasattr(response, "render") else response
        except (ValidationError, DataError, OverflowError) as error:
            raise BadRequest("Go back and choose again.") from error

    def get_urls(self) -> list[Any]:
        """Remove Django's redirect from `…/<anything>/` to a row's page, so that unknown URLs are answered 404."""
        urls: list[Any] = super().get_urls()  # type: ignore[misc]
        return [url for url in urls if url.name or "object_id" not in str(url.pattern)]


class ReadOnlyRows(ReadOnly):
    """Rows that belong to the row of a page, in a table that a keyboard can scroll."""

    template = "admin/rows.html"
    extra: int = 0
    max_num: int | None = 0
    can_delete: bool = False


class Codes(AllValuesFieldListFilter):
    """A filter by code that has a word for rows without one, where Django's has a link without words."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for each in super().choices(changelist):
            text = str(each["display"])
            yield {**each, "display": text if text.partition(" (")[0] else f"none{text}"}


def _is_code(field: Any) -> bool:
    return isinstance(field, CharField) and field.blank and not field.choices


FieldListFilter.register(_is_code, Codes, take_priority=True)
