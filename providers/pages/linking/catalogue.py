"""The catalogue, and the page before the first step of a new connection."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.pages.access import SignedInRequest, signed_in
from accounts.pages.answers import FORM_METHODS, see_other
from dashtam.errors import DashtamError, TooManyRequests
from dashtam.web.rendering import rendered
from providers import connectors, wiring
from providers.connections import queries as connection_queries
from providers.connections.catalogue.institution_service import SHORTEST
from providers.connections.linking import linkable
from providers.connections.started import StartedConnection
from providers.connectors.base import Connector
from providers.connectors.contract.institutions import folded
from providers.errors import ProviderTakesFiles
from providers.ledger import queries as ledger_queries
from providers.pages.linking.failures import refused
from providers.pages.linking.going import before_leaving, connected, leave, to_step, token_of
from providers.pages.presentation.catalogue import offer, offers, reached, unlisted
from providers.pages.presentation.connections import alike_rows


@require_http_methods(FORM_METHODS)
@signed_in
async def new(request: SignedInRequest) -> HttpResponse:
    """The catalogue; with `?provider=` the page before leaving, whose form leads to the institution."""
    slug = request.GET.get("provider", "")
    if not slug:
        return await _catalogue(request, request.GET.get("q", "")[:100].strip())
    try:
        connector = linkable(slug)
        if request.method == "POST":
            started = await wiring.connection_service().start(
                user_id=request.principal.user_id, provider=slug
            )
            return await _first(request, started)
    except ProviderTakesFiles:
        return see_other("account-new" if connectors.get(slug).auth == "person" else "import-new")
    except DashtamError as error:
        return await refused(request, error)
    if "another" not in request.GET and (page := await _already(request, connector)):
        return page
    return await before_leaving(request, connector, request.get_full_path())


async def _catalogue(request: SignedInRequest, search: str) -> HttpResponse:
    context: dict[str, Any] = {"providers": offers(search), "q": search, "unlisted": unlisted()}
    try:
        service = wiring.institution_service()
        found = await service.find(user_id=request.principal.user_id, search=search)
    except TooManyRequests as error:
        context |= {"not_now": error}
    else:
        nothing = not any(each.institutions for each in found)
        context |= {"reached": reached(found), "nothing": nothing, "short": len(folded(search)) < SHORTEST}
    return await rendered(request, "providers/catalogue.html", context)


async def _already(request: SignedInRequest, connector: Connector) -> HttpResponse | None:
    """The page that leads to the connections that there are; None where there is none."""
    user_id = request.principal.user_id
    alike = await connection_queries.alike(user_id, connector.slug)
    if not alike:
        return None
    accounts = (await ledger_queries.accounts(user_id)).results
    another = request.GET.copy()
    another["another"] = "1"
    context = {
        "provider": offer(connector),
        "alike": alike_rows(alike, accounts),
        "another_url": f"{request.path}?{another.urlencode()}",
        "each": connector.facts.behind == "each",
    }
    return await rendered(request, "providers/connected_already.html", context)


async def _first(request: SignedInRequest, started: StartedConnection) -> HttpResponse:
    """Leave at once for a page that is known before; else take the first step on the page of the link."""
    connector = connectors.get(started.connection.provider)
    if started.step == "done":
        return connected(request, connector, started.connection.id)
    return (
        await leave(request, token_of(started))
        if connector.auth == "oauth2"
        else to_step(request, started, told=True)
    )
