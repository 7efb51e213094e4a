"""The Flex Web Service's two endpoints, and the page that shows token and query."""

from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import msgspec
from django.http import HttpRequest, HttpResponse

from providers.simulator import agreement
from providers.simulator.bank import Bank, bank_of
from providers.simulator.control import controlled
from providers.simulator.ibkr.state import Desk, customer_named, ibkr_of, state
from providers.simulator.ibkr.statement import PERIOD, Window, document, window_of
from providers.simulator.responses import methods
from providers.simulator.sandbox.pages import page
from providers.simulator.vendor import minted

MESSAGES = {
    "1001": "Statement could not be generated at this time. Please try again shortly.",
    "1003": "Statement is not available.",
    "1012": "Token has expired.",
    "1014": "Query is invalid.",
    "1015": "Token is invalid.",
    "1017": "Reference code is invalid.",
    "1018": "Too many requests have been made from this token.",
    "1019": "Statement generation in progress. Please try again shortly.",
    "1020": "Invalid request or unable to validate request.",
}


class Ordered(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of a customer's next statements."""

    customer: str
    error: str = ""
    polls: int = 0
    without: list[str] = []


@methods("GET", "POST")
async def portal(request: HttpRequest) -> HttpResponse:
    """The page that shows a customer's token and the id of their query."""
    decided = agreement.decision(request) if request.method == "POST" else None
    if decided is None or not decided.approved:
        return agreement.ask("Interactive Brokers")
    desk = ibkr_of(request).desk(decided.customer)
    values = {"Flex Web Service token": desk.token, "Query ID": desk.query}
    return page("token.html", {"vendor": "Interactive Brokers", "values": values})


@methods("GET")
async def send_request(request: HttpRequest) -> HttpResponse:
    """Begin a statement."""
    desk = ibkr_of(request).known(request.GET.get("t", ""))
    if problem := _problem(request, desk):
        return _failed(problem)
    if desk is None or request.GET.get("q") != desk.query:
        return _failed("1014")
    try:
        window = window_of(bank_of(request).ledger(desk.customer.id), _asked(request))
    except ValueError:
        return _failed("1020")
    if window is None:
        return _failed("1003")
    reference = str(int(minted("", 6).strip("-"), 16))
    ibkr_of(request).making[reference] = (desk.token, desk.polls, window)
    answer = _response("Success")
    SubElement(answer, "ReferenceCode").text = reference
    SubElement(answer, "Url").text = "https://elsewhere.example/FlexWebService/GetStatement"
    return _xml(answer)


@methods("GET")
async def get_statement(request: HttpRequest) -> HttpResponse:
    """The statement, or the word that it is not ready."""
    service = ibkr_of(request)
    desk = service.known(request.GET.get("t", ""))
    if problem := _problem(request, desk):
        return _failed(problem)
    reference = request.GET.get("q", "")
    made = service.making.get(reference)
    if desk is None or made is None or made[0] != desk.token:
        return _failed("1017")
    _, polls, window = made
    if polls:
        service.making[reference] = (desk.token, polls - 1, window)
        return _failed("1019", "Warn")
    bank = bank_of(request)
    return _xml(document(bank.ledger(desk.customer.id), bank.now(), desk.without, window))


@controlled("POST")
def order(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """Order what a customer's next statements are like; the token and the query's id come back."""
    given = msgspec.json.decode(request.body, type=Ordered)
    desk = state(bank).desk(customer_named(given.customer))
    desk.error, desk.polls, desk.without = given.error, given.polls, given.without
    return {"token": desk.token, "query": desk.query}


def _asked(request: HttpRequest) -> Window | None:
    """The days that are asked for in place of the query's own, a year at most. Raises ValueError."""
    given = [request.GET[name] for name in ("fd", "td") if name in request.GET]
    if not given:
        return None
    first, last = (datetime.strptime(text, "%Y%m%d").date() for text in given)  # noqa: DTZ007 - a day
    if not first <= last <= first + PERIOD:
        raise ValueError(given)
    return first, last


def _problem(request: HttpRequest, desk: Desk | None) -> str:
    if "/" not in request.headers.get("User-Agent", "") or request.GET.get("v") != "3":
        return "1020"
    return "1015" if desk is None else desk.error


def _failed(code: str, status: str = "Fail") -> HttpResponse:
    answer = _response(status)
    SubElement(answer, "ErrorCode").text = code
    SubElement(answer, "ErrorMessage").text = MESSAGES.get(code, "Please try again shortly.")
    return _xml(answer)


def _response(status: str) -> Element:
    answer = Element("FlexStatementResponse", {"timestamp": "18 March, 2026 09:00 AM EDT"})
    SubElement(answer, "Status").text = status
    return answer


def _xml(root: Element) -> HttpResponse:
    return HttpResponse(tostring(root, encoding="utf-8"), content_type="text/xml;charset=utf-8")
