"""The registry of mail kinds: the requirements, button and lifetime of each, told by the app that sends it.

An app registers its kinds in its module `mails`, which is imported once all models are there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases for the codes that a context may hold under `key`, and one for any other code."""

    key: str
    by_code: Mapping[str, str]
    otherwise: str

    def phrase(self, context: Mapping[str, str]) -> str:
        """The words for the code in this context."""
        return self.by_code.get(context.get(self.key, ""), self.otherwise)


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of mail; its words are in `templates/email/<name>.{subject.txt,txt,html}`."""

    button: str
    path: str  # below PUBLIC_URL; may name values of the context, and `token`
    needs: tuple[str, ...] = ()  # keys that its context must have
    link_lifetime: timedelta | None = None  # how long the token counts; later the mail is not worth sending
    keep: bool = True  # False: no row of it stays once it is sent or given up
    phrases: Mapping[str, Phrases] = field(default_factory=dict)  # by the name that the template uses


KINDS: dict[str, Kind] = {}


def register(kinds: Mapping[str, Kind]) -> None:
    """Add an app's kinds, by name. Raises ValueError for a name that is taken."""
    taken = KINDS.keys() & kinds.keys()
    if taken:
        raise ValueError(f"There is a mail of the kind {min(taken)!r} already.")
    KINDS.update(kinds)


def check(name: str, context: Mapping[str, str]) -> None:
    """Raise ValueError when there is no such kind, or its context lacks a key: better now than when sending."""
    if name not in KINDS:
        raise ValueError(f"There is no mail of the kind {name!r}.")
    missing = [need for need in KINDS[name].needs if need not in context]
    if missing:
        raise ValueError(f"A mail of the kind {name!r} needs {', '.join(missing)} in its context.")
