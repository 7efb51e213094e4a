"""Pages of API keys: list, create, end."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import queries, wiring
from accounts.errors import TooManyApiKeys
from accounts.models import ApiKey
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, NOT_NOW, form_page, see_other
from accounts.pages.forms import ApiKeyForm
from dashtam.web.rendering import rendered


@require_safe
@signed_in
async def api_keys(request: SignedInRequest) -> HttpResponse:
    """List the keys that work."""
    rows = await queries.api_keys(request.principal.user_id)
    keys = [{**row, "may": ApiKey.Scope.in_words(row["scopes"])} for row in rows]
    return await rendered(request, "accounts/api_keys.html", {"keys": keys})


@require_http_methods(FORM_METHODS)
@fresh
async def new_api_key(request: SignedInRequest) -> HttpResponse:
    """Create a key. The response itself shows it: a key must not wait in a cookie for a next page."""
    form = ApiKeyForm(request.POST or None)
    if form.is_valid():
        try:
            created = await wiring.api_key_service().create(
                user_id=request.principal.user_id, **form.cleaned_data
            )
        except (TooManyApiKeys, *NOT_NOW) as error:
            form.take(error)
        else:
            return await rendered(
                request,
                "accounts/api_key_created.html",
                {"row": created.row, "key": created.key, "shows_secret": True},
            )
    return await form_page(request, "accounts/api_key_new.html", form)


@require_POST
@signed_in
async def end_api_key(request: SignedInRequest, id: UUID) -> HttpResponse:
    """End a key."""
    await wiring.api_key_service().end(user_id=request.principal.user_id, key_id=id)
    messages.success(request, "That key has ended. Programs that use it are turned away from now on.")
    return see_other("settings-api-keys")
