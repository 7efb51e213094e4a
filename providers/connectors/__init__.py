"""The providers Dashtam knows. One file each, and one line here."""

from providers.connectors.base import Connector
from providers.connectors.sandbox import SandboxConnector
from providers.connectors.statement_files import StatementFilesConnector
from providers.errors import UnknownProvider

_ALL: tuple[Connector, ...] = (
    SandboxConnector(),
    StatementFilesConnector(),
)

CONNECTORS: dict[str, Connector] = {connector.slug: connector for connector in _ALL}


def get(slug: str) -> Connector:
    """The connector of that slug. Raises UnknownProvider, a NotFound."""
    try:
        return CONNECTORS[slug]
    except KeyError:
        raise UnknownProvider from None
