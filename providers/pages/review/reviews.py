"""The page of questions that only their person can answer."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import see_other
from dashtam.api.paging import Page, page
from dashtam.errors import NotFound
from dashtam.web.rendering import rendered
from providers import wiring
from providers.ledger.queries import reviews as queries
from providers.pages.paging import links
from providers.pages.review.words import cards

SHOWN = 20  # questions on a page


@require_safe
@signed_in
async def reviews(request: SignedInRequest) -> HttpResponse:
    """Open questions, or those that were answered; newest first."""
    answered = request.GET.get("answered") == "true"
    wanted = Page(SHOWN, page(request).after)
    found = await queries.reviews(request.principal.user_id, wanted, answered=answered)
    address = reverse("reviews")
    newest = "" if wanted.after else None
    context = {
        "answered": answered,
        "cards": cards(found.results),
        "tabs": [
            {"url": address, "text": "Waiting", "current": not answered},
            {"url": f"{address}?answered=true", "text": "Answered", "current": answered},
        ],
        **links(request, older=found.next_cursor, newer=newest, anchor="questions"),
    }
    return await rendered(request, "providers/reviews.html", context)


@require_POST
@signed_in
async def answer(request: SignedInRequest, id: UUID) -> HttpResponse:
    """Accept, refuse, or take an answer back."""
    service, which = wiring.review_service(), {"user_id": request.principal.user_id, "review_id": id}
    act = request.POST.get("act", "")
    if act not in {"accept", "refuse", "undo"}:
        raise NotFound
    try:
        await getattr(service, act)(**which)
    except NotFound:
        messages.info(request, "That question is not open any more.")
    else:
        done = "The question is open again." if act == "undo" else "Done. You can take it back here."
        messages.success(request, done)
    return see_other(reverse("reviews") + ("" if act == "undo" else "?answered=true"))
