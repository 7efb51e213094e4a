"""Pages of invitations: staff send them and take them back; the invited sign up by them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries, wiring
from accounts.entrance import cookie
from accounts.errors import InvalidCredentials, LinkNotValid, SignUpClosed
from accounts.models.user import Verified
from accounts.pages import links
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import InvitationForm, InvitedForm
from accounts.services.invitation_service import CLOSED
from dashtam.errors import ValidationFailed


@require_http_methods(FORM_METHODS)
@fresh
async def invitations(request: SignedInRequest) -> HttpResponse:
    """List the invitations that one has sent, and send another."""
    user_id = request.principal.user_id
    await wiring.invitation_service().require_inviter(user_id=user_id)
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        try:
            sent = await wiring.invitation_service().invite(user_id=user_id, **form.cleaned_data)
        except (SignUpClosed, *NOT_NOW) as error:
            form.take(error)
        else:
            messages.success(request, f"The invitation for {sent.email} is on its way.")
            return see_other("settings-invitations")
    rows = await queries.invitations(user_id)
    closed = wiring.invitation_service().sign_up == CLOSED
    return await form_page(request, "accounts/invitations.html", form, invitations=rows, closed=closed)


@require_POST
@signed_in
async def revoke_invitation(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Take an invitation back."""
    await wiring.invitation_service().revoke(user_id=request.principal.user_id, invitation_id=id)
    messages.success(request, "The invitation is taken back. Its link does not work any more.")
    return see_other("settings-invitations")


@require_http_methods(FORM_METHODS)
async def invitation(request: Any) -> HttpResponse:
    """Sign up by invitation."""
    if request.GET.get("token") is not None:
        return links.set_aside(request, "invitation") or see_other("invitation")
    form = InvitedForm(request.POST or None, initial={"token": request.session.get("invitation", "")})
    token, email = str(form["token"].value() or ""), ""
    try:
        email = (await wiring.invitation_service().read(token=token)).email
        if form.is_valid():
            return await _come_in(request, form)
    except (ValidationFailed, *NOT_NOW) as error:
        form.take(error)
    except (LinkNotValid, SignUpClosed) as error:
        links.forget(request, "invitation")
        context = {"refused": error, "link_missing": not token}
        return await form_page(request, "accounts/invitation.html", InvitedForm(), **context)
    return await form_page(request, "accounts/invitation.html", form, email=email)


async def _come_in(request: Any, form: InvitedForm) -> HttpResponse:
    """Make the account, and sign this browser in: it has just shown that it has the mailbox."""
    user = await wiring.invitation_service().accept(**form.cleaned_data)
    links.forget(request, "invitation")
    try:
        if request.principal is not None:
            raise InvalidCredentials  # another person's session stays as it is
        device = cookie.device_of(request, user.email)
        session = await wiring.auth_service().log_in_verified(
            Verified(user, signed_up_here=True), device=device
        )
    except (InvalidCredentials, *NOT_NOW):
        messages.success(request, "Your account is ready. You can sign in now.")
        return see_other("sign-in")
    cookie.sign_in(request, session)
    messages.success(request, "Welcome to Dashtam. Your account is ready.")
    return see_other("dashboard")
