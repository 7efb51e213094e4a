"""Pages of an email change: asked for in the settings, confirmed or stopped by mailed links."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries, wiring
from accounts.errors import LinkNotValid
from accounts.pages import links
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import LinkForm, NewEmailForm
from dashtam.errors import ValidationFailed


@require_http_methods(FORM_METHODS)
@fresh
async def change_email(request: SignedInRequest) -> HttpResponseBase:
    """Ask for another email address, and see the state of a change under way."""
    person = request.principal
    form = NewEmailForm(request.POST or None)
    if form.is_valid():
        try:
            await wiring.email_change_service().ask(
                user_id=person.user_id,
                session_id=person.session_id,
                current=person.email,
                **form.cleaned_data,
            )
        except (ValidationFailed, *NOT_NOW) as error:
            form.take(error)
        else:
            messages.success(request, "We have written to both addresses. Open the links in both mails.")
            return see_other("settings-email")
    change = await queries.email_change(person.user_id)
    return await form_page(request, "accounts/email.html", form, change=change)


@require_POST
@signed_in
async def cancel_email(request: SignedInRequest) -> HttpResponseBase:
    """Cancel the change."""
    await wiring.email_change_service().cancel(user_id=request.principal.user_id)
    messages.success(request, "Your address stays as it is.")
    return see_other("settings-email")


@require_POST
@signed_in
async def resume_mail(request: SignedInRequest) -> HttpResponseBase:
    """Let mail go to the address again."""
    person = request.principal
    await wiring.email_change_service().resume(
        user_id=person.user_id, session_id=person.session_id, email=person.email
    )
    messages.success(request, "Mail goes to your address again. If it comes back once more, we say so here.")
    return see_other("settings-profile")


@require_http_methods(FORM_METHODS)
async def confirm_new_email(request: Any) -> HttpResponse:
    """Land from the link in the mail to the new email address."""
    return await _answer(request, "confirm-new-email", new=True)


@require_http_methods(FORM_METHODS)
async def email_change(request: Any) -> HttpResponse:
    """Land from the links in the mails to the old email address: agree, or stop the change."""
    return await _answer(request, "email-change", new=False)


async def _answer(request: Any, name: str, *, new: bool) -> HttpResponse:
    template = "accounts/email_change.html"
    if request.method != "POST":
        return links.set_aside(request, name) or await links.page(request, name, template, LinkForm, new=new)
    form = LinkForm(request.POST)
    service = wiring.email_change_service()
    if form.is_valid():
        stop = "stop" in request.POST
        try:
            await (service.stop if stop else service.confirm)(**form.cleaned_data)
        except NOT_NOW as error:
            form.take(error)
        except LinkNotValid as error:
            links.forget(request, name)
            form.take(error)
        else:
            links.forget(request, name)
            said = (
                "The change is stopped, and your address stays the same."
                if stop
                else "Thank you, that is confirmed."
            )
            messages.success(request, said)
            return see_other("settings-profile" if request.principal else "sign-in")
    return await form_page(request, template, form, new=new)
