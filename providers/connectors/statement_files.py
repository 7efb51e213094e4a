"""Statement files, which people download from their institutions and import."""

from typing import ClassVar

from providers.connectors.base import Connector, Rhythm
from providers.records import Capability


class StatementFilesConnector(Connector):
    """No API: imports write to connections of this provider."""

    slug = "ofx"
    name = "Statement files (OFX, CAMT, MT940, QIF)"
    description = "Download a file from any institution and import it here."
    auth = "file"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances", "transactions", "holdings")
    balances_due = prices_due = Rhythm(
        None
    )  # a file is as of its day, and a newer one comes when a person brings it
