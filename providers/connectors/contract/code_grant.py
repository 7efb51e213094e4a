"""The steps of OAuth's code grant (RFC 6749 §4.1), which serve every connector that has an `oauth`."""

from collections.abc import Mapping

from providers.connectors.contract.steps import Done, Said, Step, Visit
from providers.errors import AuthorizationDenied, AuthorizationFailed, AuthorizationInvalid, ConsentEnded
from providers.wire import oauth
from providers.wire.grants import ACCESS, REFRESH, Grant
from providers.wire.oauth_server import OAuthServer

VERIFIER = "code_verifier"


async def step(server: OAuthServer, said: Said) -> Step:
    """A visit to the authorization endpoint; then, with the code that came back, the grant. Raises ProviderErrors."""
    if said.query is None:
        verifier = oauth.new_code_verifier()
        url = await oauth.authorization_url(
            server, redirect_uri=said.redirect_uri, state=said.state, code_verifier=verifier
        )
        return Visit(url, kept={VERIFIER: verifier})
    _check(server, said.query)
    tokens = await oauth.exchange_code(
        server,
        code=said.query["code"],
        code_verifier=said.kept[VERIFIER],
        redirect_uri=said.redirect_uri,
    )
    return Done(tokens.grant())


async def renew(server: OAuthServer, grant: Grant) -> Grant:
    """A grant with fresh tokens (§6). Raises ProviderErrors."""
    if REFRESH not in grant.secrets:
        raise ConsentEnded
    return (await oauth.refresh(server, refresh_token=grant.secrets[REFRESH])).grant()


async def revoke(server: OAuthServer, grant: Grant) -> None:
    """End the grant (RFC 7009); revoking a refresh token includes its access tokens (§2.1). Raises ProviderErrors."""
    hint = REFRESH if REFRESH in grant.secrets else ACCESS
    if token := grant.secrets.get(hint):
        await oauth.revoke(server, token=token, hint=hint)


def replaces(server: OAuthServer, old: Grant, new: Grant) -> bool:
    """True if both are grants of their own, so that the old one is to be ended."""
    same = new.secrets.get(REFRESH) == old.secrets.get(REFRESH) is not None
    return not server.one_grant_per_person and not same


def _check(server: OAuthServer, query: Mapping[str, str]) -> None:
    """Check the redirect's parameters, `iss` first (RFC 9207 §2.4)."""
    issuer, error = query.get("iss"), query.get("error")
    if (issuer is not None or server.sends_issuer) and issuer != server.issuer:
        raise AuthorizationInvalid
    if error == "access_denied":
        raise AuthorizationDenied
    if error is not None or not query.get("code"):
        raise AuthorizationFailed
