"""The household through each vendor that links by a page: connect, sync, sync again, and what is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db.models import Count, Sum

from accounts.models import User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers import wiring
from providers.connections.models import Connection
from providers.ledger.models import FinancialAccount, Holding, Transaction
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import BROWSER
from tests.providers.connectors.household import truth
from tests.providers.sync.test_sync import sync

pytestmark = pytest.mark.django_db(transaction=False)
State = Connection.State
Values = Mapping[str, str]


@dataclass(frozen=True)
class Vendor:
    """A vendor: how it is set up here, the answers to its questions, and the accounts that it has.

    `called` is the name of a connection through it.
    """

    slug: str
    setting: Callable[[SandboxBank], dict[str, str]]
    answers: Callable[[SandboxBank], list[Values]]
    masks: frozenset[str]
    breaks: Callable[[SandboxBank], object]
    reason: str
    called: str


def plaid(bank: SandboxBank) -> dict[str, str]:
    return {"CLIENT_ID": bank.client_id, "SECRET": bank.client_secret, "COUNTRIES": "US"}


def enable_banking(bank: SandboxBank) -> dict[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    httpx.post(f"{bank.url}/enable-banking/applications", json={"application": "app-1", "key": public})
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"APPLICATION_ID": "app-1", "PRIVATE_KEY": private}


def no_app(_bank: SandboxBank) -> dict[str, str]:
    return {"CLIENT_ID": "", "CLIENT_SECRET": ""}


def key_of_ones_own(bank: SandboxBank) -> list[Values]:
    return [bank.control("snaptrade/key", {})]


def sign_in_is_required(bank: SandboxBank) -> None:
    keys = {"PLAID-CLIENT-ID": bank.client_id, "PLAID-SECRET": bank.client_secret}
    token = bank.control("plaid/webhook", {"code": "ERROR"})["access_token"]
    httpx.post(f"{bank.url}/plaid/sandbox/item/reset_login", json={"access_token": token}, headers=keys)


def session_expires(bank: SandboxBank) -> None:
    bank.control("enable-banking/sessions", {"status": "EXPIRED"})


def brokerage_is_disabled(bank: SandboxBank) -> None:
    bank.control("snaptrade/connections", {"disabled": True})


PAYMENTS = frozenset(("4417", "9020", "7781", "0356"))
VENDORS = [
    Vendor(
        "plaid",
        plaid,
        lambda _: [{"kind": "bank"}],
        PAYMENTS | {"5562"},
        sign_in_is_required,
        "consent_ended",
        "Sandbox Bank",
    ),
    Vendor(
        "enable-banking",
        enable_banking,
        lambda _: [{"country": "FI", "psu_type": "personal"}, {"bank": "Sandbox Bank"}],
        PAYMENTS,
        session_expires,
        "consent_expired",
        "Sandbox Bank",
    ),
    Vendor(
        "snaptrade",
        no_app,
        key_of_ones_own,
        frozenset(("5562",)),
        brokerage_is_disabled,
        "consent_ended",
        "SnapTrade",
    ),
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.slug)
async def test_the_household_is_the_same_through_every_vendor(
    ana: User, bank: SandboxBank, settings: Any, vendor: Vendor
) -> None:
    set_up(settings, bank, vendor)
    connection = await connect(ana, vendor, vendor.answers(bank))
    first = await sync(connection)
    assert (first.state, first.error_code, first.account_errors) == (SyncRun.State.SUCCEEDED, "", {})
    await run_db(agrees, bank, vendor)

    again = await sync(connection)
    assert (again.error_code, again.added, again.removed) == ("", 0, 0)
    bank.control("advance", {"days": 4})
    later = await sync(connection)
    assert (later.state, later.error_code, later.account_errors) == (SyncRun.State.SUCCEEDED, "", {})
    assert later.added < 60
    assert later.added or "4417" not in vendor.masks
    await run_db(agrees, bank, vendor)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.slug)
async def test_what_breaks_asks_its_person_and_is_mended_with_the_same_accounts(
    ana: User, bank: SandboxBank, settings: Any, vendor: Vendor
) -> None:
    set_up(settings, bank, vendor)
    connection = await connect(ana, vendor, vendor.answers(bank))
    await sync(connection)
    vendor.breaks(bank)
    broken = await sync(connection)
    assert broken.state == SyncRun.State.FAILED
    assert (connection.state, connection.state_reason) == (State.REAUTH_REQUIRED, vendor.reason)
    mail = await Email.objects.aget(kind="connection_needs_attention")
    assert (mail.context["provider_name"], connection.called) == (vendor.called, vendor.called)
    mended = await connect(ana, vendor, [], connection)
    assert (mended.id, mended.state) == (connection.id, State.ACTIVE)
    again = await sync(mended)
    assert (again.state, again.added, again.removed) == (SyncRun.State.SUCCEEDED, 0, 0)
    assert {a.mask async for a in FinancialAccount.objects.filter(closed_at=None)} == vendor.masks
    assert await FinancialAccount.objects.acount() == len(vendor.masks)


def set_up(settings: Any, bank: SandboxBank, vendor: Vendor) -> None:
    prefix = vendor.slug.replace("-", "_").upper()
    for name, value in {"URL": f"{bank.url}/{vendor.slug}", **vendor.setting(bank)}.items():
        setattr(settings, f"{prefix}_{name}", value)


async def connect(
    user: User, vendor: Vendor, answers: list[Values], broken: Connection | None = None
) -> Connection:
    """Answer the questions, visit the vendor's page, and come back."""
    service = wiring.connection_service()
    if broken is None:
        started = await service.start(user_id=user.id, provider=vendor.slug, credentials=answers[0])
    else:
        started = await service.reauthorize(user_id=user.id, connection_id=broken.id)
    for answer in answers[1:]:
        started = await service.go_on(
            user_id=user.id, connection_id=started.connection.id, credentials=answer
        )
    token = started.authorization_url.rpartition("/")[2]
    page = await service.authorization_redirect(user_id=user.id, link_token=token, browser_key=BROWSER)
    async with httpx.AsyncClient() as browser:
        answered = await browser.post(page, data={"customer": "ana", "decision": "approve"})
    query = dict(parse_qsl(urlsplit(answered.headers["Location"]).query))
    return await service.complete(
        user_id=user.id,
        provider=vendor.slug,
        browser_key=BROWSER,
        state=query["state"],
        code=query.get("code"),
    )


def agrees(bank: SandboxBank, vendor: Vendor) -> None:
    """The store holds the numbers that the bank knows, of the rows that the vendor goes back to."""
    stored = {account.mask: account for account in FinancialAccount.objects.all()}
    assert stored.keys() == vendor.masks
    for mask, own in truth(bank).items():
        if mask not in vendor.masks:
            continue
        account = stored[mask]
        assert account.closed_at is None
        assert account.balance_current == own["current"]
        rows = Transaction.objects.filter(account=account, status="posted")
        found = rows.aggregate(count=Count("id"), sum=Sum("amount"))
        if (vendor.slug, mask) != ("plaid", "5562"):  # of which Plaid tells two years
            assert (found["count"], found["sum"]) == own["posted"]
        pending = Transaction.objects.filter(account=account, status="pending").aggregate(sum=Sum("amount"))
        assert (pending["sum"] or Decimal(0)) == own["pending"][1]
        held = Holding.objects.filter(account=account).values_list("quantity", flat=True)
        assert sorted(held) == sorted(own["units"].values())
