"""The admin site, without a sign-in of its own: staff use the one for people, with its checks and limits."""

from functools import update_wrapper
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.staff import gate


class DashtamAdminSite(AdminSite):
    """Support staff's view of the installation."""

    site_header = "Dashtam support"
    site_title = "Dashtam support"
    index_title = "What do you want to look at?"

    def has_permission(self, request: HttpRequest) -> bool:
        """True once the gate has let them in, while they are still staff."""
        return gate.may_be_here(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 as Django has it
        """Put each page behind the gate."""
        inner = super().admin_view(view, cacheable)

        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return gate.turned_away(request) or inner(request, *args, **kwargs)

        return update_wrapper(gated, inner)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the sign-in page. Raises Http404 for people who are signed in and not staff."""
        gate.refuse_foreign_networks(request)
        if getattr(request, "principal", None) is not None:
            raise Http404
        wanted = {"next": request.GET.get("next") or reverse("admin:index")}
        return HttpResponseRedirect(f"{reverse('sign-in')}?{urlencode(wanted)}")

    def logout(  # type: ignore[override]  # the stubs promise a page; Django takes any response
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send the same form to the sign-out page instead."""
        return HttpResponseRedirect(reverse("sign-out"), preserve_request=True)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the page where people change their password."""
        return HttpResponseRedirect(reverse("settings-security"))
