"""A Sandbox Bank that Dashtam is registered with, and people who link to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from providers.simulator.process import SandboxBank

pytest.register_assert_rewrite("tests.providers.connectors.connector_contract")

REDIRECT_URI = "http://testserver/providers/sandbox/callback"


@pytest.fixture(scope="session")
def running_bank() -> Iterator[SandboxBank]:
    with SandboxBank.start(redirect_uri=REDIRECT_URI) as bank:
        yield bank


@pytest.fixture
def bank(running_bank: SandboxBank, settings: Any) -> SandboxBank:
    """A bank as it is before its first request, which may fail any number of times without a pause."""
    running_bank.control("reset")
    settings.PROVIDER_REST_SECONDS = 0  # tests ask it again at once after any number of failures
    settings.SANDBOX_URL = running_bank.url
    settings.SANDBOX_CLIENT_ID = running_bank.client_id
    settings.SANDBOX_CLIENT_SECRET = running_bank.client_secret
    return running_bank
