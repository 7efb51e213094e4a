"""The token and revocation endpoints: RFC 6749, 7009, 7636, and the metadata of RFC 8414."""

import base64
import binascii
import hmac
import re
from collections.abc import Callable
from functools import wraps
from typing import NoReturn
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse

from providers.simulator.responses import View, methods, reply
from providers.simulator.sandbox.bank import SCOPES, Sandbox, sandbox_of
from providers.simulator.sandbox.grants import InvalidGrantError, InvalidScopeError, Tokens
from providers.simulator.sandbox.parameters import credentials, repeated
from providers.simulator.sandbox.strict import PUSHED_SECONDS, ClientError, ProofError, sha256_base64url

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


class OAuthError(Exception):
    """An error as RFC 6749 section 5.2 defines it."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def response(self, **headers: str) -> HttpResponse:
        """The error as a JSON reply."""
        body = {"error": self.error, "error_description": self.description}
        if self.status == 401:
            headers["WWW_Authenticate"] = 'Basic realm="Sandbox Bank", charset="UTF-8"'
        return reply(body, self.status, **headers)


@methods("GET", "HEAD")
async def metadata(request: HttpRequest) -> HttpResponse:
    """The metadata of this authorization server (RFC 8414)."""
    bank = sandbox_of(request)
    issuer, strict = bank.issuer, bank.strict is not None
    client_auth = ["private_key_jwt"] if strict else ["client_secret_basic", "client_secret_post"]
    more = {
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/par",
        "require_pushed_authorization_requests": True,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": ["ES256"],
    }
    return reply(
        (more if strict else {})
        | {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": client_auth,
            "revocation_endpoint_auth_methods_supported": client_auth,
            "scopes_supported": list(SCOPES),
            "authorization_response_iss_parameter_supported": True,
            "service_documentation": f"{issuer}/",
        }
    )


Handler = Callable[[Sandbox, HttpRequest, dict[str, str]], HttpResponse]


def from_client(**error_headers: str) -> Callable[[Handler], View]:
    """Serve a function of the bank and the form to the registered client, and answer OAuthErrors."""

    def guard(handler: Handler) -> View:
        @methods("POST")
        @wraps(handler)
        async def view(request: HttpRequest) -> HttpResponse:
            bank = sandbox_of(request)
            try:
                form = _form(request)
                _authenticate(request, form, bank)
                return handler(bank, request, form)
            except OAuthError as error:
                return error.response(**error_headers)

        return view

    return guard


@from_client(Pragma="no-cache")
def token(bank: Sandbox, request: HttpRequest, form: dict[str, str]) -> HttpResponse:
    """Tokens for a code or a refresh token."""
    try:
        thumbprint = bank.strict.thumbprint(request, f"{bank.issuer}/oauth/token") if bank.strict else ""
    except ProofError as error:
        nonce = bank.strict.nonce if bank.strict else ""
        return OAuthError(error.code, str(error)).response(DPoP_Nonce=nonce)
    return _token_reply(bank, _grant_tokens(bank, form, thumbprint))


@from_client()
def pushed(bank: Sandbox, request: HttpRequest, form: dict[str, str]) -> HttpResponse:
    """An authorization request from the client itself (RFC 9126)."""
    if bank.strict is None:
        _refuse("invalid_request", "Pushed requests are not taken here.")
    return reply({"request_uri": bank.strict.push(form), "expires_in": PUSHED_SECONDS}, 201)


@from_client()
def revoke(bank: Sandbox, request: HttpRequest, form: dict[str, str]) -> HttpResponse:
    """RFC 7009: 200 for any token, known or not, from a known client."""
    bank.grants.revoke_token(_needed(form, "token"))
    return reply({})


def _grant_tokens(bank: Sandbox, form: dict[str, str], thumbprint: str) -> Tokens:
    try:
        match _needed(form, "grant_type"):
            case "authorization_code":
                code, uri, verifier = (_needed(form, n) for n in ("code", "redirect_uri", "code_verifier"))
                return bank.grants.redeem(
                    code, uri, lambda challenge: _proves(verifier, challenge), thumbprint
                )
            case "refresh_token":
                return bank.grants.rotate(_needed(form, "refresh_token"), form.get("scope"), thumbprint)
            case _:
                _refuse("unsupported_grant_type", "Use authorization_code or refresh_token.")
    except InvalidGrantError as error:
        raise OAuthError("invalid_grant", str(error)) from error
    except InvalidScopeError as error:
        raise OAuthError("invalid_scope", str(error)) from error


def _token_reply(bank: Sandbox, tokens: Tokens) -> HttpResponse:
    consent_end = tokens.grant.expires_at
    body = {
        "access_token": tokens.access,
        "token_type": "DPoP" if bank.strict else "Bearer",
        "expires_in": bank.grants.access_ttl,
        "refresh_token": tokens.refresh,
        "refresh_expires_in": round((consent_end - bank.grants.bank_now()).total_seconds()),
        "scope": tokens.scope,
        "consent_expires_at": f"{consent_end:%Y-%m-%dT%H:%M:%SZ}",
    }
    return reply(body, Pragma="no-cache")


def _form(request: HttpRequest) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        _refuse("invalid_request", "Send the parameters as application/x-www-form-urlencoded.")
    if name := repeated(request.POST, request.POST):
        _refuse("invalid_request", f"The parameter {name} was sent more than once.")
    return {name: str(value) for name, value in request.POST.items()}


def _needed(form: dict[str, str], name: str) -> str:
    return form.get(name) or _refuse("invalid_request", f"The parameter {name} is missing.")


def _authenticate(request: HttpRequest, form: dict[str, str], bank: Sandbox) -> None:
    """Check the client by header or by form, never both (RFC 6749 section 2.3); if strict, by signature only."""
    client = bank.client
    if bank.strict is not None:
        try:
            bank.strict.client(form, bank.issuer, client.id)
        except ClientError as error:
            raise OAuthError("invalid_client", str(error), 401) from error
        return
    scheme, encoded = credentials(request)
    if scheme != "basic":
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    elif "client_secret" in form:
        _refuse("invalid_request", "Authenticate by header or by form, not by both.")
    else:
        client_id, secret = _basic(encoded)
    known = hmac.compare_digest(client_id.encode(), client.id.encode())
    if not hmac.compare_digest(secret.encode(), client.secret.encode()) or not known:
        raise OAuthError("invalid_client", "Unknown client id or wrong secret.", 401)


def _basic(encoded: str) -> tuple[str, str]:
    """The id and the secret, each form-encoded before they were joined (RFC 6749 section 2.3.1)."""
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _proves(verifier: str, challenge: str) -> bool:
    computed = sha256_base64url(verifier.encode())
    return bool(VERIFIER.fullmatch(verifier)) and hmac.compare_digest(computed, challenge)


def _refuse(error: str, description: str) -> NoReturn:
    raise OAuthError(error, description)
