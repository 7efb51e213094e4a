"""The map: which address belongs to which app."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.templatetags.static import static
from django.urls import include, path

from dashtam import csp_reports, errors, exposition, health, openapi, operations, problems

handler400 = "dashtam.problems.bad_request"
handler403 = "dashtam.problems.forbidden"
handler404 = "dashtam.problems.not_found"
handler500 = "dashtam.problems.server_error"


async def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here before they have read any page."""
    return HttpResponsePermanentRedirect(static("dashtam/favicon.svg"))


async def live_events(request: HttpRequest) -> HttpResponse:
    """What speaks WebSocket never comes here."""
    return problems.respond(request, errors.UpgradeRequired())


urlpatterns = [
    path("api/v1/auth/", include("accounts.api.urls")),
    path("api/v1/events/", include("accounts.api.events_urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("providers.api.urls")),
    path("api/v1/openapi.json", openapi.Document.as_view(), name="openapi"),
    path("api/v1/docs", openapi.Docs.as_view(), name="docs"),
    path("admin/operations/", admin.site.admin_view(operations.page), name="operations"),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("ws/events", live_events),
    path("csp-reports", csp_reports.CspReports.as_view()),
    path("healthz", health.Healthz.as_view(), name="healthz"),
    path("readyz", health.Readyz.as_view(), name="readyz"),
    path("metrics", exposition.Metrics.as_view(), name="metrics"),
    path("", include("accounts.pages.urls")),
    path("", include("providers.pages.urls")),
]
