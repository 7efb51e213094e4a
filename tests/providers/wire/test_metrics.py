"""Calls to institutions are counted by provider and outcome."""

from typing import Any

import httpx
import pytest

from dashtam.telemetry import metrics
from providers import connectors
from providers.errors import ProviderUnreachable
from providers.wire import http


def _calls(provider: str, outcome: str) -> float:
    labels = {"provider": provider, "outcome": outcome}
    return metrics.registry.get_sample_value("dashtam_provider_call_seconds_count", labels) or 0


async def test_a_call_is_counted_for_its_provider_by_how_it_ends(settings: Any) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    before = _calls("sandbox", "ProviderUnreachable")
    async with http.client(settings.SANDBOX_URL) as client:
        with pytest.raises(ProviderUnreachable):
            await client.post("/token")
    assert _calls("sandbox", "ProviderUnreachable") == before + 1


async def test_an_answer_is_counted_by_its_class() -> None:
    async def answer() -> httpx.Response:
        return httpx.Response(503)

    before = _calls("sandbox", "5xx")
    await metrics.provider_call("sandbox", answer())
    assert _calls("sandbox", "5xx") == before + 1


def test_a_host_that_nobody_names_is_no_label() -> None:
    assert connectors.slug_of("evil.example") == "other"
