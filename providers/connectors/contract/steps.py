"""Access is a conversation of steps: ask the person for something, let them visit a page, and be done with a grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import httpx

from providers.wire.grants import Grant


@dataclass(frozen=True, slots=True)
class Field:
    """One value to ask for. A `secret` is hidden while it is typed, and never shown again.

    `lines` is more than one for texts such as PEM keys; `choices` are pairs of value and words.
    """

    name: str
    label: str
    secret: bool = True
    lines: int = 1
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Values that the person has to give. `where` is the institution's page at which they find or make them.

    `kept` is sealed and comes back with the answers.
    """

    fields: tuple[Field, ...]
    where: str = ""
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page of the institution. The person comes back by redirect, or we ask every `poll` seconds, or both.

    `kept` is sealed until then. While a poll finds nothing yet, the connector returns a Visit again: its `url` does not
    matter any more. `idle`: the person has nothing to do there; the institution takes its time.
    """

    url: str = field(repr=False)
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)
    poll: int | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """Access is given. `subject` is a stable id of the person at the institution, if this step has learnt it."""

    grant: Grant
    subject: str = ""


Step = Ask | Visit | Done


@dataclass(frozen=True, slots=True)
class Said:
    """The person's part of a step, and what was kept from the step before. All empty: the conversation begins.

    `answers` are those to an Ask. `query` are the parameters that a redirect brought back; None if none came. `state`
    is a random value for this step, and `redirect_uri` where a redirect must lead; a page that takes any URL may be
    given `back_to`. `renews` is the grant that is to be repaired: where the institution can mend it, or add accounts to
    it, no second consent is made.
    """

    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] | None = field(default=None, repr=False)
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)
    state: str = field(default="", repr=False)
    redirect_uri: str = ""
    renews: Grant | None = None

    @property
    def back_to(self) -> str:
        """The redirect URI with the state in it."""
        return f"{self.redirect_uri}?state={self.state}"


class Reach(Protocol):
    """Opens a client for one step: `async with reach() as client`.

    Without a URL it speaks to the grant's own origin, else to the connector's. A grant's secrets are placed in each
    request, and those of the installation, which never go to an address that is not the connector's own. Any other URL
    is treated as a stranger's: https only, public addresses only. Raises AddressRefused.
    """

    def __call__(self, url: str = "", grant: Grant | None = None) -> httpx.AsyncClient: ...
