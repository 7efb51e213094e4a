"""Read-only admin pages, whose filters tell no more than the pages show."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, transaction
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
