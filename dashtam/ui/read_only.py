"""Admin pages to look at and not to touch: nothing is added, changed, deleted, or guessed by filtering."""

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """Nothing here is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """By what the page offers only: `?amount__gt=` would tell a number that the page hides."""
        offered = {name for name in getattr(self, "list_filter", ()) if isinstance(name, str)}
        offered.add(getattr(self, "date_hierarchy", None) or "")
        return lookup.partition("__")[0] in offered

    def get_urls(self) -> list[Any]:
        """Without Django's way from `…/<anything>/` to a row's page: an address that is not there is not there."""
        urls: list[Any] = super().get_urls()  # type: ignore[misc]
        return [url for url in urls if url.name or "object_id" not in str(url.pattern)]
