"""People, sessions and mail in the admin. No password, email address or second factor can be set here."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html

from accounts.audit import stopped_mail
from accounts.models import AuditEvent, Identity, Invitation, Session, StaffAct, User
from accounts.services.invitation_service import PERMISSION
from accounts.staff import acts, pages
from accounts.staff.forms import ReasonedActionForm, ReasonForm
from accounts.staff.looks import looks_of
from dashtam.ui.read_only import ReadOnly, ReadOnlyRows
from notifications.admin import EmailAdmin, SuppressionAdmin
from notifications.models import Email, Suppression

NO_REASON = "Nothing was sent. Give the reason in a sentence: the person will read it."
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


class SessionInline(ReadOnlyRows, admin.TabularInline):  # type: ignore[type-arg]
    """A person's latest sessions."""

    model = Session
    fields = readonly_fields = SESSION_FIELDS
    show_change_link = False


class StaffActInline(ReadOnlyRows, admin.TabularInline):  # type: ignore[type-arg]
    """Acts and looks of the staff about the person, with their reasons."""

    model = StaffAct
    fields = readonly_fields = ("created_at", "action", "reason", "ticket")
    verbose_name_plural = "acts of the staff"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True for staff who may see the person."""
        return request.user.has_perm("accounts.view_user")


@admin.register(User)
class UserAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """People: found by email address, seen, and helped by acts that only they themselves can finish."""

    list_display = ("email", "name", "is_active", "is_staff", "email_verified_at", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    search_help_text = "By email address or name"
    ordering = ("-created_at",)
    fields = (
        *("email", "name", "is_active", "roles"),
        *("email_verified_at", "time_zone", "base_currency", "created_at"),
    )
    readonly_fields = fields
    inlines = (SessionInline, StaffActInline)
    change_form_template = "admin/person.html"

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """Their roles in the staff, or `none`."""
        names = [group.name for group in user.groups.all()]
        return ", ".join([*(["superuser"] if user.is_superuser else []), *names]) or "none"

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """A person, and the acts that can be carried out for them."""
        user = self.get_object(request, object_id)
        if isinstance(user, User) and request.user.has_perm("accounts.help_user"):
            look = looks_of(request).get(user.pk)
            help_context = {"person": user, "acts": acts.offered(request.user, user), "look": look}
            extra_context = {**(extra_context or {}), **help_context}
        return super().change_view(request, object_id, form_url, extra_context)

    def get_urls(self) -> list[Any]:
        """Add the pages that ask for a reason."""
        gated = self.admin_site.admin_view
        return [
            path("<uuid:id>/look/", gated(pages.look), name="accounts_user_look"),
            path("<uuid:id>/help/<slug:verb>/", gated(pages.start), name="accounts_user_help"),
            path("<uuid:id>/roles/", gated(pages.roles), name="accounts_user_roles"),
            *super().get_urls(),
        ]


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ReadOnly, GroupAdmin):
    """The roles of the staff. Each `migrate` sets what they may do; who has them is set on a person's page."""

    fields = readonly_fields = ("name", "permissions")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True for superusers, who appoint."""
        return bool(request.user.is_superuser)


@admin.register(Session)
class SessionAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Sign-ins, newest first."""

    list_display = ("user", "kind", "ip", "created_at", "last_seen_at", "revoked_at", "revoke_reason")
    list_filter = ("kind", "revoke_reason")
    search_fields = ("user__email",)
    list_select_related = ("user",)
    fields = ("user", *SESSION_FIELDS)


