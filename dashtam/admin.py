"""Background jobs in the admin, read-only: queued, running, failed."""

from typing import TYPE_CHECKING

from django.contrib import admin
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from dashtam.ui.read_only import ReadOnly

if TYPE_CHECKING:  # only the stubs know these classes to be generic
    _Inline = admin.TabularInline[ProcrastinateEvent, ProcrastinateJob]
    _Admin = admin.ModelAdmin[ProcrastinateJob]
else:
    _Inline, _Admin = admin.TabularInline, admin.ModelAdmin

# The library's own pages carry inline styles, which our content policy refuses.
admin.site.unregister(ProcrastinateJob)


class Events(ReadOnly, _Inline):
    """The events of a job with their times."""

    model = ProcrastinateEvent
    fields = ("type", "at")
    readonly_fields = fields
    ordering = ("at",)
    extra = 0


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
