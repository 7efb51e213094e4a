"""The authorization endpoint: the customer signs in, sees what is asked for, and decides."""

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from providers.simulator.books.customers import CUSTOMERS, Account, Customer
from providers.simulator.responses import methods
from providers.simulator.sandbox.bank import SCOPES, Client, Sandbox, sandbox_of
from providers.simulator.sandbox.grants import CONSENT_LIFETIME
from providers.simulator.sandbox.pages import day_words, error_page, page
from providers.simulator.sandbox.parameters import repeated
from providers.simulator.sandbox.scenes import SHORT_CONSENT

PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256, RFC 7636 section 4.2


class UntrustedError(Exception):
    """The client or its redirect URI is not to be trusted: no redirect (RFC 6749 section 4.1.2.1)."""


class RefusedError(Exception):
    """An error that goes to the client by redirect (RFC 6749 section 4.1.2.1)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request whose client and redirect URI are right; the rest is judged by `validate`."""

    redirect_uri: str
    parameters: dict[str, str]
    reference: dict[str, str] | None = None  # of a pushed request: the parameters the browser carries instead

    @property
    def carried(self) -> dict[str, str]:
        """The parameters the browser has to bring back with the customer's decision."""
        return self.reference or self.parameters

    @property
    def scope(self) -> str:
        """The scope asked for, or by default every scope."""
        return self.parameters.get("scope") or " ".join(SCOPES)

    def answer(self, issuer: str, **members: str) -> HttpResponse:
        """A redirect to the client, with `state` echoed and `iss` added (RFC 9207)."""
        if "state" in self.parameters:
            members["state"] = self.parameters["state"]
        query = urlencode({**members, "iss": issuer})
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        response = HttpResponseRedirect(f"{self.redirect_uri}{joint}{query}", status=303)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        return response

    def validate(self) -> None:
        """Check the rest of the request. Raises RefusedError."""
        given = self.parameters
        if given.get("response_type") != "code":
            raise RefusedError("unsupported_response_type", "Only response_type=code is offered.")
        if "code_challenge" not in given or given.get("code_challenge_method") != "S256":
            raise RefusedError("invalid_request", "PKCE with code_challenge_method=S256 is required.")
        if not CHALLENGE.fullmatch(given["code_challenge"]):
            raise RefusedError("invalid_request", "The code_challenge is not the base64url of a SHA-256.")
        if not self.scope.split() or not set(self.scope.split()) <= set(SCOPES):
            raise RefusedError("invalid_scope", f"The scopes offered are: {' '.join(SCOPES)}.")


@methods("GET", "HEAD", "POST")
async def authorize(request: HttpRequest) -> HttpResponse:
    """Show the consent page, or carry out the decision made there."""
    bank = sandbox_of(request)
    form = request.POST if request.method == "POST" else request.GET
    try:
        asked = _pulled(form, bank) if bank.strict else _trusted(form, bank.client)
    except UntrustedError as error:
        return error_page(400, "This request cannot be answered", str(error))
    try:
        _once(form)
        asked.validate()
    except RefusedError as error:
        return asked.answer(bank.issuer, error=error.error, error_description=error.description)
    response = _decided(request, bank, asked, form)
    if bank.strict and asked.reference and response.status_code == 303:
        bank.strict.pushed.pop(asked.reference["request_uri"])  # a pushed request is answered once
    return response


def _decided(
    request: HttpRequest, bank: Sandbox, asked: AuthorizationRequest, form: QueryDict
) -> HttpResponse:
    customer = CUSTOMERS.get(form.get("customer", "ana"), CUSTOMERS["ana"])
    if request.method == "POST" and form.get("decision") == "deny":
        return asked.answer(bank.issuer, error="access_denied", error_description="The customer said no.")
    if request.method == "POST" and form.get("decision") == "approve":
        return _approve(bank, asked, customer, form)
    return _consent_page(bank, asked, customer)


def _approve(bank: Sandbox, asked: AuthorizationRequest, customer: Customer, form: QueryDict) -> HttpResponse:
    """Issue a code. `choose` says that the form had a box per account; without boxes all are shared."""
    every = [account.id for account in customer.accounts]
    chosen = form.getlist("account") if "choose" in form else every
    shared = [account_id for account_id in every if account_id in chosen]
    if not shared:
        return _consent_page(bank, asked, customer, "Choose at least one account to share, or choose Deny.")
    challenge = asked.parameters["code_challenge"]
    short = "consent_ending" in bank.scenarios.of(customer.id)
    code = bank.grants.approve(
        customer.id,
        shared,
        asked.scope,
        asked.redirect_uri,
        challenge,
        lifetime=SHORT_CONSENT if short else CONSENT_LIFETIME,
    )
    return asked.answer(bank.issuer, code=code)


def _consent_page(
    bank: Sandbox, asked: AuthorizationRequest, customer: Customer, error: str = ""
) -> HttpResponse:
    target = urlsplit(asked.redirect_uri)
    context = {
        "client": bank.client.name,
        "destination": target.netloc,
        "customer": customer,
        "customers": [_choice(asked, other, customer) for other in CUSTOMERS.values()],
        "accounts": [(account, _kind_words(account)) for account in customer.accounts],
        "permissions": [words for scope, words in SCOPES.items() if scope in asked.scope.split()],
        "until": day_words(bank.grants.bank_now() + CONSENT_LIFETIME),
        "days": CONSENT_LIFETIME.days,
        "parameters": asked.carried.items(),
        "error": error,
    }
    # Chromium holds form-action against the redirect that follows, so the client's origin is named too.
    origin = f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"
    return page("consent.html", context, status=400 if error else 200, form_action=f"'self' {origin}")


def _choice(asked: AuthorizationRequest, other: Customer, current: Customer) -> dict[str, Any]:
    link = urlencode({**asked.carried, "customer": other.id})
    return {"name": other.name, "note": other.note, "link": f"?{link}", "current": other is current}


def _trusted(form: QueryDict, client: Client) -> AuthorizationRequest:
    """A request whose redirect URI is a registered one, to the letter. Raises UntrustedError."""
    if form.getlist("client_id") != [client.id]:
        raise UntrustedError("The app that sent you here is not registered with Sandbox Bank.")
    uris = form.getlist("redirect_uri")
    if len(uris) != 1 or uris[0] not in client.redirect_uris:
        raise UntrustedError("The app asked us to send you to an address that it has not registered.")
    return AuthorizationRequest(uris[0], {name: str(form[name]) for name in PARAMETERS if name in form})


def _pulled(form: QueryDict, bank: Sandbox) -> AuthorizationRequest:
    """The request that the client pushed. Raises UntrustedError."""
    reference = {"client_id": form.get("client_id", ""), "request_uri": form.get("request_uri", "")}
    strict = bank.strict
    parameters = strict.pulled(reference["request_uri"]) if strict else None
    if strict is None or parameters is None or reference["client_id"] != bank.client.id:
        raise UntrustedError(
            "The app must send us its request itself, at most a minute before it sends you here."
        )
    pushed = QueryDict(mutable=True)
    pushed.update(parameters)
    return replace(_trusted(pushed, bank.client), reference=reference)


def _once(form: QueryDict) -> None:
    """Raises RefusedError for a parameter that came twice (RFC 6749 section 3.1)."""
    if name := repeated(form, PARAMETERS):
        raise RefusedError("invalid_request", f"The parameter {name} was sent more than once.")


def _kind_words(account: Account) -> str:
    return account.kind.value.replace("_", " ").capitalize()
