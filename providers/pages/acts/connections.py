"""The erasure of what a connection brought, and its deleted accounts read again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import FORM_METHODS, see_other
from dashtam.web.rendering import rendered
from providers import wiring
from providers.connections import queries as connection_queries
from providers.errors import ConnectionNotEnded
from providers.ledger.queries.contents import connection_contents
from providers.pages.presentation.connections import connection_name
from providers.pages.presentation.erasing import connection_erasure, erased_message


@require_http_methods(FORM_METHODS)
@fresh
async def erase(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Ask for confirmation, then delete a connection that has ended, with all it brought."""
    user_id = request.principal.user_id
    row = await connection_queries.connection(user_id, id)
    called = connection_name(row)
    back = reverse("connection", args=[id])
    if request.method == "POST":
        try:
            await wiring.account_service().erase_connection(user_id=user_id, connection_id=id)
        except ConnectionNotEnded as error:
            messages.warning(request, f"{error.title} {error.detail}")
            return see_other(back)
        messages.success(request, erased_message(row, called))
        return see_other("connections")
    question = connection_erasure(row, called, await connection_contents(user_id, id))
    context = {"question": question, "back_url": back, "back_label": called}
    return await rendered(request, "providers/erase.html", context)


@require_POST
@signed_in
async def read_again(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Let the next update bring the accounts that were deleted."""
    await wiring.account_service().welcome_back(user_id=request.principal.user_id, connection_id=id)
    messages.success(
        request, "The next update brings the deleted accounts again, as far as they still exist."
    )
    return see_other(reverse("connection", args=[id]))
