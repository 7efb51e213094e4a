"""Pages of settings: profile, sessions, activity."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import devices, queries, wiring
from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, form_page, see_other
from accounts.pages.forms import ProfileForm
from dashtam.api.paging import page
from dashtam.web.rendering import rendered


@require_http_methods(FORM_METHODS)
@signed_in
async def profile(request: SignedInRequest) -> HttpResponse:
    """Change name, time zone and currency."""
    person = request.principal
    known = {field: getattr(person, field) for field in ProfileForm.FIELDS}
    form = ProfileForm(request.POST or None, initial=known)
    if form.is_valid():
        changes = {field: form.cleaned_data[field] for field in form.changed_data}
        await wiring.auth_service().update_profile(user_id=person.user_id, **changes)
        messages.success(request, "Your profile is saved.")
        return see_other("settings-profile")
    return await form_page(request, "accounts/profile.html", form)


@require_safe
@signed_in
async def sessions(request: SignedInRequest) -> HttpResponse:
    """List the live sessions."""
    person = request.principal
    rows = await queries.sessions(person.user_id, session_id=person.session_id)
    named = [{**row, "device": devices.describe(row["user_agent"])} for row in rows]
    return await rendered(request, "accounts/sessions.html", {"sessions": named, "others": len(rows) - 1})


@require_safe
@signed_in
async def activity(request: SignedInRequest) -> HttpResponse:
    """List the events of one's account."""
    found = await queries.activity(request.principal.user_id, page=page(request))
    older = f"?cursor={found.next_cursor}" if found.next_cursor else ""
    newest = request.path if request.GET.get("cursor") else ""
    context = {"events": found.results, "older_url": older, "newest_url": newest}
    return await rendered(request, "accounts/activity.html", context)


@require_POST
@signed_in
async def end_session(request: SignedInRequest, id: UUID) -> HttpResponse:
    """End one session."""
    await wiring.auth_service().end_session(user_id=request.principal.user_id, session_id=id)
    messages.success(request, "That session has ended.")
    return see_other("settings-sessions")


@require_POST
@signed_in
async def end_other_sessions(request: SignedInRequest) -> HttpResponse:
    """End all other sessions."""
    person = request.principal
    ended = await wiring.auth_service().end_other_sessions(
        user_id=person.user_id, session_id=person.session_id
    )
    messages.success(
        request, f"{ended} other session{'' if ended == 1 else 's'} ended. Only this one is left."
    )
    return see_other("settings-sessions")
