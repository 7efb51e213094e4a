"""The connector of Enable Banking."""

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
from providers.connectors.contract.steps import Reach, Said, Step
from providers.connectors.enable_banking import faults, linking, pulling
from providers.connectors.enable_banking.countries import CODES
from providers.connectors.enable_banking.signing import APPLICATION, KEY, signed
from providers.errors import ProviderError, ProviderRefused
from providers.wire.grants import Grant
from providers.wire.placing import Placement


class EnableBankingConnector(base.Connector):
    """A key of the installation signs each request, a session is a consent, and four reads a day are free."""

    slug = "enable-banking"
    name = "Enable Banking"
    description = "Banks across Europe, by the rules of open banking (PSD2), free for accounts of your own."
    auth = "credentials"
    capabilities: ClassVar[tuple[records.Capability, ...]] = ("accounts", "balances", "transactions")
    setting_defaults = MappingProxyType(
        {"URL": "https://api.enablebanking.com", "APPLICATION_ID": "", "PRIVATE_KEY": ""}
    )
    facts = Facts(
        cadence=timedelta(hours=12),
        look_back=timedelta(days=14),
        ids="batch",
        pending="replaced",
        consent=timedelta(days=180),
        quotas=(Quota(4, timedelta(days=1), "account"),),
        regions=CODES,
        needs="Your sign-in at your bank. You type it on the bank’s own page.",
        cost="Nothing, for accounts of your own.",
        freshness="As the bank has it at that moment.",
        behind="each",
        register="https://enablebanking.com/cp/applications",
    )

    @property
    def configured(self) -> bool:
        return bool(self.base_url and self.setting("APPLICATION_ID") and self.setting("PRIVATE_KEY"))

    @property
    def base_url(self) -> str:
        return self.setting("URL")

    @property
    def placement(self) -> Placement:
        return Placement(sign=signed)

    @property
    def own_secrets(self) -> Mapping[str, str]:
        return {APPLICATION: self.setting("APPLICATION_ID"), KEY: self.setting("PRIVATE_KEY")}

    async def link(self, reach: Reach, said: Said) -> Step:
        return await linking.step(reach, said, self.base_url)

    async def institutions(self, reach: Reach, search: str) -> Sequence[Institution]:
        return [Institution(each.name, each.country) for each in await linking.banks(reach)]

    async def revoke(self, reach: Reach, grant: Grant) -> None:
        async with reach(grant=grant) as client:
            answer = await client.delete(str(client.base_url).rstrip("/"))
        if not answer.is_success and answer.status_code not in (401, 404):
            raise faults.fault(answer) or ProviderRefused

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return faults.fault(answer)

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        async for batch in pulling.pull(client, wanted, now=datetime.now(UTC)):
            yield batch