@admin.register(Identity)
class IdentityAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Accounts that are linked with the sign-in provider. Only their people link and unlink."""

    list_display = ("user", "issuer", "created_at", "last_used_at")
    search_fields = ("user__email",)
    list_select_related = ("user",)
    fields = readonly_fields = list_display


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """Invitations, newest first; sent on a page of the settings, and taken back here or there."""

    list_display = ("email", "invited_by", "state", "created_at", "expires_at", "used_at", "revoked_at")
    search_fields = ("email", "invited_by__email")
    list_select_related = ("invited_by",)
    fields = readonly_fields = list_display
    actions = ("take_back",)

    @admin.action(description="Take back (only those that wait)", permissions=["take_back"])
    def take_back(self, request: Any, chosen: QuerySet[Invitation]) -> None:
        """Take back those among the chosen whose link still works."""
        actor_id = request.principal.user_id
        ids = list(chosen.values_list("pk", flat=True))
        count = sum(Invitation.objects.revoke(id=each, actor_id=actor_id) for each in ids)
        self.message_user(request, f"Taken back: {count} of {len(ids)}.", messages.SUCCESS)

    def has_take_back_permission(self, request: HttpRequest) -> bool:
        """True for staff who may invite."""
        return request.user.has_perm(PERMISSION)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    """The audit log, newest first. It names people by their ids alone, so an address is looked up first."""

    list_display = ("at", "action", "account_in_short", "actor_in_short", "ip", "request_id", "seq")
    list_display_links = ("at",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("request_id",)
    search_help_text = "By a person's address or id, or the id of a request"
    fields = readonly_fields = ("at", "action", "account", "actor", "ip", "request_id", "seq", "detail")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """The events about this person or by them, or of this request."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            ids = list(User.objects.filter(email__iexact=term).values_list("pk", flat=True))
            return queryset.filter(Q(user_id__in=ids) | Q(actor_id__in=ids)), False
        try:
            id_ = UUID(term)
        except ValueError:
            return queryset.filter(request_id=term), False
        return queryset.filter(Q(user_id=id_) | Q(actor_id=id_)), False

    @admin.display(description="account of")
    def account(self, event: AuditEvent) -> str:
        """The person whose account it was, with a link to their page."""
        return _link(event.user_id)

    @admin.display(description="by")
    def actor(self, event: AuditEvent) -> str:
        """The person who did it. Dashtam by itself, and a stranger, have no id."""
        return "themselves" if _by_themselves(event) else _link(event.actor_id)

    @admin.display(description="account of")
    def account_in_short(self, event: AuditEvent) -> str:
        """The same by the end of the id, in which ids differ most."""
        return _link(event.user_id, short=True)

    @admin.display(description="by")
    def actor_in_short(self, event: AuditEvent) -> str:
        """The same by the end of the id."""
        return "themselves" if _by_themselves(event) else _link(event.actor_id, short=True)


def _by_themselves(event: AuditEvent) -> bool:
    return event.actor_id is not None and event.actor_id == event.user_id


def _link(user_id: UUID | None, *, short: bool = False) -> str:
    if user_id is None:
        return "nobody"
    page, shown = reverse("admin:accounts_user_change", args=[user_id]), f"…{str(user_id)[-12:]}"
    return format_html('<a href="{}" title="{}">{}</a>', page, user_id, shown if short else user_id)


admin.site.unregister(Suppression)


@admin.register(Suppression)
class StoppedMailAdmin(SuppressionAdmin):
    """Addresses that get no mail; the audit log records who lets it out again."""

    def let_out(self, request: Any, address: str) -> None:
        """Let mail go to one address again, on the record."""
        stopped_mail.resume(address, actor_id=request.principal.user_id)


admin.site.unregister(Email)


@admin.register(Email)
class MailAdmin(EmailAdmin):
    """Mail, sent again for a reason and on the audit log's record, of which its own app knows nothing."""

    action_form = ReasonedActionForm

    @admin.action(description="Send again (only mail that failed)", permissions=["send_again"])
    @transaction.atomic
    def send_again(self, request: Any, chosen: QuerySet[Email]) -> None:
        """Queue the failed mails among those chosen, and record the colleague and the reason."""
        form = ReasonForm(request.POST)
        if not form.is_valid():
            self.message_user(request, NO_REASON, messages.ERROR)
            return
        failed = list(chosen.filter(state=Email.State.FAILED))
        super().send_again(request, chosen)
        cause = pages.cause_of(request, form)
        for mail in failed:
            acts.note_mail(mail, cause)
