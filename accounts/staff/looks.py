"""Looks at people's numbers in the admin: hidden until a colleague gives a reason, and then each look is noted."""

import contextvars
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import AuditEvent, StaffAct

HIDDEN = "••••"


@dataclass(slots=True)
class Sight:
    """The people whose numbers a request may show, and those whose numbers it has shown."""

    allowed: dict[UUID, StaffAct]
    shown: set[UUID] = field(default_factory=set)


_sight: contextvars.ContextVar[Sight | None] = contextvars.ContextVar("sight", default=None)


def _may_show(user_id: UUID) -> bool:
    sight = _sight.get()
    if sight is None or user_id not in sight.allowed:
        return False
    sight.shown.add(user_id)
    return True


def watched(request: Any, page: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """Make the page with the numbers its reader may see, and note each person shown before it leaves."""
    sight = Sight(looks_of(request))
    before = _sight.set(sight)
    try:
        response = answer()
        if hasattr(response, "render"):
            response = response.render()
    finally:
        _sight.reset(before)
    for user_id in sorted(sight.shown):
        act_id = str(sight.allowed[user_id].id)
        staff_id = request.principal.user_id
        AuditEvent.objects.record("values.seen", user_id=user_id, actor_id=staff_id, act_id=act_id, page=page)
    return response


def _shown(name: str) -> Callable[..., Any]:
    @admin.display(description=name.replace("_", " "))
    def show(self: "Masked", row: Any) -> Any:
        return _as_read(getattr(row, name)) if _may_show(self.person_of(row)) else HIDDEN

    return show


def _as_read(value: Any) -> Any:
    """Write money without the zeros that its column has room for."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class Masked:
    """A model's pages in the admin, whose `masked` columns are a person's numbers or names."""

    masked: tuple[str, ...] = ()
    change_list_template: Any = "admin/masked_change_list.html"
    change_form_template: Any = "admin/masked_change_form.html"
    opts: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.masked:
            setattr(cls, f"shown_{name}", _shown(name))

    def person_of(self, row: Any) -> UUID:
        """The person that the row belongs to."""
        user_id: UUID = row.user_id
        return user_id

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns, each masked one replaced by a stand-in that cannot be sorted by."""
        return self._stand_ins(super().get_list_display(request))  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fields, each masked one replaced likewise."""
        return self._stand_ins(super().get_fields(request, obj))  # type: ignore[misc]

    def _stand_ins(self, names: Any) -> list[Any]:
        return [f"shown_{name}" if name in self.masked else name for name in names]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list, watched, with the people whose numbers it shows."""
        parent = super().changelist_view  # type: ignore[misc]
        context = {**(extra_context or {}), "looks": list(looks_of(request).values())}
        return watched(request, self.opts.model_name, lambda: parent(request, context))

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One row, watched, with the link to give a reason."""
        parent = super().change_view  # type: ignore[misc]
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        context = {**(extra_context or {}), **(_way_to_look(request, self.person_of(row)) if row else {})}
        return watched(request, self.opts.model_name, lambda: parent(request, object_id, form_url, context))


def looks_of(request: Any) -> dict[UUID, StaffAct]:
    """The people whose numbers this colleague may see now, each with the act that gave the reason."""
    principal = request.principal
    return StaffAct.objects.open_looks(staff_id=principal.user_id, session_id=principal.session_id)


def _way_to_look(request: Any, user_id: UUID) -> dict[str, Any]:
    return {
        "look": looks_of(request).get(user_id),
        "look_url": reverse("admin:accounts_user_look", args=[user_id]),
    }
