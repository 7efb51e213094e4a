"""Background jobs in the admin: queued, running, and those that failed for good, which may be run again."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from dashtam.jobs.rescue import run_again
from dashtam.ui.read_only import ReadOnly, ReadOnlyRows

if TYPE_CHECKING:  # only the stubs know these classes to be generic
    _Inline = admin.TabularInline[ProcrastinateEvent, ProcrastinateJob]
    _Admin = admin.ModelAdmin[ProcrastinateJob]
else:
    _Inline, _Admin = admin.TabularInline, admin.ModelAdmin

# The library's own pages carry inline styles, which our content policy refuses.
admin.site.unregister(ProcrastinateJob)


class Events(ReadOnlyRows, _Inline):
    """The events of a job with their times."""

    model = ProcrastinateEvent
    fields = ("type", "at")
    readonly_fields = fields
    ordering = ("at",)


@admin.register(ProcrastinateJob)
class Jobs(ReadOnly, _Admin):
    """Jobs, newest first. Their arguments are ids."""

    list_display = ("id", "task_name", "status", "attempts", "scheduled_at", "queue_name")
    list_filter = ("status", "queue_name", "task_name")
    search_fields = ("=id", "task_name")
    fields = (
        "task_name",
        "args",
        "status",
        "attempts",
        "scheduled_at",
        "queue_name",
        "lock",
        "queueing_lock",
    )
    readonly_fields = fields
    ordering = ("-id",)
    inlines = (Events,)
    show_full_result_count = False
    actions = ("run_again",)

    @admin.action(description="Run again (only jobs that failed)", permissions=["run_again"])
    def run_again(self, request: HttpRequest, chosen: "QuerySet[ProcrastinateJob]") -> None:
        """Queue the failed ones among those chosen."""
        ids = list(chosen.values_list("id", flat=True))  # before they change, and leave a list of failed ones
        count = run_again(ids)
        skipped = len(ids) - count
        if count:
            self.message_user(request, f"Queued again: {count}.", messages.SUCCESS)
        if skipped:
            note = f"Left alone, because they did not fail or are queued already: {skipped}."
            self.message_user(request, note, messages.WARNING)

    def has_run_again_permission(self, request: HttpRequest) -> bool:
        """The role Operations, and superusers."""
        return request.user.has_perm(settings.OPERATIONS_PERMISSION)
