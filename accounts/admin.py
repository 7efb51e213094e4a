"""What support staff may see and do about people. Nobody's password, address or session can be set here."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from accounts.models import ApiKey, Session, User
from accounts.tasks import announce_ended_sessions
from dashtam.read_only import ReadOnly

SESSION_FIELDS = (
    "id",
    "kind",
    "user_agent",
    "ip",
    "created_at",
    "last_seen_at",
    "expires_at",
    "revoked_at",
    "revoke_reason",
)


class SessionInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    """A person's latest sessions."""

    model = Session
    fields = readonly_fields = SESSION_FIELDS
    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People: found by address, disabled and enabled."""

    list_display = ("email", "name", "is_active", "is_staff", "email_verified_at", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("-created_at",)
    fields = (
        "email",
        "name",
        "is_active",
        "is_staff",
        "email_verified_at",
        "time_zone",
        "base_currency",
        "created_at",
    )
    inlines = (SessionInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only is_active can be changed, and by superusers is_staff."""
        may = {"is_active", "is_staff"} if request.user.is_superuser else {"is_active"}
        if obj is not None and (
            obj.pk == request.user.pk or (obj.is_superuser and not request.user.is_superuser)
        ):
            may = set()  # nobody locks themselves out, and no colleague locks out who appointed them
        return tuple(field for field in self.fields if field not in may)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People sign up themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People leave themselves."""
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Whoever is disabled, or is staff no longer, is signed out at once."""
        # Only what the form may change: a password set meanwhile must not be written back.
        obj.save(update_fields=[name for name in form.changed_data if name in {"is_active", "is_staff"}])
        if {"is_active", "is_staff"} & set(form.changed_data):
            by_staff: dict[str, Any] = {"reason": "ended_by_staff", "actor_id": request.user.pk}
            ended = Session.objects.end(user_id=obj.pk, **by_staff)
            keys = [] if obj.is_active else ApiKey.objects.end(user_id=obj.pk, **by_staff)
            announce_ended_sessions.defer(session_ids=[str(each.pk) for each in (*ended, *keys)])


@admin.register(Session)
class SessionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Sign-ins, newest first."""

    list_display = ("user", "kind", "ip", "created_at", "last_seen_at", "revoked_at", "revoke_reason")
    list_filter = ("kind", "revoke_reason")
    search_fields = ("user__email",)
    list_select_related = ("user",)
    fields = ("user", *SESSION_FIELDS)
