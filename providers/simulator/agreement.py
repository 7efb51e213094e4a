"""The page at which a customer of the bank lets a vendor read their accounts; every vendor's dialect shows it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from providers.simulator.books.customers import CUSTOMERS, Customer
from providers.simulator.sandbox.pages import page


@dataclass(frozen=True, slots=True)
class Decision:
    """The customer's answer."""

    customer: Customer
    approved: bool


def ask(vendor: str, form_action: str = "'self' http: https:") -> HttpResponse:
    """The page. Its form is sent to where it was shown, and may lead on to `form_action`."""
    return page(
        "agree.html", {"vendor": vendor, "customers": list(CUSTOMERS.values())}, form_action=form_action
    )


def thanks() -> HttpResponse:
    """The page of a vendor that does not send the browser back."""
    return page("agreed.html", {})


def decision(request: HttpRequest) -> Decision | None:
    """The decision in a form; None if there is none that makes sense."""
    customer, word = CUSTOMERS.get(request.POST.get("customer", "")), request.POST.get("decision")
    if customer is None or word not in ("approve", "deny"):
        return None
    return Decision(customer, word == "approve")
