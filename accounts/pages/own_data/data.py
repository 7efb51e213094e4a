"""Pages of one's own data: export and deletion."""

from uuid import UUID

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST, require_safe

from accounts import queries, wiring
from accounts.errors import ExportGone, ExportNotReady
from accounts.export.downloads import archive_response
from accounts.pages.access import SignedInRequest, fresh, signed_in
from accounts.pages.answers import see_other
from dashtam.web.rendering import rendered


@require_safe
@signed_in
async def data(request: SignedInRequest) -> HttpResponseBase:
    """Offer export and deletion, and show an export that is under way."""
    export = await queries.export(request.principal.user_id)
    return await rendered(request, "accounts/data.html", {"export": export})


@require_POST
@fresh
async def start_export(request: SignedInRequest) -> HttpResponseBase:
    """Ask for an export."""
    await wiring.export_service().request(user_id=request.principal.user_id)
    messages.success(request, "We are putting your data together, and will write to you when it is ready.")
    return see_other("settings-data")


@require_POST
@fresh
async def take_export(request: SignedInRequest, id: UUID) -> StreamingHttpResponse | HttpResponseBase:
    """Download an export. A form, not a link: no URL gives the data away by itself."""
    try:
        pieces = await wiring.export_service().take(user_id=request.principal.user_id, export_id=id)
    except (ExportGone, ExportNotReady) as error:
        messages.warning(request, f"{error.title} {error.detail}")
        return see_other("settings-data")
    return archive_response(pieces)
