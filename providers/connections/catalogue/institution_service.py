"""InstitutionService: finds an institution by name behind every aggregator that this installation can ask."""

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from dashtam import limits
from dashtam.cache import Cache
from dashtam.crypto.sealed_tokens import digest
from dashtam.limits import Limit
from dashtam.plain_text import visible
from providers import connectors
from providers.connections.outgoing import require_outgoing
from providers.connectors.base import Connector
from providers.connectors.contract.institutions import LONGEST_NAME, Institution, fitting, folded
from providers.connectors.contract.reach import reach
from providers.errors import ProviderError

SEARCHES_BY_PERSON = Limit(
    "institution searches by person", 60, 600, told=True
)  # each may call an aggregator
PATIENCE = 4.0  # seconds: a page waits for all of them at once
SHORTEST = 2  # letters, of which a search makes sense
LISTED_SECONDS, SEARCHED_SECONDS = 24 * 60 * 60, 60 * 60


@dataclass(frozen=True, slots=True)
class Behind:
    """The institutions that fit behind one aggregator. `answered` is False where it could not be asked just now."""

    provider: str
    institutions: Sequence[Institution]
    answered: bool = True


class InstitutionService:
    """Asks the aggregators, all at once, and keeps their answers: for a day where they list all that there is."""

    def __init__(self, *, cache: Cache) -> None:
        self.cache = cache

    async def find(self, *, user_id: UUID, search: str) -> list[Behind]:
        """The aggregators that know such an institution, or could not be asked. Raises TooManyRequests."""
        if len(folded(search)) < SHORTEST:
            return []
        asked = [
            each for each in connectors.CONNECTORS.values() if each.lists_institutions and each.configured
        ]
        await limits.require((SEARCHES_BY_PERSON, user_id))
        found = await asyncio.gather(*(self._behind(connector, search) for connector in asked))
        return [each for each in found if each.institutions or not each.answered]

    async def _behind(self, connector: Connector, search: str) -> Behind:
        try:
            async with asyncio.timeout(PATIENCE):
                known = await self._known(connector, folded(search) if connector.searched_by_name else "")
        except (ProviderError, TimeoutError):
            return Behind(connector.slug, (), answered=False)
        return Behind(connector.slug, fitting(known, search))

    async def _known(self, connector: Connector, search: str) -> list[Institution]:
        key = f"institutions:{connector.slug}:{digest(search).hex()}"
        found = await self.cache.get(key, list[Institution])
        if found is None:
            await require_outgoing()
            listed = await connector.institutions(functools.partial(reach, connector), search)
            found = [replace(each, name=visible(each.name[:LONGEST_NAME])) for each in listed]
            await self.cache.set(key, found, seconds=SEARCHED_SECONDS if search else LISTED_SECONDS)
        return found
