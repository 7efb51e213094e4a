"""Names for devices."""

import pytest

from accounts.devices import describe

AGENTS = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 "
    "Safari/537.36 Edg/138.0.0.0": "Edge on Windows",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile "
    "Safari/537.36": "Chrome on Android",
    "python-httpx/0.28.1": "python-httpx",
    "": "Unknown device",
    "   ": "Unknown device",
}


@pytest.mark.parametrize(("user_agent", "name"), AGENTS.items())
def test_devices_are_named_in_words_people_know(user_agent: str, name: str) -> None:
    assert describe(user_agent) == name
