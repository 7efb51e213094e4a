"""Linking at SnapTrade: OAuth where the installation has an app, else a personal key, and the portal for brokerages."""

from urllib.parse import urlsplit

from providers.connectors.contract import code_grant
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step, Visit
from providers.connectors.snaptrade.answers import Authorization, Metadata, Portal
from providers.connectors.snaptrade.signing import CLIENT, KEY, ROOT
from providers.errors import ConsentEnded, ProviderRefused, ProviderUnreadable
from providers.wire.grants import ACCESS, Grant
from providers.wire.http import decoded, error_of, request_json
from providers.wire.oauth_server import OAuthServer

POLL = 10
WAYS = (("oauth", "Sign in at SnapTrade"), ("key", "An API key of mine"))
WHERE = "https://dashboard.snaptrade.com/api-key"
CHOICE = Ask((Field("way", "How to connect", secret=False, choices=WAYS),))
KEYS = Ask(
    (
        Field(
            CLIENT, "Client ID", secret=False, help="It is on the page “API key” of your SnapTrade account."
        ),
        Field(KEY, "Consumer key", help="It is beside the client ID."),
    ),
    where=WHERE,
)


async def step(reach: Reach, said: Said, *, client_id: str, client_secret: str) -> Step:
    """The next step. Raises ProviderErrors, CredentialsRefused."""
    if said.query is not None and code_grant.VERIFIER in said.kept:
        return await code_grant.step(await server(reach, client_id, client_secret), said)
    if CLIENT in said.kept:
        return await _look(reach, said)
    if CLIENT in said.answers:
        return await _keys(reach, said, Grant({CLIENT: said.answers[CLIENT], KEY: said.answers[KEY]}))
    if said.renews is not None and KEY in said.renews.secrets:
        return await _portal(reach, said, said.renews)
    wants_oauth = said.answers.get("way") == "oauth" or (said.renews and ACCESS in said.renews.secrets)
    if wants_oauth and client_id:
        return await code_grant.step(await server(reach, client_id, client_secret), said)
    return KEYS if said.answers.get("way") == "key" or not client_id else CHOICE


async def server(reach: Reach, client_id: str, client_secret: str) -> OAuthServer:
    """SnapTrade's authorization server, by its metadata (RFC 8414). Raises ProviderUnreadable for a foreign one."""
    async with reach() as client:
        place = "/.well-known/oauth-authorization-server"
        found = await request_json(client, "GET", place, type=Metadata)
        own = client.base_url.host
    for url in (found.token_endpoint, found.revocation_endpoint or found.token_endpoint):
        if urlsplit(url).hostname != own:
            raise ProviderUnreadable
    return OAuthServer(
        issuer=found.issuer,
        authorization_endpoint=found.authorization_endpoint,
        token_endpoint=found.token_endpoint,
        revocation_endpoint=found.revocation_endpoint,
        client_id=client_id,
        client_secret=client_secret,
        scopes=("read",),
    )


async def authorizations(reach: Reach, grant: Grant) -> list[Authorization]:
    """The brokerages that SnapTrade is connected to for this person."""
    async with reach(grant=grant) as client:
        answer = await client.get(f"{ROOT}/authorizations")
    if not answer.is_success:
        raise error_of(answer) or ProviderUnreadable
    return decoded(answer, list[Authorization])  # none at all is no error here


async def _keys(reach: Reach, said: Said, grant: Grant) -> Step:
    """Access at once, where a brokerage is connected already; else the portal."""
    try:
        found = await authorizations(reach, grant)
    except (ConsentEnded, ProviderRefused) as error:
        raise CredentialsRefused.of(KEY, "SnapTrade does not know this key with this client ID.") from error
    if any(not each.disabled for each in found):
        return Done(grant, subject=grant.secrets[CLIENT])
    return await _portal(reach, said, grant)


async def _portal(reach: Reach, said: Said, grant: Grant) -> Step:
    """The portal: to mend what is disabled, or to add a brokerage."""
    found = await authorizations(reach, grant)
    broken = [each.id for each in found if each.disabled]
    asked: dict[str, object] = {
        "connectionType": "read",
        "connectionPortalVersion": "v4",
        "customRedirect": said.back_to,
        "immediateRedirect": True,
    }
    asked |= {"reconnect": broken[0]} if broken else {}
    async with reach(grant=grant) as client:
        made = await request_json(client, "POST", f"{ROOT}/snapTrade/login", type=Portal, json=asked)
    kept = {**grant.secrets, "live": str(len(found) - len(broken))}
    return Visit(made.redirectURI, kept=kept, poll=POLL)


async def _look(reach: Reach, said: Said) -> Step:
    """Done as soon as one more brokerage is connected than before."""
    grant = Grant({CLIENT: said.kept[CLIENT], KEY: said.kept[KEY]})
    live = sum(not each.disabled for each in await authorizations(reach, grant))
    if live > int(said.kept["live"]) or (said.query is not None and live):
        return Done(grant, subject=grant.secrets[CLIENT])
    return Visit("", kept=said.kept, poll=POLL)
