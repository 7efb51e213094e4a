"""Checks and reads of linking: the connectors that can be linked, and the person's subject at an institution."""

from providers import connectors
from providers.connectors.base import Connector
from providers.connectors.contract.reach import reach
from providers.errors import NotSupported, ProviderNotConfigured, ProviderTakesFiles
from providers.wire.grants import Grant


def linkable(provider: str) -> Connector:
    """The connector, if people can link it here. Raises UnknownProvider, ProviderTakesFiles, ProviderNotConfigured."""
    connector = connectors.get(provider)
    if connector.by_person:
        raise ProviderTakesFiles
    if not connector.configured:
        raise ProviderNotConfigured
    return connector


async def fetch_subject(connector: Connector, grant: Grant) -> str:
    """The provider's id of the person who has given access; empty where it has none. Raises ProviderErrors."""
    try:
        async with reach(connector, grant=grant) as client:
            return await connector.fetch_subject(client)
    except NotSupported:
        return ""
