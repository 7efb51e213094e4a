"""The mail in the admin: the staff see that it went, never its contents."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from dashtam.ui.read_only import ReadOnly
from notifications.models import Email, Suppression

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Email]
    _StoppedAdmin = admin.ModelAdmin[Suppression]
else:
    _Admin = _StoppedAdmin = admin.ModelAdmin

SHOWN = ("kind", "to", "state", "attempts", "error_code", "created_at", "sent_at")


@admin.register(Email)
class EmailAdmin(ReadOnly, _Admin):
    """Find a mail by its email address, see its state, send it again if it failed."""

    list_display = SHOWN
    fields = (*SHOWN, "user", "provider_message_id")
    readonly_fields = fields
    list_filter = ("state", "kind")
    search_fields = ("to", "user__email")
    date_hierarchy = "created_at"
    show_full_result_count = False
    actions = ("send_again",)

    @admin.action(description="Send again (only mail that failed)", permissions=["send_again"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Email]) -> None:
        """Queue the failed ones among those chosen."""
        ids = list(chosen.values_list("pk", flat=True))  # before they change, and leave a list of failed ones
        count = Email.objects.send_again(ids)
        skipped = len(ids) - count
        if count:
            note = "A mail whose link has expired will not go out: let the person ask for a new one."
            self.message_user(request, f"Queued again: {count}. {note}", messages.SUCCESS)
        if skipped:
            self.message_user(request, f"Left alone, because they did not fail: {skipped}.", messages.WARNING)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Django's permission to change mail stands for this; the form itself never changes anything."""
        return request.user.has_perm("notifications.change_email")


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, _StoppedAdmin):
    """Addresses that get no mail, because it came back or was marked as spam; let out again where that is over."""

    list_display = ("address", "reason", "detail", "happened_at", "lifted_at")
    fields = readonly_fields = list_display
    list_filter = ("reason",)
    search_fields = ("address",)
    actions = ("resume",)

    @admin.action(description="Let mail go out again", permissions=["resume"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Suppression]) -> None:
        """Let mail go to the chosen addresses again."""
        stopped = list(chosen.filter(lifted_at=None).values_list("address", flat=True))
        for address in stopped:
            self.let_out(request, address)
        self.message_user(
            request, f"Mail goes out again to {len(stopped)} of {len(chosen)}.", messages.SUCCESS
        )

    def let_out(self, request: HttpRequest, address: str) -> None:
        """Let mail go to one address again."""
        Suppression.objects.lift(address=address)

    def has_resume_permission(self, request: HttpRequest) -> bool:
        """Django's permission to change mail stands for this, as for sending it again."""
        return request.user.has_perm("notifications.change_email")
