"""A provider's settings are found by its slug."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from providers.connectors.base import Connector
from providers.connectors.settings import load

SECRET = "7JvO6yNFVG81NwCvEOnLyA6Whz5Hw2B5"


class Lantern(Connector):
    """A connector that only its settings are asked for."""

    slug = "lantern-credit"
    setting_defaults = MappingProxyType(
        {"URL": "", "CLIENT_ID": "dashtam", "CLIENT_SECRET": "", "CLIENT_KEY": ""}
    )


@pytest.fixture(autouse=True)
def _restored(settings: Any) -> None:
    """Whatever `load` puts among the settings goes with the test."""
    settings.PRIVATE_HOSTS = []
    for name in ("URL", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_KEY"):
        setattr(settings, f"LANTERN_CREDIT_{name}", "")


def test_values_come_from_the_environment_and_defaults_from_the_connector(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setenv("LANTERN_CREDIT_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("LANTERN_CREDIT_URL", "http://lantern.internal:8080/")
    load(Lantern())
    assert Lantern().setting("CLIENT_ID") == "dashtam"
    assert Lantern().setting("CLIENT_SECRET") == SECRET
    assert Lantern().setting("URL") == "http://lantern.internal:8080"
    assert settings.PRIVATE_HOSTS == ["lantern.internal"]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CLIENT_SECRET", "your-client-secret", "default value"),
        ("CLIENT_KEY", "/no/such/file", "cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(f"LANTERN_CREDIT_{name}", value)
    with pytest.raises(ImproperlyConfigured, match=complaint) as refused:
        load(Lantern())
    assert f"LANTERN_CREDIT_{name}" in str(refused.value)
    assert value not in str(refused.value)


def test_a_private_key_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("-----BEGIN PRIVATE KEY-----\n")
    monkeypatch.setenv("LANTERN_CREDIT_CLIENT_KEY", str(file))
    load(Lantern())
    assert Lantern().setting("CLIENT_KEY") == file.read_text()
