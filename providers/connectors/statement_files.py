"""Statement files that people download from their institutions and bring in themselves."""

from typing import ClassVar

from providers.connectors.base import Connector
from providers.records import Capability


class StatementFilesConnector(Connector):
    """Nothing is fetched: each import writes to a connection of this provider."""

    slug = "ofx"
    name = "Statement files (OFX, QFX)"
    description = "Download a file from any institution and import it here."
    auth = "file"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances", "transactions", "holdings")
