"""The connector of SnapTrade."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

import httpx

from providers import records
from providers.connectors import base
from providers.connectors.contract import code_grant
from providers.connectors.contract.batches import Batch, Wanted
from providers.connectors.contract.facts import Facts, Quota, Rhythm
from providers.connectors.contract.steps import Reach, Said, Step
from providers.connectors.snaptrade import faults, linking, pulling
from providers.connectors.snaptrade.signing import signed
from providers.errors import ConsentEnded, ProviderError
from providers.wire.grants import ACCESS, REFRESH, Grant
from providers.wire.oauth_server import OAuthServer
from providers.wire.placing import Placement

MINUTE = timedelta(minutes=1)
_NAMES = (
    "Alpaca|Binance|Chase|Coinbase|CommSec|DEGIRO|E*TRADE|Empower|Fidelity|Interactive Brokers|Kraken|moomoo|Public|"
    "Questrade|Robinhood|Schwab|Stake|tastytrade|TradeStation|Trading 212|Tradier|Upstox|Vanguard|Wealthsimple|"
    "Webull|Wells Fargo|Zerodha"
)


class SnapTradeConnector(base.Connector):
    """A bearer token or a signing key of the person, activities by offset, and data that is a day old."""

    slug = "snaptrade"
    name = "SnapTrade"
    description = (
        "Brokerages such as Fidelity, Schwab, Robinhood or Questrade, through your own SnapTrade account."
    )
    auth = "credentials"
    capabilities: ClassVar[tuple[records.Capability, ...]] = (
        "accounts",
        "balances",
        "transactions",
        "holdings",
    )
    setting_defaults = MappingProxyType(
        {"URL": "https://api.snaptrade.com", "CLIENT_ID": "", "CLIENT_SECRET": ""}
    )
    facts = Facts(
        cadence=timedelta(hours=12),
        look_back=timedelta(days=10),
        ids="batch",
        pending="none",
        quotas=(Quota(250, MINUTE, "grant"), Quota(10, MINUTE, "account")),
        regions=("US", "CA", "GB", "EU", "AU", "IN"),
        needs="A Personal account at SnapTrade.",
        cost="Nothing, for your own brokerages.",
        freshness="Transactions are a day behind; balances and positions are read each time.",
        behind="all",
        names=tuple(_NAMES.split("|")),
        manage="https://dashboard.snaptrade.com",
        ending="If you signed in at SnapTrade, we tell it to end that permission.",
        left="Your brokerages stay connected at SnapTrade, and a key that you gave stays valid. End both on its page.",
        register="https://dashboard.snaptrade.com/signup",
        balances_due=Rhythm(timedelta(days=2)),
    )

    @property
    def configured(self) -> bool:
        return bool(self.base_url)

    @property
    def base_url(self) -> str:
        return self.setting("URL")

    @property
    def placement(self) -> Placement:
        return Placement(sign=signed)

    async def link(self, reach: Reach, said: Said) -> Step:
        return await linking.step(
            reach, said, client_id=self.setting("CLIENT_ID"), client_secret=self.setting("CLIENT_SECRET")
        )

    async def renew(self, reach: Reach, grant: Grant) -> Grant:
        if REFRESH not in grant.secrets:
            raise ConsentEnded
        return await code_grant.renew(await self._server(reach), grant)

    async def revoke(self, reach: Reach, grant: Grant) -> None:
        if ACCESS in grant.secrets:  # a key is the person's own, and lives on
            await code_grant.revoke(await self._server(reach), grant)

    async def _server(self, reach: Reach) -> OAuthServer:
        return await linking.server(reach, self.setting("CLIENT_ID"), self.setting("CLIENT_SECRET"))

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return faults.fault(answer)

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        async for batch in pulling.pull(client, wanted, now=datetime.now(UTC)):
            yield batch
