"""Permissions on the front page: which customer gave one, and a button that withdraws it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from providers.simulator.books.customers import CUSTOMERS
from providers.simulator.responses import methods
from providers.simulator.sandbox.bank import Sandbox, sandbox_of
from providers.simulator.sandbox.pages import day_words, error_page, page

OWN_PAGES = {None, "none", "same-origin"}  # values of Sec-Fetch-Site that no other site's page can cause


@methods("GET", "HEAD")
async def home(request: HttpRequest) -> HttpResponse:
    """The front page, with the customers, their permissions and the registered client."""
    bank = sandbox_of(request)
    context = {
        "issuer": bank.issuer,
        "client": bank.client,
        "customers": CUSTOMERS.values(),
        "permissions": _permissions(bank),
        "withdrawn": CUSTOMERS.get(request.GET.get("withdrawn", "")),
    }
    return page("home.html", context, form_action="'self'")


@methods("POST")
async def withdraw(request: HttpRequest) -> HttpResponse:
    """End one permission. One that has ended already is no error: the page shows what is left."""
    if request.headers.get("Sec-Fetch-Site") not in OWN_PAGES:
        return error_page(403, "That came from another site", "Open Sandbox Bank itself and do it there.")
    grant = sandbox_of(request).grants.withdraw(request.POST.get("permission", ""))
    return HttpResponseRedirect(f"/?withdrawn={grant.customer}" if grant else "/", status=303)


def _permissions(bank: Sandbox) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "customer": CUSTOMERS[grant.customer].name,
            "accounts": len(grant.accounts),
            "until": day_words(grant.expires_at),
        }
        for name, grant in bank.grants.live().items()
    ]
