"""Every connector through every scenario: the state that follows, its evidence, and the next step.

Only an end of consent that the institution confirms asks the person; with all else Dashtam goes on by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from notifications.models import Email
from providers import connectors, wiring
from providers.connections.models import CallCount, Connection
from providers.connectors.ibkr_flex import IbkrFlexConnector
from providers.pages import words
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect as connect_sandbox
from tests.providers.sync.test_sync import sync
from tests.providers.sync.test_t13_vendors import VENDORS, set_up
from tests.providers.sync.test_t13_vendors import connect as visit

pytestmark = pytest.mark.django_db
State = Connection.State
Run = SyncRun.State
Play = Callable[[SandboxBank], object]
LINKED = ("oauth2", "credentials")
OFTEN = 60  # more calls than any pull makes, its repeats included


@dataclass(frozen=True)
class Case:
    """A scenario: how it begins and ends, and the code, the state and the wait that must follow."""

    name: str
    play: Play
    code: str
    state: State = State.DEGRADED
    run: Run = Run.FAILED
    waits: int = 0
    stop: Play = lambda bank: bank.control("calm")
    also: str = ""  # another code, of another account


def fault(mode: str, target: str = "any", **more: object) -> Play:
    return lambda bank: bank.control("faults", {"target": target, "mode": mode, "times": OFTEN, **more})


def one_account(bank: SandboxBank) -> None:
    """Let the rows of one account fail, for as long as one run asks, while the others answer."""
    card = next(
        each for each in bank.control("truth?customer=ana")["accounts"] if each["kind"] == "CREDIT_CARD"
    )
    order = {"target": "transactions", "mode": "status_500", "times": 3, "account": card["id"]}
    bank.control("faults", order)


COMMON = [
    Case("outage", fault("status_500"), "provider_unavailable"),
    Case("silence", fault("drop"), "provider_unavailable"),
    Case("maintenance", fault("html"), "provider_unreadable"),
    Case("malformed", fault("garbage"), "provider_unreadable"),
    Case("slow down", fault("status_429", retry_after=900), "rate_limited", waits=900),
]


def plaid(
    code: str, ours: str, state: State = State.DEGRADED, reason: str | None = None, waits: int = 0
) -> Case:
    """An error of the Item, which ends with it."""
    return Case(
        f"{code} {reason or ''}".strip(),
        lambda bank: bank.control("plaid/items", {"code": code, "reason": reason}),
        ours,
        state,
        waits=waits,
        stop=lambda bank: bank.control("plaid/items", {"code": ""}),
    )


def session(status: str, ours: str, state: State) -> Case:
    """Another status of the session at Enable Banking."""
    return Case(
        status,
        lambda bank: bank.control("enable-banking/sessions", {"status": status}),
        ours,
        state,
        stop=lambda bank: bank.control("enable-banking/sessions", {"status": "AUTHORIZED"}),
    )


def flex(ours: str, state: State = State.DEGRADED, waits: int = 0, **ordered: object) -> Case:
    """A code of the Flex service, or a statement that is not ready."""
    return Case(
        str(ordered),
        lambda bank: bank.control("ibkr/desk", {"customer": "ana", **ordered}),
        ours,
        state,
        waits=waits,
        stop=lambda bank: bank.control("ibkr/desk", {"customer": "ana"}),
    )


def bridge(scenario: str, ours: str, state: State = State.DEGRADED, **more: Any) -> Case:
    """A scenario of the bridge."""

    def order(name: str) -> Play:
        return lambda bank: bank.control("simplefin/scenario", {"customer": "ana", "scenario": name})

    return Case(scenario, order(scenario), ours, state, stop=order(""), **more)


def brokerage(ours: str, state: State, **told: object) -> Case:
    """Another state of SnapTrade's connections."""
    return Case(
        str(told),
        lambda bank: bank.control("snaptrade/connections", told),
        ours,
        state,
        stop=lambda bank: bank.control("snaptrade/connections", {"disabled": False}),
    )


