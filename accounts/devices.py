"""Devices that people sign in from, and readable names for them."""

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
    """A device of a sign-in; `known` is the name of a browser that the person has signed in from before."""

    kind: str
    user_agent: str
    ip: str | None
    known: str = ""

    def is_known(self, earlier: Iterable[tuple[str, str, str | None]]) -> bool:
        """Know a browser by its cookie, a program by name and network among `earlier` (kind, user_agent, ip)."""
        own = (self.kind, describe(self.user_agent), network_of(self.ip or ""))
        if self.kind == "browser":
            return bool(self.known)
        return any((kind, describe(agent), network_of(ip or "")) == own for kind, agent, ip in earlier)


def of_session(kind: str, user_agent: str) -> str:
    """Name the device of a session: `Firefox on Linux`; `curl, by API`."""
    return describe(user_agent) if kind == "browser" else f"{describe(user_agent)}, by API"


def describe(user_agent: str) -> str:
    """Name a device: `Firefox on Linux`; a program by its own name; "Unknown device" without a user agent."""
    browser = next((name for word, name in BROWSERS.items() if f"{word}/" in user_agent), "")
    system = next((name for word, name in SYSTEMS.items() if word in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or user_agent.partition("/")[0].strip()[:60] or "Unknown device"
