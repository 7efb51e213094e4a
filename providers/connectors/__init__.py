"""The registry of connectors: one file each, and one line here."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from providers.connectors.base import Connector
from providers.connectors.by_hand import ByHandConnector
from providers.connectors.contract.facts import overdue
from providers.connectors.enable_banking import EnableBankingConnector
from providers.connectors.ibkr_flex import IbkrFlexConnector
from providers.connectors.plaid import PlaidConnector
from providers.connectors.sandbox import SandboxConnector
from providers.connectors.simplefin import SimpleFinConnector
from providers.connectors.snaptrade import SnapTradeConnector
from providers.connectors.statement_files import StatementFilesConnector
from providers.errors import NotSupported, UnknownProvider

_ALL: tuple[Connector, ...] = (
    SandboxConnector(),
    SimpleFinConnector(),
    EnableBankingConnector(),
    SnapTradeConnector(),
    IbkrFlexConnector(),
    PlaidConnector(),
    StatementFilesConnector(),
    ByHandConnector(),
)

CONNECTORS: dict[str, Connector] = {connector.slug: connector for connector in _ALL}


def slug_of(host: str) -> str:
    """The slug of the provider whose API or authorization server has this host; `other` for an unknown host."""
    return next((slug for slug, connector in CONNECTORS.items() if host in _hosts(connector)), "other")


def _hosts(connector: Connector) -> Iterator[str | None]:
    yield from (urlsplit(url).hostname for url in connector.hosts)
    with suppress(NotSupported):
        yield urlsplit(connector.base_url).hostname
        yield urlsplit(connector.oauth.token_endpoint).hostname


def get(slug: str) -> Connector:
    """The connector of that slug. Raises UnknownProvider, a NotFound."""
    try:
        return CONNECTORS[slug]
    except KeyError:
        raise UnknownProvider from None


def consent_life(slug: str) -> timedelta | None:
    """The life of a consent at this provider, where its connector declares one."""
    connector = CONNECTORS.get(slug)
    return connector.consent_life if connector else None


def name_of(slug: str) -> str:
    """The provider's name as people know it; the slug itself where its connector is gone."""
    connector = CONNECTORS.get(slug)
    return connector.name if connector else slug


def source_of(slug: str) -> str:
    """`file` where people bring the figures as files, `person` where they write them down, else `feed`."""
    connector = CONNECTORS.get(slug)
    return connector.auth if connector and connector.by_person else "feed"


def balances_overdue(slug: str, as_of: datetime | None, now: datetime) -> bool:
    """True where the provider should have had a newer balance by now. A balance that was never read is not overdue."""
    return as_of is not None and overdue(CONNECTORS.get(slug, Connector).facts.balances_due, as_of, now)


def prices_overdue(slug: str, as_of: datetime | None, now: datetime) -> bool:
    """True where the provider should have had newer prices of its holdings by now."""
    return as_of is not None and overdue(CONNECTORS.get(slug, Connector).facts.prices_due, as_of, now)
