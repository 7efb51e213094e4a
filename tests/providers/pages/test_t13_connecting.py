"""Connecting for people: institutions found by name, questions that fit, and words that are true of each provider."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import AuthorizationRequest, Connection
from providers.connectors import CONNECTORS
from providers.connectors.contract.steps import Ask, Field
from providers.errors import AuthorizationDenied
from providers.ledger.ingest import apply_accounts
from providers.ledger.models import FinancialAccount
from providers.pages.linking.answers import answers_form
from providers.pages.linking.finding import FoundChoice
from providers.pages.presentation.catalogue import offers
from providers.pages.presentation.connections import ending
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service
from tests.providers.connections.test_t02_access import Hosted
from tests.providers.connectors import toys
from tests.providers.ledger.test_ingest import account_record
from tests.providers.pages.browsing import Browser, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendors(bank: SandboxBank, settings: Any) -> SandboxBank:
    """Plaid and Enable Banking as they are where an administrator has registered this installation."""
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    httpx.post(f"{bank.url}/enable-banking/applications", json={"application": "app-1", "key": public})
    settings.ENABLE_BANKING_URL = f"{bank.url}/enable-banking"
    settings.ENABLE_BANKING_APPLICATION_ID = "app-1"
    settings.ENABLE_BANKING_PRIVATE_KEY = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode()
    settings.PLAID_URL, settings.PLAID_COUNTRIES = f"{bank.url}/plaid", "US,CA"
    settings.PLAID_CLIENT_ID, settings.PLAID_SECRET = bank.client_id, bank.client_secret
    return bank


async def test_t13_the_catalogue_finds_institutions_behind_aggregators(
    ana: User, vendors: SandboxBank
) -> None:
    browser = await signed_in(ana)
    page = await browser.get("/connections/new", {"q": "long píer"})
    told, source = browser.text(page), page.content.decode()
    assert "Through Enable Banking" in told
    assert "Through Plaid" in told
    for place in ("Finland", "Germany", "United States", "Canada"):
        assert place in told
    assert "?provider=enable-banking&amp;bank=Bank+of+the+Long+Pier&amp;country=FI" in source
    assert "SimpleFIN Bridge reaches more institutions than can be searched from here" in told
    calls = vendors.control("log")["counts"]
    await browser.get("/connections/new", {"q": "long píer"})
    assert vendors.control("log")["counts"] == calls, "the answers are kept"
    known = browser.text(await browser.get("/connections/new", {"q": "questrade"}))
    assert "Through SnapTrade" in known
    assert "From a short list of our own" in known
    assert "From a few names" not in told
    assert "SnapTrade reaches more institutions than can be searched from here" in told


async def test_t13_an_aggregator_that_is_away_hides_nobody_else(
    ana: User, vendors: SandboxBank, settings: Any
) -> None:
    settings.PLAID_SECRET = "not-ours"
    browser = await signed_in(ana)
    told = browser.text(await browser.get("/connections/new", {"q": "pebble"}))
    assert "Through Enable Banking" in told
    assert told.index("Through Enable Banking") < told.index("Plaid does not answer at the moment")
    assert "Nothing by that name" not in told
    none = browser.text(await browser.get("/connections/new", {"q": "zzqq"}))
    assert none.index("Nothing by that name") < none.index("Plaid does not answer at the moment")


def test_t13_a_card_says_what_a_person_wants_to_know_before() -> None:
    cards = {row.slug: {fact.label: fact for fact in row.facts} for row in offers("")}
    for slug, card in cards.items():
        assert {"You need", "Brings in", "Cost", "Updates", "Access lasts"} <= card.keys(), slug
    assert cards["enable-banking"]["Available in"].text == "31 countries of Europe"
    assert "Germany" in cards["enable-banking"]["Available in"].more
    assert cards["simplefin"]["Available in"].text == "United States, Canada"
    assert cards["snaptrade"]["Updates"].text.startswith("Twice a day, and when you ask. Transactions are")
    assert cards["plaid"]["History"].text == "2 years."
    assert {"enable-banking"} <= {row.slug for row in offers("finland")}


async def test_t13_what_was_found_is_proposed_in_the_questions(ana: User, vendors: SandboxBank) -> None:
    browser = await signed_in(ana)
    first = "/connections/new?provider=enable-banking&bank=Sandbox+Bank&country=FI&client_id=no"
    await browser.get(first)
    step = str((await browser.post(first))["Location"])
    page = await browser.get(step)
    assert '<option value="FI" selected>' in page.content.decode()
    assert "Nobody can look at it again" not in browser.text(page), "a country is no secret"
    step = str((await browser.post(step, country="FI", psu_type="personal"))["Location"])
    page = await browser.get(step)
    assert 'value="Sandbox Bank"' in page.content.decode()
    assert "checked" in page.content.decode()


def banks(count: int) -> tuple[tuple[str, str], ...]:
    return (("ö", "Österreichische Bank"), *((f"b{n}", f"Sparkasse {n}") for n in range(count)))


@pytest.mark.parametrize(
    ("typed", "found"), [("osterreich", "ö"), ("sparkasse 7", "b7"), (" SPARKASSE 70", "b70"), ("", "")]
)
def test_t13_one_of_very_many_is_found_by_a_part_of_its_name(typed: str, found: str) -> None:
    assert FoundChoice(banks(80), required=False).clean(typed) == found


def test_t13_what_is_typed_and_fits_several_counts_them() -> None:
    field = FoundChoice(banks(80))
    with pytest.raises(ValidationError, match="There are 80; the first 10 are below"):
        field.clean("sparkasse")
    with pytest.raises(ValidationError, match="None is called that"):
        field.clean("Atlantis")
    form = answers_form(Ask((Field("bank", "Bank", secret=False, choices=banks(80)),)), None, {"bank": "b7"})
    assert str(form["bank"]).count("<option") == 81
    assert 'value="Sparkasse 7"' in str(form["bank"])


@pytest.mark.parametrize("slug", sorted(slug for slug, each in CONNECTORS.items() if not each.by_person))
def test_t13_what_a_disconnection_does_there_is_told_as_it_is(slug: str) -> None:
    connector = CONNECTORS[slug]
    told = ending({"provider": slug, "provider_name": connector.name, "institution": "", "state": "active"})
    promised = any("end the permission you gave" in line for line in told.will)
    assert promised == (connector.ends_grants and not connector.facts.ending)
    assert connector.ends_grants or connector.facts.left in told.will_not
    assert bool(told.manage) == bool(connector.facts.manage)


async def test_t13_a_connection_is_named_by_the_institution_that_it_reads(
    ana: User, vendors: SandboxBank
) -> None:
    name = "Pebble & Reed Savings"
    connection = await Connection.objects.acreate(
        user=ana, provider="plaid", state="active", institution=name
    )
    await run_db(apply_accounts, connection, [account_record()], timezone.now())
    await FinancialAccount.objects.aupdate(institution=name)
    browser = await signed_in(ana)
    listed = browser.text(await browser.get("/connections"))
    assert "Pebble &amp; Reed Savings through Plaid" in listed
    already = await browser.get("/connections/new?provider=plaid")
    assert "Pebble &amp; Reed Savings" in browser.text(already)
    assert "Connect another institution" in browser.text(already)
    assert "What will be read" in browser.text(await browser.get("/connections/new?provider=plaid&another=1"))


async def test_t13_going_back_after_it_is_connected_leads_to_the_connection(
    ana: User, bank: SandboxBank, settings: Any
) -> None:
    settings.IBKR_URL = f"{bank.url}/ibkr"
    desk = bank.control("ibkr/desk", {"customer": "ana"})
    browser = await signed_in(ana)
    await browser.get("/connections/new?provider=ibkr")
    step = str((await browser.post("/connections/new?provider=ibkr"))["Location"])
    await browser.get(step)
    done = await browser.post(step, token=desk["token"], query=desk["query"])
    again = await browser.post(step, token=desk["token"], query=desk["query"])
    back = await browser.get(step)
    assert {done["Location"], again["Location"], back["Location"]} == {done["Location"]}
    assert urlsplit(done["Location"]).path.startswith("/connections/")
    assert await Connection.objects.acount() == 1


async def test_t13_a_page_that_waits_says_when_it_was_declined_there(ana: User) -> None:
    class Declined(toys.HostedPage):
        async def link(self, reach: Any, said: Any) -> Any:
            if "page" in said.kept:
                raise AuthorizationDenied
            return await super().link(reach, said)

    async with toys.open_for_business(Hosted()) as server:
        with toys.registered(Declined(server.url)):
            browser: Browser = await signed_in(ana)
            await browser.get("/connections/new?provider=toy")
            step = str((await browser.post("/connections/new?provider=toy"))["Location"])
            await browser.get(step)
            await browser.post(step)
            request = await AuthorizationRequest.objects.aget()
            with pytest.raises(AuthorizationDenied):
                await connection_service().look_again(request_id=request.id)
            assert (await browser.get(step))["Location"] == "/connections/failed/access_denied"


async def test_t13_a_key_of_ours_that_is_refused_is_not_blamed_on_the_person(
    ana: User, vendors: SandboxBank, settings: Any
) -> None:
    settings.ENABLE_BANKING_APPLICATION_ID = "never-registered"
    browser = await signed_in(ana)
    await browser.get("/connections/new?provider=enable-banking")
    step = str((await browser.post("/connections/new?provider=enable-banking"))["Location"])
    await browser.get(step)
    told = browser.text(await browser.post(step, country="FI", psu_type="personal"))
    assert "does not accept the access of this Dashtam" in told
    assert "copied whole" not in told
