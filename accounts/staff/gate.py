"""The gate of the admin: staff only, from permitted networks, with a second factor, for a working day at most."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Session
from accounts.pages.access import to_reauthentication
from accounts.principal import Principal
from dashtam.web.visitor import comes_from


def turned_away(request: HttpRequest) -> HttpResponse | None:
    """The response that turns the request away; None if it may come in, or has to sign in first.

    Raises Http404 for people who are not staff.
    """
    refuse_foreign_networks(request)
    principal: Principal | None = getattr(request, "principal", None)
    if principal is None:
        return None
    if not principal.is_staff:
        raise Http404
    if not principal.mfa:
        return HttpResponseRedirect(reverse("settings-security"))  # which says what is missing
    visit = {"id": principal.session_id}
    if Session.objects.in_admin(**visit) or Session.objects.enter_admin(**visit):
        return None
    return to_reauthentication(request)


def refuse_foreign_networks(request: HttpRequest) -> None:
    """Raises Http404 outside of ADMIN_NETWORKS, where any are set."""
    if settings.ADMIN_NETWORKS and not comes_from(request, settings.ADMIN_NETWORKS):
        raise Http404


def may_be_here(request: Any) -> bool:
    """True for an active member of the staff with a second factor: Django's admin then goes on."""
    principal: Principal | None = getattr(request, "principal", None)
    user = request.user
    return bool(
        principal and principal.mfa and user.pk == principal.user_id and user.is_active and user.is_staff
    )
