"""The connector of Plaid."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

import httpx

from providers import records
from providers.connectors import base
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.facts import Facts, Quota
from providers.connectors.contract.institutions import Institution
from providers.connectors.contract.news import News
from providers.connectors.contract.steps import Reach, Said, Step
from providers.connectors.plaid import faults, linking, pulling, webhooks
from providers.connectors.plaid.answers import Institutions, ItemAnswer
from providers.errors import ProviderError
from providers.wire.grants import Grant
from providers.wire.http import request, request_json
from providers.wire.placing import Placement

MINUTE = timedelta(minutes=1)


class PlaidConnector(base.Connector):
    """A page hosted by Plaid, one cursor for a whole Item, and money out as positive numbers."""

    slug = "plaid"
    name = "Plaid"
    description = (
        "Banks, cards, loans and investments in the US, Canada and Europe, with your own Plaid keys."
    )
    auth = "credentials"
    capabilities: ClassVar[tuple[records.Capability, ...]] = (
        "accounts",
        "balances",
        "transactions",
        "holdings",
    )
    searched_by_name = True
    setting_defaults = MappingProxyType(
        {"URL": "https://production.plaid.com", "CLIENT_ID": "", "SECRET": "", "COUNTRIES": "US"}
    )
    facts = Facts(
        cadence=timedelta(hours=6),
        history=timedelta(days=730),
        look_back=pulling.LOOK_BACK,  # of activities; transactions have a cursor
        ids="stable",
        pending="linked",
        quotas=(Quota(50, MINUTE, "grant"),),
        regions=("US", "CA", "GB", "EU"),
        needs="Your sign-in at the institution. You type it on a page of Plaid.",
        cost="Ten institutions are free for good with a trial account; after that Plaid charges for each.",
        freshness="Plaid reads most institutions a few times a day.",
        behind="each",
        manage="https://my.plaid.com",
        left="With a trial account of Plaid, this institution goes on counting as one of your ten.",
        register="https://dashboard.plaid.com/developers/keys",
    )

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.setting("CLIENT_ID") and self.setting("SECRET"))

    @property
    def base_url(self) -> str:
        return self.setting("URL")

    @property
    def placement(self) -> Placement:
        return Placement(
            header={"PLAID-CLIENT-ID": "client_id", "PLAID-SECRET": "secret"},
            body={linking.ACCESS: linking.ACCESS},
        )

    @property
    def own_secrets(self) -> Mapping[str, str]:
        return {"client_id": self.setting("CLIENT_ID"), "secret": self.setting("SECRET")}

    @property
    def _countries(self) -> list[str]:
        return self.setting("COUNTRIES").replace(" ", "").split(",")

    async def link(self, reach: Reach, said: Said) -> Step:
        return await linking.step(reach, said, self._countries)

    async def institutions(self, reach: Reach, search: str) -> Sequence[Institution]:
        asked = {"query": search, "products": None, "country_codes": self._countries}
        async with reach() as client:
            place = "/institutions/search"
            found = await request_json(client, "POST", place, type=Institutions, json=asked, safe=True)
        return [
            Institution(each.name, country)
            for each in found.institutions
            for country in each.country_codes
            if country in self._countries
        ]

    def replaces(self, old: Grant, new: Grant) -> bool:
        return old.secrets.get(linking.ACCESS) != new.secrets.get(linking.ACCESS)

    def same(self, one: Grant, other: Grant) -> bool:
        return linking.same(one, other)

    async def revoke(self, reach: Reach, grant: Grant) -> None:
        async with reach(grant=grant) as client:
            await request(client, "POST", "/item/remove", json={})

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return faults.fault(answer)

    async def hear(self, reach: Reach, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        """The news of an Item, if Plaid has signed them."""
        return await webhooks.news(reach, headers, body)

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        answer = await request_json(client, "POST", "/item/get", type=ItemAnswer, json={}, safe=True)
        return answer.item.item_id

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        async for batch in pulling.pull(client, wanted, now=datetime.now(UTC)):
            yield batch
