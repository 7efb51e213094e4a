"""The catalogue: for each provider its needs, its data, its cost and duration."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from providers.connectors import CONNECTORS
from providers.connectors.base import Connector
from providers.connectors.contract.facts import warning
from providers.pages import words

_NEEDS = {
    "oauth2": "Your sign-in at {name}, on its own page.",
    "credentials": "A key that {name} makes for you.",
    "file": "A statement file that you download from your institution.",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider in the catalogue. `url` is where to begin, or empty; `action` says so or why not."""

    slug: str
    name: str
    description: str
    facts: Sequence[tuple[str, str]]
    url: str
    action: str
    reads: Sequence[str]
    lasts: str


def offers(search: str) -> list[Offer]:
    """The providers that have all words of the search, configured ones first."""
    wanted = search.casefold().split()
    found = [
        c for c in CONNECTORS.values() if all(w in f"{c.name} {c.description}".casefold() for w in wanted)
    ]
    return [offer(connector) for connector in sorted(found, key=lambda c: not c.configured)]


def offer(connector: Connector) -> Offer:
    """One provider as the catalogue shows it."""
    facts = [
        ("You need", _NEEDS[connector.auth].format(name=connector.name)),
        ("It brings", _brings(connector)),
        ("It costs", connector.facts.cost),
        ("It reaches back", _reaches(connector)),
        ("It is for", ", ".join(connector.facts.regions)),
        ("It lasts", _lasts(connector)),
    ]
    url, action = _begin(connector)
    return Offer(
        slug=connector.slug,
        name=connector.name,
        description=connector.description,
        facts=[(label, text) for label, text in facts if text],
        url=url,
        action=action,
        reads=[words.CAPABILITIES[capability] for capability in connector.capabilities],
        lasts=_lasts(connector),
    )


def _lasts(connector: Connector) -> str:
    """The duration of access, as far as it is known before."""
    if connector.auth == "file":
        return "There is nothing to renew. Import another file whenever you like."
    if life := connector.consent_life:
        ahead = warning(life).days
        before = "a day" if ahead == 1 else f"{ahead} days"
        return f"{life.days} days. Then {connector.name} asks you again; we remind you {before} before."
    if connector.auth == "credentials":
        return f"Until you end it, here or at {connector.name}."
    return f"As long as {connector.name} allows. If there is an end date, we show it and remind you before."


def _reaches(connector: Connector) -> str:
    history = connector.facts.history
    return "" if history is None else f"{history.days} days."


def _brings(connector: Connector) -> str:
    short = {"balance_history": "balance history"}
    names = [short.get(capability, capability) for capability in connector.capabilities]
    return (
        f"{', '.join(names[:-1])} and {names[-1]}".capitalize()
        if len(names) > 1
        else "".join(names).capitalize()
    )


def _begin(connector: Connector) -> tuple[str, str]:
    if connector.auth == "file":
        return reverse("import-new"), "Import a file"
    if not connector.configured:
        return "", "Not set up here. Your administrator can add it."
    return f"{reverse('connection-new')}?provider={connector.slug}", "Connect"
