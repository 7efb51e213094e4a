"""Journeys drive a whole Dashtam from outside."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One running Dashtam for all journeys of this process."""
    with Stack() as running:
        yield running
