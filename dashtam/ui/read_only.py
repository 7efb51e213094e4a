"""Read-only admin pages, whose filters tell no more than the pages show."""

from typing import Any

from django.http import HttpRequest


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

    def get_urls(self) -> list[Any]:
        """Remove Django's redirect from `…/<anything>/` to a row's page, so that unknown URLs are answered 404."""
        urls: list[Any] = super().get_urls()  # type: ignore[misc]
        return [url for url in urls if url.name or "object_id" not in str(url.pattern)]
