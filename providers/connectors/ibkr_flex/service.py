"""The Flex Web Service, version 3: a statement is asked for, and fetched once it has been made."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from xml.etree.ElementTree import Element

import httpx

from providers.errors import (
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.wire.http import request_xml, xml
from providers.wire.placing import Secrets, Signature, Unsigned

PATH = "/AccountManagement/FlexWebService"
TOKEN, QUERY = "token", "query"
AGENT = "Dashtam/1.0"  # the service wants a name and a version
SHORT = 4096  # bytes; the service's own words are never longer, a statement always is

Window = tuple[date, date]  # both included, at most 365 days

IN_PROGRESS = {"1004", "1019"}
LATER = {"1001", "1005", "1006", "1007", "1008", "1009", "1021"}
NOT_THERE = "1003"
LOST = "1017"  # the reference is not known any more
EXPIRED, UNKNOWN = "1012", "1015"
TOO_MANY = "1018"
TOO_MANY_SECONDS = 60
SETTINGS = {  # what is to be changed, as a code of ours and in words
    "1010": (
        "query_refused",
        "The query is of an old kind. Make an Activity Flex Query, and connect again with its id.",
    ),
    "1011": ("service_off", "The Flex Web Service is switched off. Activate it in Client Portal."),
    "1013": (
        "address_not_allowed",
        "The token is for another address. Make one without an address, and connect again.",
    ),
    "1014": (
        "query_refused",
        "There is no such query. Look at its id in Client Portal, and connect again with it.",
    ),
    "1016": (
        "settings_needed",
        "The query names an account that is closed or not yours. Change that in Client Portal.",
    ),
}


class LooksAtSettings(ProviderRefused):
    """The person has to change something in Client Portal."""

    code = "settings_needed"
    title = "Interactive Brokers wants you to change something."
    retry_after = None


class ReferenceLost(ProviderUnavailable):
    """The service has forgotten the statement that it was making."""


class NotAvailable(ProviderUnavailable):
    """There is no statement of that period, or none yet."""


class StillGenerating(ProviderUnavailable):
    """The statement is not ready yet."""

    code = "still_generating"
    title = "Interactive Brokers is still preparing the statement."
    retry_after = 300


def sign(request: Unsigned, secrets: Secrets, _now: datetime) -> Signature:
    """The token in each request, and the query's id where a statement is asked for."""
    query = {"t": secrets[TOKEN], "v": "3"}
    if request.url.path.endswith("/SendRequest"):
        query["q"] = secrets[QUERY]
    return Signature(query=query)


def fault(answer: httpx.Response) -> ProviderError | None:
    """The error that an answer of status 200 means. One that only asks to wait is none: `ask` and `fetch` wait."""
    if not answer.is_success or len(answer.content) > SHORT or b"FlexStatementResponse" not in answer.content:
        return None
    code = _code(xml(answer))
    return None if code in {"", LOST, NOT_THERE} | IN_PROGRESS | LATER else error_of(code)


def error_of(code: str) -> ProviderError:
    """The error that a code of the service means."""
    if code in SETTINGS:
        reason, words = SETTINGS[code]
        return LooksAtSettings(words, code=reason)
    meanings: dict[str, ProviderError] = {
        **{code: StillGenerating() for code in IN_PROGRESS},
        **{code: ProviderUnavailable() for code in LATER},
        LOST: ReferenceLost(),
        NOT_THERE: NotAvailable(),
        TOO_MANY: ProviderRateLimited(retry_after=TOO_MANY_SECONDS),
        EXPIRED: ConsentEnded(
            "The token has expired. Make a new one in Client Portal.", code="consent_expired"
        ),
        UNKNOWN: ConsentEnded("IBKR does not know this token any more. Make a new one in Client Portal."),
    }
    return meanings.get(code) or ProviderRefused()


async def ask(
    client: httpx.AsyncClient, hosts: Sequence[str], window: Window | None = None
) -> tuple[str, str]:
    """The host that has begun a statement, and its reference; of this window in place of the query's own period.

    The address in the answer is not followed: the hosts are known. Raises ProviderErrors.
    """
    client.headers["User-Agent"] = AGENT
    days = {name: f"{day:%Y%m%d}" for name, day in zip(("fd", "td"), window or (), strict=False)}
    for host in hosts:
        try:
            answer = await request_xml(client, "GET", f"{host}{PATH}/SendRequest", params=days)
        except ProviderUnreachable:
            if host == hosts[-1]:
                raise
            continue
        reference = (answer.findtext("ReferenceCode") or "").strip()
        if reference.isalnum() and len(reference) <= 40:
            return host, reference
        raise error_of(_code(answer)) if _code(answer) else ProviderUnreadable()
    raise ProviderUnreachable


async def fetch(client: httpx.AsyncClient, host: str, reference: str, waits: Sequence[float]) -> Element:
    """The statement, looked for after each of these waits. Raises StillGenerating, ProviderErrors."""
    client.headers["User-Agent"] = AGENT
    for wait in waits:
        await asyncio.sleep(wait)
        answer = await request_xml(client, "GET", f"{host}{PATH}/GetStatement", params={"q": reference})
        if answer.tag == "FlexQueryResponse":
            return answer
        code = _code(answer)
        if not code:
            raise ProviderUnreadable
        if code not in IN_PROGRESS:
            raise error_of(code)
    raise StillGenerating


def _code(answer: Element) -> str:
    code = (answer.findtext("ErrorCode") or answer.findtext("code") or "").strip()
    return code if code.isdecimal() and len(code) == 4 else ""
