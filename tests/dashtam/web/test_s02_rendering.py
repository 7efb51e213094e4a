"""Templates are rendered off the event loop."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.test import AsyncClient
from django.test.signals import template_rendered

from accounts.models import User
from dashtam.ui.long_select import LongSelect
from tests.providers.pages.browsing import signed_in


@pytest.fixture
def threads() -> Iterator[dict[str, str]]:
    """The thread that rendered each template."""
    found: dict[str, str] = {}

    def note(template: Any, **_: Any) -> None:
        found[template.name] = threading.current_thread().name

    template_rendered.connect(note)
    yield found
    template_rendered.disconnect(note)


PUBLIC = ["/sign-in", "/sign-up", "/forgot-password", "/check-your-mail", "/verify-email", "/reset-password"]
OWN = [
    *("/", "/connections", "/connections/new", "/connections/new?provider=sandbox", "/imports/new"),
    *("/transactions", "/investments", "/cash-flow", "/settings/profile", "/settings/security"),
    *("/settings/sessions", "/settings/activity", "/settings/api-keys", "/settings/api-keys/new"),
    *("/settings/data", "/settings/leave", "/settings/email", "/reauthenticate"),
]


@pytest.mark.parametrize("path", [*PUBLIC, *OWN])
async def test_s02_no_page_is_rendered_on_the_loop(threads: dict[str, str], ana: User, path: str) -> None:
    client = AsyncClient() if path in PUBLIC else (await signed_in(ana)).client
    answer = await client.get(path)
    if answer.status_code == 200:
        assert threads
    assert answer.status_code in {200, 302}
    assert {name.partition("_")[0] for name in threads.values()} <= {"rendering"}, threads


def test_s02_a_long_select_is_django_s() -> None:
    choices = [("a", "A & B"), ("b", "<b>"), ('"', "quote")]
    for value in ("b", '"', "", None, "unknown"):
        ours, theirs = (
            kind(choices=choices, attrs={"class": "x"}).render(
                "zone", value, {"id": "id_zone", "required": True}
            )
            for kind in (LongSelect, forms.Select)
        )
        assert ours == re.sub(r">\s+<", "><", theirs)
