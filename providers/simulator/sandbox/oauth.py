"""The token and revocation endpoints: RFC 6749, 7009, 7636, and the metadata of RFC 8414."""

import base64
import binascii
import hmac
import re
from hashlib import sha256
from typing import NoReturn
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse

from providers.simulator.bank import SCOPES, Bank, bank_of
from providers.simulator.responses import methods, reply
from providers.simulator.sandbox.grants import InvalidGrantError, InvalidScopeError, Tokens
from providers.simulator.sandbox.strict import PUSHED_SECONDS, ClientError, ProofError

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1


class OAuthError(Exception):
    """A refusal in the words of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status

    def response(self, **headers: str) -> HttpResponse:
        """The error as the client gets it."""
        body = {"error": self.error, "error_description": self.description}
        if self.status == 401:
            headers["WWW_Authenticate"] = 'Basic realm="Sandbox Bank", charset="UTF-8"'
        return reply(body, self.status, **headers)


@methods("GET", "HEAD")
async def metadata(request: HttpRequest) -> HttpResponse:
    """What this authorization server can do (RFC 8414)."""
    bank = bank_of(request)
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


@methods("POST")
async def token(request: HttpRequest) -> HttpResponse:
    """Tokens for a code or a refresh token."""
    bank = bank_of(request)
    try:
        form = _form(request)
        _authenticate(request, form, bank)
        thumbprint = bank.strict.thumbprint(request, f"{bank.issuer}/oauth/token") if bank.strict else ""
        return _token_reply(bank, _grant_tokens(bank, form, thumbprint))
    except OAuthError as error:
        return error.response(Pragma="no-cache")
    except ProofError as error:
        return OAuthError(error.code, str(error)).response(
            DPoP_Nonce=bank.strict.nonce if bank.strict else ""
        )


@methods("POST")
async def pushed(request: HttpRequest) -> HttpResponse:
    """An authorization request from the client itself (RFC 9126)."""
    bank = bank_of(request)
    try:
        form = _form(request)
        _authenticate(request, form, bank)
        if bank.strict is None:
            _refuse("invalid_request", "Pushed requests are not taken here.")
        return reply({"request_uri": bank.strict.push(form), "expires_in": PUSHED_SECONDS}, 201)
    except OAuthError as error:
        return error.response()


@methods("POST")
async def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009: 200 for any token, known or not, from a known client."""
    bank = bank_of(request)
    try:
        form = _form(request)
        _authenticate(request, form, bank)
        bank.grants.revoke_token(_needed(form, "token"))
    except OAuthError as error:
        return error.response()
    return reply({})


def _grant_tokens(bank: Bank, form: dict[str, str], thumbprint: str) -> Tokens:
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


def _token_reply(bank: Bank, tokens: Tokens) -> HttpResponse:
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
    for name, values in request.POST.lists():
        if len(values) > 1:  # RFC 6749 section 3.2
            _refuse("invalid_request", f"The parameter {name} was sent more than once.")
    return {name: str(value) for name, value in request.POST.items()}


def _needed(form: dict[str, str], name: str) -> str:
    return form.get(name) or _refuse("invalid_request", f"The parameter {name} is missing.")


def _authenticate(request: HttpRequest, form: dict[str, str], bank: Bank) -> None:
    """By header or by form, never both (RFC 6749 section 2.3); at the strict bank by signature only."""
    client = bank.client
    if bank.strict is not None:
        try:
            bank.strict.client(form, bank.issuer, client.id)
        except ClientError as error:
            raise OAuthError("invalid_client", str(error), 401) from error
        return
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    elif "client_secret" in form:
        _refuse("invalid_request", "Authenticate by header or by form, not by both.")
    else:
        client_id, secret = _basic(encoded)
    known = hmac.compare_digest(client_id.encode(), client.id.encode())
    if not hmac.compare_digest(secret.encode(), client.secret.encode()) or not known:
        raise OAuthError("invalid_client", "Unknown client id or wrong secret.", 401)


def _basic(encoded: str) -> tuple[str, str]:
    """Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1)."""
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _proves(verifier: str, challenge: str) -> bool:
    computed = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return bool(VERIFIER.fullmatch(verifier)) and hmac.compare_digest(computed, challenge)


def _refuse(error: str, description: str) -> NoReturn:
    raise OAuthError(error, description)
