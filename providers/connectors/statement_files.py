"""Statement files, which people download from their institutions and import."""

from typing import ClassVar

from providers.connectors.base import Connector
from providers.connectors.contract.facts import Facts, Rhythm
from providers.records import Capability


class StatementFilesConnector(Connector):
    """No API: imports write to connections of this provider."""

    slug = "ofx"
    name = "Statement files"
    description = (
        "Download a file from any institution and import it here: OFX, QFX, CAMT, MT940, QIF or CSV."
    )
    auth = "file"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances", "transactions", "holdings")
    # A file is as of its day, and a newer one comes when a person brings it.
    facts = Facts(
        cost="Nothing.",
        freshness="As of the day of the file.",
        balances_due=Rhythm(None),
        prices_due=Rhythm(None),
    )
