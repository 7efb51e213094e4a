"""The admin's own pages about a person: give a reason, then look, help, or appoint."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from accounts.models import StaffAct, User
from accounts.models.staff_act import Cause
from accounts.staff import acts
from accounts.staff.forms import ReasonForm, RolesForm
from dashtam.web.referer import own_path


def look(request: Any, id: UUID) -> HttpResponse:
    """Give a reason, and see the person's numbers for a quarter of an hour."""
    user = _person(request, id)
    form = ReasonForm(request.POST or None, initial={"next": request.GET.get("next", "")})
    if form.is_valid():
        StaffAct.objects.look(user_id=user.pk, cause=cause_of(request, form))
        messages.success(
            request, f"You see the numbers of {user} for 15 minutes. {user} can see that you do."
        )
        return _on(form, user)
    says = (
        "Balances, amounts, account numbers and the names of payers and payees are hidden. Say why you need them; "
        "you then see them for 15 minutes, in this session. Each page you open is noted, and the person sees it."
    )
    return _page(request, user, form, title=f"Show the numbers of {user}", says=says, button="Show them")


def start(request: Any, id: UUID, verb: str) -> HttpResponse:
    """Give a reason, and carry out an act for the person."""
    user = _person(request, id)
    act = acts.ACTS.get(verb)
    if act is None:
        raise Http404
    if not acts.may_help(request.user, user):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        acts.carry_out(act, user, cause_of(request, form))
        messages.success(request, f"Done: {act.title.lower()}.")
        return _on(form, user)
    return _page(request, user, form, title=f"{act.title}: {user}", says=act.says, button=act.button)


def roles(request: Any, id: UUID) -> HttpResponse:
    """Give a reason, and set the person's roles. Superusers only."""
    user = _person(request, id)
    if not request.user.is_superuser or user.pk == request.user.pk:
        raise PermissionDenied
    form = RolesForm(request.POST or None, initial={"roles": [group.name for group in user.groups.all()]})
    if form.is_valid():
        acts.give_roles(user, form.cleaned_data["roles"], cause_of(request, form))
        messages.success(request, f"The roles of {user} are set.")
        return _on(form, user)
    says = "Support helps people and sees connections. Operations sees jobs and how the installation is, but no people."
    return _page(request, user, form, title=f"Roles of {user}", says=says, button="Set the roles")


def _person(request: Any, id: UUID) -> User:
    if not request.user.has_perm("accounts.help_user"):
        raise PermissionDenied
    return get_object_or_404(User, pk=id)


def cause_of(request: Any, form: ReasonForm) -> Cause:
    principal, said = request.principal, form.cleaned_data
    return Cause(principal.user_id, principal.session_id, said["reason"], said["ticket"])


def _on(form: ReasonForm, user: User) -> HttpResponse:
    wanted = form.cleaned_data["next"]
    usual = reverse("admin:accounts_user_change", args=[user.pk])
    return HttpResponseRedirect(own_path(wanted) if wanted.startswith("/admin/") else usual, status=303)


def _page(request: Any, user: User, form: ReasonForm, **context: Any) -> HttpResponse:
    status = 422 if form.is_bound else 200
    context |= {**admin.site.each_context(request), "form": form, "person": user}
    return render(request, "admin/reason.html", context, status=status)