ASKED, REVOKED = State.REAUTH_REQUIRED, State.REVOKED
# By connector, groups that share one connection: a wait that the institution asks for comes last in each.
CASES: dict[str, list[list[Case]]] = {
    "sandbox": [
        COMMON,
        [
            Case("one account fails", one_account, "provider_unavailable", run=Run.PARTIAL),
            Case(
                "revoked",
                lambda bank: bank.control("revoke", {"customer": "ana"}),
                "revoked_by_user",
                REVOKED,
            ),
        ],
    ],
    "simplefin": [
        [bridge("revoked", "consent_ended", ASKED), bridge("payment", "payment_required"), *COMMON],
        [
            bridge("partial", "told_by_server", also="attention_needed", run=Run.PARTIAL),
            bridge("blocked", "rate_limited", waits=3600),
        ],
    ],
    "enable-banking": [
        [
            session("EXPIRED", "consent_expired", ASKED),
            session("REVOKED", "revoked_by_user", REVOKED),
            session("CLOSED", "consent_ended", ASKED),
            *COMMON,
        ],
        [
            Case(
                "one scope fails", fault("status_500", "transactions"), "provider_unavailable", run=Run.FAILED
            )
        ],
    ],
    "snaptrade": [
        [
            brokerage("consent_ended", ASKED, disabled=True),
            Case("positions fail", fault("status_500", "holdings"), "provider_unavailable"),
            *COMMON,
        ],
        [brokerage("revoked_by_user", REVOKED, deleted=True)],
    ],
    "ibkr": [
        [
            flex("provider_unavailable", error="1001"),
            flex("provider_unavailable", error="1003"),
            flex("still_generating", polls=99, waits=290),
            flex("service_off", error="1011"),
            flex("consent_expired", ASKED, error="1012"),
            flex("address_not_allowed", error="1013"),
            flex("query_refused", error="1014"),
            flex("consent_ended", ASKED, error="1015"),
            flex("settings_needed", error="1016"),
            *COMMON,
        ],
        [flex("rate_limited", error="1018", waits=55)],
    ],
    "plaid": [
        [
            plaid("ITEM_LOGIN_REQUIRED", "consent_ended", ASKED),
            plaid("ITEM_LOGIN_REQUIRED", "consent_expired", ASKED, "OAUTH_CONSENT_EXPIRED"),
            plaid("ITEM_LOGIN_REQUIRED", "revoked_by_user", REVOKED, "OAUTH_USER_REVOKED"),
            plaid("USER_PERMISSION_REVOKED", "revoked_by_user", REVOKED),
            plaid("INSTITUTION_DOWN", "provider_unavailable"),
            plaid("INTERNAL_SERVER_ERROR", "provider_unavailable"),
            plaid("PRODUCT_NOT_READY", "provider_unavailable", waits=290),
            *COMMON,
        ],
        [
            Case("holdings fail", fault("status_500", "holdings"), "provider_unavailable", run=Run.PARTIAL),
            plaid("ACCOUNTS_LIMIT", "rate_limited", waits=55),
        ],
    ],
}
GROUPS = [
    pytest.param(slug, cases, id=f"{slug}-{n}")
    for slug, found in CASES.items()
    for n, cases in enumerate(found)
]


def test_t13_every_connector_has_its_scenarios() -> None:
    assert CASES.keys() == {slug for slug, each in connectors.CONNECTORS.items() if each.auth in LINKED}


@pytest.mark.parametrize(("slug", "cases"), GROUPS)
async def test_t13_each_scenario_leads_to_its_state_with_evidence_and_a_next_step(
    ana: User, bank: SandboxBank, settings: Any, slug: str, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        connectors.CONNECTORS, "ibkr", IbkrFlexConnector(link_waits=(0, 0), pull_waits=(0, 0))
    )
    connection = await linked(ana, bank, settings, slug)
    wrong = []
    for case in cases:
        began, mails = timezone.now(), await asked(ana)
        case.play(bank)
        run = await sync(connection, "scheduled")
        wrong += faults(case, run, connection, began, await asked(ana) - mails)
        bank.control("calm")
        case.stop(bank)
        connection.state, connection.state_reason = State.ACTIVE, ""
        await connection.asave(update_fields=["state", "state_reason"])
        await CallCount.objects.all().adelete()  # as if a day had gone by
    assert not wrong, "\n".join(wrong)


def faults(case: Case, run: SyncRun, connection: Connection, began: datetime, mails: int) -> list[str]:
    """All that is not as it should be after a scenario."""
    person = case.state in (ASKED, REVOKED)
    told = {run.error_code, *run.account_errors.values()} - {""}
    later = connection.next_sync_at
    checks = {
        "run": (run.state, case.run),
        "state": (connection.state, case.state),
        "reason": (connection.state_reason, case.code),
        "evidence": (told, {case.code, case.also} - {""}),
        "since": (connection.state_since >= began, True),
        "words": (case.code in words.REASONS, True),
        "mails": (mails, int(person)),
        "next": (later is None, person),
        "waits": (later is None or later >= began + timedelta(seconds=case.waits), True),
    }
    return [
        f"{case.name}: {name} {found}, not {right}"
        for name, (found, right) in checks.items()
        if found != right
    ]


async def asked(user: User) -> int:
    """The mails that have asked the person to look at a connection."""
    return await Email.objects.filter(user_id=user.id, kind="connection_needs_attention").acount()


async def linked(user: User, bank: SandboxBank, settings: Any, slug: str) -> Connection:
    """A connection that nothing has been read for yet."""
    if slug == "sandbox":
        return await connect_sandbox(user, bank)
    vendor = next((each for each in VENDORS if each.slug == slug), None)
    if vendor is not None:
        set_up(settings, bank, vendor)
        return await visit(user, vendor, vendor.answers(bank))
    credentials = pasted(bank, settings, slug)
    started = await wiring.connection_service().start(user_id=user.id, provider=slug, credentials=credentials)
    return await Connection.objects.aget(id=started.connection.id)


def pasted(bank: SandboxBank, settings: Any, slug: str) -> dict[str, str]:
    """The values that a person pastes, where there is no page to visit."""
    setattr(settings, f"{slug.upper()}_URL", f"{bank.url}/{slug}")
    if slug == "simplefin":
        return {"token": bank.control("simplefin/token", {"customer": "ana"})["token"]}
    found: dict[str, str] = bank.control("ibkr/desk", {"customer": "ana"})
    return found
