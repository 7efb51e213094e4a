"""The catalogue: for each provider its needs, its data, its cost, its reach and its duration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from providers.connections.catalogue.institution_service import Behind
from providers.connectors import CONNECTORS
from providers.connectors.base import Connector, setting_name
from providers.connectors.contract.facts import warning
from providers.connectors.contract.institutions import Institution, folded
from providers.pages import words
from providers.pages.presentation.regions import country, places

_NEEDS = {
    "oauth2": "Your sign-in at {name}. You type it on {name}’s own page.",
    "credentials": "A key that {name} makes for you.",
    "file": "A statement file that you download from your institution.",
    "person": "Nothing.",
}
_TIMES_A_DAY = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}
SHOWN = 8  # institutions of one aggregator; a longer list is no answer


@dataclass(frozen=True, slots=True)
class Fact:
    """A line about a provider. `more` is folded away beneath it."""

    label: str
    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider in the catalogue. `url` is where to begin, or empty; `action` says so or why not."""

    slug: str
    name: str
    description: str
    facts: Sequence[Fact]
    url: str
    action: str
    register: str
    manage: str
    reads: Sequence[str]
    lasts: str
    needs: str
    cost: str
    aggregates: bool
    ends_there: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """Institutions that a search has found behind one aggregator; `more` counts those that are not shown.

    `sample`: they are from a few names that we know, and not from the aggregator itself.
    """

    offer: Offer
    institutions: Sequence[tuple[Institution, str, str]]
    more: int
    answered: bool
    sample: bool


def offers(search: str) -> list[Offer]:
    """The providers that have all words of the search, configured ones first."""
    wanted = folded(search).split()
    found = [c for c in CONNECTORS.values() if all(word in _searched(c) for word in wanted)]
    return [offer(connector) for connector in sorted(found, key=lambda c: not c.configured)]


def reached(found: Sequence[Behind]) -> list[Reached]:
    """The institutions that a search has found, each with its country and the page that begins to connect it.

    The aggregators that gave no answer come last.
    """
    answers = sorted(found, key=lambda behind: not behind.answered)
    return [_reached(behind, CONNECTORS[behind.provider]) for behind in answers]


def unlisted() -> list[Offer]:
    """The aggregators in use here that do not say which institutions they reach, or of which we know a few by name."""
    return [
        offer(each)
        for each in CONNECTORS.values()
        if each.facts.behind
        and each.configured
        and (each.samples_institutions or not each.lists_institutions)
    ]


def offer(connector: Connector) -> Offer:
    """One provider as the catalogue shows it."""
    needs = connector.facts.needs or _NEEDS[connector.auth].format(name=connector.name)
    facts = [
        Fact("You need", needs),
        Fact("Brings in", _brings(connector)),
        Fact("Cost", connector.facts.cost),
        Fact("Available in", *places(connector.facts.regions)),
        Fact("History", _reaches(connector)),
        Fact("Updates", _updated(connector)),
        Fact("Access lasts", _lasts(connector)),
    ]
    url, action = _begin(connector)
    return Offer(
        slug=connector.slug,
        name=connector.name,
        description=connector.description,
        facts=[fact for fact in facts if fact.text],
        url=url,
        action=action,
        register=connector.facts.register,
        manage=connector.facts.manage,
        reads=[words.CAPABILITIES[capability] for capability in connector.capabilities],
        lasts=_lasts(connector),
        needs=needs,
        cost=connector.facts.cost[:1].lower() + connector.facts.cost[1:],
        aggregates=bool(connector.facts.behind),
        ends_there=connector.auth == "oauth2" or bool(connector.facts.manage),
    )


def _searched(connector: Connector) -> str:
    countries = " ".join(country(code) for code in connector.facts.regions)
    return folded(f"{connector.name} {connector.description} {countries}")


def _reached(behind: Behind, connector: Connector) -> Reached:
    begin = reverse("connection-new")
    shown = [
        (each, country(each.country), f"{begin}?{urlencode(_asked_for(connector, each))}")
        for each in behind.institutions[:SHOWN]
    ]
    more = len(behind.institutions) - len(shown)
    return Reached(offer(connector), shown, more, behind.answered, connector.samples_institutions)


def _asked_for(connector: Connector, institution: Institution) -> dict[str, str]:
    """The parameters of the first page, which the forms of later steps take as proposals."""
    named = {"bank": institution.name, "country": institution.country} if institution.country else {}
    return {"provider": connector.slug, **named}


def _lasts(connector: Connector) -> str:
    """The duration of access, as far as it is known before."""
    if connector.auth == "file":
        return "There is nothing to renew. Import another file whenever you like."
    if connector.auth == "person":
        return "As long as you like."
    if life := connector.consent_life:
        ahead = warning(life).days
        before = "a day" if ahead == 1 else f"{ahead} days"
        return f"{life.days} days. Then {connector.name} asks you again; we remind you {before} before."
    if connector.auth == "credentials":
        return "Until you end it."
    return f"As long as {connector.name} allows. If there is an end date, we show it and remind you before."


def _reaches(connector: Connector) -> str:
    history = connector.facts.history
    if history is None:
        return ""
    years = history.days // 365
    return f"{history.days} days." if not years else "1 year." if years == 1 else f"{years} years."


def _updated(connector: Connector) -> str:
    """The rhythm of updates, and how old the figures may be that they bring."""
    if connector.by_person:
        when = "When you import another one." if connector.auth == "file" else "When you enter a new balance."
        return f"{when} {connector.facts.freshness}".strip()
    every = max(connector.facts.cadence or timedelta(0), timedelta(minutes=settings.SYNC_INTERVAL_MINUTES))
    times = timedelta(days=1) / every
    hours = every.total_seconds() / 3600
    rhythm = _TIMES_A_DAY.get(int(times) if times.is_integer() else 0, f"about every {hours:.0f} hours")
    return f"{rhythm.capitalize()}, and when you ask. {connector.facts.freshness}".strip()


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
    if connector.auth == "person":
        return reverse("account-new"), "Add an account"
    if not connector.configured:
        wanted = [setting_name(connector.slug, name) for name in connector.setting_defaults]
        lacking = " and ".join(name for name in wanted if not getattr(settings, name))
        return "", f"Not set up here. Your administrator can add it ({lacking})."
    return f"{reverse('connection-new')}?provider={connector.slug}", "Connect"
