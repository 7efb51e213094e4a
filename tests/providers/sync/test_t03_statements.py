"""What a sync asks of the database when its institution has nothing new."""

from typing import Any

import pytest

from providers.connections.models import Connection
from tests.providers.ledger.test_ingest import row
from tests.providers.sync.test_sync import connection, run_with, scripted, step
from tests.said import listening

__all__ = ["connection", "scripted"]
pytestmark = pytest.mark.django_db


async def test_t03_a_sync_without_news_takes_few_statements(connection: Connection, scripted: Any) -> None:
    rows = [row(f"r{number}", f"-{number}.00") for number in range(1, 21)]
    first = await run_with(scripted(step(*rows, then="1", more=False)), connection)
    async with listening() as said:
        again = await run_with(scripted(step(*rows, then="1", more=False)), connection)
    assert (first.state, first.added) == ("succeeded", 20)
    assert (again.state, again.added, again.modified, again.removed) == ("succeeded", 0, 0, 0)
    assert (again.accounts_total, again.accounts_done) == (1, 1)
    assert len(said) <= 50, "\n".join(said)
