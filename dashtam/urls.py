"""The URL map of the project."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe

from dashtam import errors
from dashtam.api import docs
from dashtam.operations import csp_reports, exposition, health, page
from dashtam.web import problems

handler400 = "dashtam.web.problems.bad_request"
handler403 = "dashtam.web.problems.forbidden"
handler404 = "dashtam.web.problems.not_found"
handler500 = "dashtam.web.problems.server_error"


async def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect of the path that browsers ask for before they have read any page, to a URL that stays the same."""
    return HttpResponsePermanentRedirect(f"{settings.STATIC_URL}dashtam/favicon.svg")


def leads_to(name: str) -> Callable[..., HttpResponse]:
    """A view that redirects to the page with this name."""

    @require_safe
    async def elsewhere(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse(name))

    return cast("Callable[..., HttpResponse]", elsewhere)


async def live_events(request: HttpRequest) -> HttpResponse:
    """426 for plain HTTP; WebSocket requests never reach Django's URLs."""
    return problems.respond(request, errors.UpgradeRequired())


urlpatterns = [
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("notifications.api.urls")),
    path("api/v1/", include("providers.api.urls")),
    path("api/v1/openapi.json", docs.Document.as_view(), name="openapi"),
    path("api/v1/docs", docs.Docs.as_view(), name="docs"),
    path("admin/operations/", admin.site.admin_view(page.page), name="operations"),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    path("ws/events", live_events),
    path("csp-reports", csp_reports.CspReports.as_view()),
    path("healthz", health.Healthz.as_view(), name="healthz"),
    path("healthz/installation", health.Installation.as_view(), name="installation"),
    path("readyz", health.Readyz.as_view(), name="readyz"),
    path("metrics", exposition.Metrics.as_view(), name="metrics"),
    # Addresses that people and password managers try (https://www.w3.org/TR/change-password-url/).
    path("settings", leads_to("settings-profile")),
    path("accounts", leads_to("dashboard")),
    path(".well-known/change-password", leads_to("settings-security")),
    path("", include("accounts.pages.urls")),
    path("", include("providers.pages.urls")),
]
