"""Devices that people sign in from, and names for them in words that people know."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashtam.web.visitor import network_of

# The first word found wins: browsers carry the names of those they resemble.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody signs in from; `known` is what a browser is called that they have signed in from before."""

    kind: str
    user_agent: str
    ip: str | None
    known: str = ""

    def is_known(self, earlier: Iterable[tuple[str, str, str | None]]) -> bool:
        """A browser by its cookie; a program by its name and network, among earlier (kind, user_agent, ip)."""
        own = (self.kind, describe(self.user_agent), network_of(self.ip or ""))
        if self.kind == "browser":
            return bool(self.known)
        return any((kind, describe(agent), network_of(ip or "")) == own for kind, agent, ip in earlier)


def describe(user_agent: str) -> str:
    """`Firefox on Linux`; the product's own name for programs; "Unknown device" for what says nothing."""
    browser = next((name for word, name in BROWSERS.items() if f"{word}/" in user_agent), "")
    system = next((name for word, name in SYSTEMS.items() if word in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or user_agent.partition("/")[0].strip()[:60] or "Unknown device"
