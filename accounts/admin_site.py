"""The admin, without a door of its own: people sign in where everybody does, with the same checks and limits."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class DashtamAdminSite(AdminSite):
    """Support staff's view of the installation."""

    site_header = "Dashtam support"
    site_title = "Dashtam support"
    index_title = "What do you want to look at?"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """To the sign-in page; for those who are signed in and not staff, there is nothing here."""
        if getattr(request, "principal", None) is not None:
            raise Http404
        wanted = {"next": request.GET.get("next") or reverse("admin:index")}
        return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode(wanted)}")

    def logout(  # type: ignore[override]  # the stubs promise a page; Django takes any response
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The same form, sent to the sign-out page instead."""
        return HttpResponseRedirect(reverse("sign-out"), preserve_request=True)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Staff change their password where everybody does."""
        return HttpResponseRedirect(reverse("settings-security"))
