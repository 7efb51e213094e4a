"""Linking at Enable Banking: country, bank, the bank's own page, and a session for the code that comes back."""

from datetime import UTC, datetime, timedelta

import msgspec

from dashtam.plain_text import visible
from providers.connectors.contract.errors import CredentialsRefused
from providers.connectors.contract.institutions import LONGEST_NAME
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step, Visit
from providers.connectors.enable_banking.answers import (
    Authorization,
    Bank,
    Banks,
    ListedBank,
    NewSession,
    Session,
)
from providers.connectors.enable_banking.countries import COUNTRIES
from providers.errors import AuthorizationDenied, AuthorizationFailed, ProviderError
from providers.wire.grants import Grant
from providers.wire.http import request_json

LONGEST = timedelta(days=180)
PSU_TYPES = (("personal", "Private"), ("business", "Business"))
QUESTION = Ask(
    (
        Field("country", "Country of the bank", secret=False, choices=COUNTRIES),
        Field("psu_type", "Kind of customer", secret=False, choices=PSU_TYPES),
    )
)


async def step(reach: Reach, said: Said, base_url: str) -> Step:
    """The next step: two questions, the bank's page, and the session. Raises ProviderErrors, CredentialsRefused."""
    if said.query is not None:
        return await _session(reach, said, base_url)
    if bank := said.answers.get("bank"):
        return await _visit(reach, said, Bank(bank, said.kept["country"]), said.kept["psu_type"])
    if country := said.answers.get("country"):
        return await _banks(reach, country, said.answers["psu_type"])
    if said.renews is not None and (known := await _before(reach, said.renews)):
        return await _visit(reach, said, known.aspsp, known.psu_type)
    return QUESTION


async def banks(reach: Reach, country: str = "", psu_type: str = "") -> list[ListedBank]:
    """The banks whose accounts can be read: of a country, for a kind of customer, or all."""
    narrowed = {"country": country, "psu_type": psu_type}
    params = {"service": "AIS", **{name: value for name, value in narrowed.items() if value}}
    async with reach() as client:
        return (await request_json(client, "GET", "/aspsps", type=Banks, params=params)).aspsps


async def _banks(reach: Reach, country: str, psu_type: str) -> Step:
    found = [bank.name for bank in await banks(reach, country, psu_type) if len(bank.name) <= LONGEST_NAME]
    if not found:
        raise CredentialsRefused.of("country", "Enable Banking reaches no such bank in this country.")
    choices = tuple((name, visible(name)) for name in sorted(found, key=str.casefold))
    field = Field("bank", "Bank", secret=False, choices=choices)
    return Ask((field,), kept={"country": country, "psu_type": psu_type})


async def _visit(reach: Reach, said: Said, bank: Bank, psu_type: str) -> Step:
    """The bank's page, for as long a consent as the bank gives."""
    listed = [each for each in await banks(reach, bank.country, psu_type) if each.name == bank.name]
    if not listed:
        raise CredentialsRefused.of("bank", "Enable Banking does not reach this bank at the moment.")
    life = min(timedelta(seconds=listed[0].maximum_consent_validity), LONGEST)
    asked = {
        "access": {
            "valid_until": f"{datetime.now(UTC) + life:%Y-%m-%dT%H:%M:%SZ}",
            "balances": True,
            "transactions": True,
        },
        "aspsp": {"name": bank.name, "country": bank.country},
        "state": said.state,
        "redirect_url": said.redirect_uri,
        "psu_type": psu_type,
    }
    async with reach() as client:
        begun = await request_json(client, "POST", "/auth", type=Authorization, json=asked)
    return Visit(begun.url)


async def _session(reach: Reach, said: Said, base_url: str) -> Step:
    query = said.query or {}
    if query.get("error") == "access_denied":
        raise AuthorizationDenied
    if query.get("error") or not query.get("code"):
        raise AuthorizationFailed
    async with reach() as client:
        code = {"code": query["code"]}
        made = await request_json(client, "POST", "/sessions", type=NewSession, json=code)
    id_ = made.session_id
    grant = Grant({"session_id": id_}, origin=f"{base_url}/sessions/{id_}", ends_at=made.access.valid_until)
    return Done(grant)


async def _before(reach: Reach, grant: Grant) -> Session | None:
    """The session that is to be renewed, if it still says which bank it was at."""
    try:
        async with reach(grant=grant) as client:
            answer = await client.get(str(client.base_url).rstrip("/"))
            return msgspec.json.decode(answer.content, type=Session)
    except (ProviderError, msgspec.MsgspecError):
        return None
