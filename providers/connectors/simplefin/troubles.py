"""SimpleFIN's list of errors, as the troubles of accounts, of institutions, or of all."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from providers.connectors.simplefin.values import mapping, objects, text
from providers.errors import (
    ConsentEnded,
    PaymentRequired,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_DIGITS = re.compile(r"\d{5,}")  # perhaps an account number
_ATTENTION = re.compile(r"attention|authenticat|log ?in|sign ?in|credential|password", re.IGNORECASE)
_PLAN = re.compile(r"payment required|subscription", re.IGNORECASE)
WORDS = 200


class LooksForYou(ProviderRefused):
    """The bank wants its person at the bridge; our own access to the bridge is sound."""

    code = "attention_needed"
    title = "The institution needs you to sign in there."
    detail = "Sign in where you connected it, and do what it asks. There is nothing to change here."
    retry_after = None


class Incomplete(ProviderUnavailable):
    """The list of transactions has gaps, which the server says itself."""

    code = "incomplete"
    title = "The institution has not sent everything yet."


@dataclass(frozen=True, slots=True)
class Trouble:
    """One error: of an account, a connection to a bank, or all, as the ids say."""

    error: ProviderError
    connection: str = ""
    account: str = ""
    said: str = ""  # a v1 server names the bank in its sentence only


def troubles(answer: Mapping[str, Any]) -> Iterator[Trouble]:
    """The errors that an answer lists. Of both versions of the list, the newer is read, unless it is empty."""
    if typed := objects(answer.get("errlist")):
        for item in typed:
            yield _typed(item)
    else:
        for item in objects(answer.get("errors")):
            said = text({"said": item}, "said") or text(mapping(item), "msg", "message", "description")
            yield Trouble(_spoken(said), said=said)


def _typed(item: Any) -> Trouble:
    found = mapping(item)
    code = found.get("code") if isinstance(found.get("code"), str) else ""
    said = text(found, "msg", "message", "description") or text({"said": item}, "said")
    prefix, _, sub = str(code).partition(".")
    return Trouble(
        _error(prefix, sub, said),
        connection=text(found, "conn_id") if prefix != "gen" else "",
        account=text(found, "account_id") if prefix != "gen" else "",
    )


def _error(prefix: str, sub: str, said: str) -> ProviderError:
    """A subcode that is not known counts as its prefix; a prefix that is not known, as a general error."""
    detail = shown(said)
    match prefix, sub:
        case "con", "auth":
            return LooksForYou(detail=detail or LooksForYou.detail)
        case "gen", "auth":
            return ConsentEnded(detail=detail)
        case "gen", "api":
            return ProviderRefused(detail=detail)
        case "act", "missingdata":
            return Incomplete(detail=detail)
    return ProviderUnavailable(code="told_by_server", detail=detail)


def _spoken(said: str) -> ProviderError:
    if _PLAN.search(said):
        return PaymentRequired()
    if _ATTENTION.search(said):
        return LooksForYou(detail=shown(said) or LooksForYou.detail)
    return ProviderUnavailable(code="told_by_server", detail=shown(said))


def shown(said: str) -> str:
    """A server's own sentence, fit to be shown: short, and without addresses and long numbers."""
    return _DIGITS.sub("…", _URL.sub("…", said))[:WORDS].strip()
