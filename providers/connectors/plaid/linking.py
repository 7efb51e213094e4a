"""Linking at Plaid: a page that Plaid hosts, which is polled for, and update mode for what exists."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step, Visit
from providers.connectors.plaid.answers import Accounts, Exchanged, ItemAnswer, LinkSessions, LinkToken
from providers.connectors.plaid.reading import aware
from providers.errors import AuthorizationDenied, ProviderError
from providers.wire.grants import Grant
from providers.wire.http import request_json

POLL = 10
HISTORY_DAYS = 730  # fixed once an Item has been read for the first time
ACCESS, MARKS = "access_token", "marks"
WEBHOOK = "/api/v1/webhooks/plaid"
KINDS = (("bank", "A bank, a card or a loan"), ("investments", "Investments or retirement savings"))
QUESTION = Ask(
    (
        Field(
            "kind",
            "Kind of institution",
            secret=False,
            choices=KINDS,
            help="Plaid then lists the institutions that offer it. Other accounts there are read as well.",
        ),
    )
)
PRODUCTS: dict[str, dict[str, list[str]]] = {
    "bank": {"products": ["transactions"], "required_if_supported_products": ["investments"]},
    "investments": {"products": ["investments"], "required_if_supported_products": ["transactions"]},
}


async def step(reach: Reach, said: Said, countries: list[str]) -> Step:
    """The next step: a question, the hosted page, then looks at what has become of it. Raises ProviderErrors."""
    if link_token := said.kept.get("link_token"):
        return await _look(reach, said, link_token)
    chosen = PRODUCTS.get(said.answers.get("kind", ""))
    if said.renews is None and chosen is None:
        return QUESTION
    asked = _asked(said, countries)
    if said.renews is None and chosen is not None:
        asked |= {**chosen, "transactions": {"days_requested": HISTORY_DAYS}}
    else:
        asked["update"] = {"account_selection_enabled": True}
    async with reach(grant=said.renews) as client:
        made = await request_json(client, "POST", "/link/token/create", type=LinkToken, json=asked)
    return Visit(made.hosted_link_url, kept={"link_token": made.link_token}, poll=POLL)


async def _look(reach: Reach, said: Said, link_token: str) -> Step:
    async with reach() as client:
        asked = {"link_token": link_token}
        found = await request_json(
            client, "POST", "/link/token/get", type=LinkSessions, json=asked, safe=True
        )
        ended = [each for each in found.link_sessions if each.finished_at]
        added = [one.public_token for each in ended if each.results for one in each.results.item_add_results]
        if added and said.renews:
            return Done(await _known(reach, said.renews))
        if added:
            token = {"public_token": added[-1]}
            made = await request_json(
                client, "POST", "/item/public_token/exchange", type=Exchanged, json=token
            )
            return Done(await _known(reach, Grant({ACCESS: made.access_token})), subject=made.item_id)
    if ended:
        raise AuthorizationDenied
    return Visit("", kept=said.kept, poll=POLL)


async def _known(reach: Reach, grant: Grant) -> Grant:
    """The grant with the end of its consent, and the marks of its login: hashes of institution and accounts.

    The ids of Plaid are of the Item, so that a second Item for the same login shares none. Without an answer the
    grant stays as it is: the token must not be lost.
    """
    try:
        async with reach(grant=grant) as client:
            told = await request_json(client, "POST", "/item/get", type=ItemAnswer, json={}, safe=True)
            listed = await request_json(client, "POST", "/accounts/get", type=Accounts, json={}, safe=True)
    except ProviderError:
        return grant
    bank = told.item.institution_id
    shown = {f"{bank}:{row.mask}:{row.type}:{row.subtype}" for row in listed.accounts if bank and row.mask}
    marks = " ".join(sorted(hashlib.sha256(text.encode()).hexdigest()[:24] for text in shown))
    secrets = {**grant.secrets, MARKS: marks} if marks else grant.secrets
    return Grant(secrets, origin=grant.origin, ends_at=aware(told.item.consent_expiration_time))


def same(one: Grant, other: Grant) -> bool:
    """True if both Items show an account of the same number at the same institution."""
    marks = (set(grant.secrets.get(MARKS, "").split()) for grant in (one, other))
    return not set.isdisjoint(*marks)


def _asked(said: Said, countries: list[str]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "client_name": "Dashtam",
        "language": "en",
        "country_codes": countries,
        "user": {"client_user_id": hashlib.sha256(said.state.encode()).hexdigest()[:32]},
        "hosted_link": {"completion_redirect_uri": said.back_to},
    }
    if urlsplit(said.redirect_uri).scheme == "https":  # webhooks are sent to no other address
        asked["webhook"] = said.redirect_uri.removesuffix("/providers/plaid/callback") + WEBHOOK
    return asked
