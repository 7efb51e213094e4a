"""The activity list that people read about their own account: sign-ins, changes, and every look of support."""

import re
from typing import Any

import pytest

from accounts import queries
from accounts.audit import activity
from accounts.devices import Device
from accounts.models import AuditEvent, Session, User
from dashtam.api.paging import Page
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api, Browser, link_token
from tests.conftest import PASSWORD
from tests.rules import sources
from tests.staff import Staff

WHY = "You asked us why a balance is old."


async def test_n2_people_read_what_happened_to_their_account(api: Api, ana: User, ben: User) -> None:
    await api.sign_in(ben.email)
    await api.sign_in(ana.email)
    answer = await api.get("auth/activity")
    assert answer.status_code == 200
    (event,) = answer.json()["results"]
    assert event["at"].endswith("Z")
    assert event | {"id": "", "at": ""} == {
        "id": "",
        "at": "",
        "action": "session.opened",
        "summary": "A new sign-in",
        "by": "you",
        "network": "127.0.0.0/24",
        "device": "Unknown device, by API",
        "reason": None,
        "ticket": None,
    }


async def test_k2_the_person_reads_who_looked_when_and_why_but_not_the_colleague_s_name(
    api: Api, browser: Browser, ana: User, make_user: Any
) -> None:
    sam = await run_db(make_user, "Samantha", is_staff=True)
    staff = await Staff.arrives(sam, "Support")
    await staff.say_why(ana, WHY, ticket="HELP-3")
    record = AuditEvent.objects.record
    act_id = (await AuditEvent.objects.aget(action="values.opened")).detail["act_id"]
    look = {"user_id": ana.id, "actor_id": sam.id, "ip": "203.0.113.9", "act_id": act_id}
    await run_db(record, "values.seen", **look, page="financialaccount")
    await api.sign_in(ana.email)
    _, seen, opened = (await api.get("auth/activity")).json()["results"]
    assert [seen["summary"], opened["summary"]] == [
        "Support looked at your accounts",
        "Support gave a reason to see your numbers",
    ]
    for event in (seen, opened):
        assert (event["by"], event["reason"], event["ticket"]) == ("support", WHY, "HELP-3")
        assert event["network"] is None
    await browser.sign_in(ana.email)
    page = (await browser.get("/settings/activity")).content.decode()
    assert "Support looked at your accounts" in page
    assert WHY in page
    assert "by Dashtam support" in page
    for secret in (sam.email, sam.name, str(sam.id), "203.0.113"):
        assert secret not in page


async def test_refused_sign_ins_are_by_somebody_unknown(api: Api, ana: User) -> None:
    await run_db(AuditEvent.objects.record_a_few, "sign_in.refused", user_id=ana.id, reason="wrong_password")
    await api.sign_in(ana.email)
    assert (await api.get("auth/activity")).json()["results"][1]["by"] is None


async def test_activity_comes_in_pages_without_repeats(api: Api, browser: Browser, ana: User) -> None:
    for number in range(120):
        await run_db(AuditEvent.objects.record, "email.verified", user_id=ana.id, number=str(number))
    await api.sign_in(ana.email)
    seen: list[str] = []
    cursor = ""
    while True:
        answer = (await api.get(f"auth/activity?limit=50{cursor}")).json()
        seen += [event["id"] for event in answer["results"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert len(seen) == len(set(seen)) == 121
    assert seen == sorted(seen, key=int, reverse=True)
    await browser.sign_in(ana.email)
    first = (await browser.get("/settings/activity")).content.decode()
    older = re.search(r'href="(\?cursor=[\w-]+)"', first)
    assert older is not None
    assert (await browser.get(f"/settings/activity{older[1]}")).status_code == 200


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SIGN_UP = {"email": "new@example.org", "password": "a quiet river at dawn", "name": "New"}


async def test_t04_each_sign_in_names_its_device(
    api: Api, other_api: Api, browser: Browser, ana: User
) -> None:
    for kind, agent in (("browser", FIREFOX), ("api", "curl/8.5.0")):
        device = Device(kind, agent, "127.0.0.1")
        assert await run_db(User.objects.open_session, user=ana, factor="", device=device)
    await api.sign_in(ana.email)
    events = (await api.get("auth/activity")).json()["results"]
    assert {event["summary"] for event in events} == {"A new sign-in"}
    named = ["Unknown device, by API", "curl, by API", "Firefox on Linux"]
    assert [event["device"] for event in events] == named
    await browser.sign_in(ana.email)
    page = (await browser.get("/settings/activity")).content.decode()
    for name in named:
        assert name in page
    await Session.objects.all().adelete()
    again = await queries.activity(ana.id, page=Page(10))
    assert {event["device"] for event in again.results} == {"A program, by API", "A browser"}


async def test_t04_one_s_own_sign_up_is_not_somebody_s(api: Api, db: None) -> None:
    stranger = {**SIGN_UP, "password": "another quiet river at dusk"}
    for sent in (stranger, SIGN_UP):
        assert (await api.post("auth/users", sent)).status_code == 202
    confirmed = await api.post(
        "auth/email-verifications",
        {"token": await link_token("verify_email"), "password": SIGN_UP["password"]},
    )
    assert confirmed.status_code == 204
    await api.sign_in(SIGN_UP["email"], SIGN_UP["password"])
    events = (await api.get("auth/activity")).json()["results"]
    assert [(event["summary"], event["by"]) for event in events if "sign" in event["summary"].lower()] == [
        ("A new sign-in", "you"),
        ("You signed up", "you"),
        ("Your address was used to sign up", None),
    ]
    assert not any("omebody" in words for words in activity.WORDS.values())


@pytest.mark.parametrize(
    "query", ["cursor=WyJ4Il0", "cursor=WyIxIiwiMiJd", "cursor=!", "limit=0", "user_id=1"]
)
async def test_what_does_not_fit_the_list_is_refused(api: Api, ana: User, query: str) -> None:
    await api.sign_in(ana.email)
    assert (await api.get(f"auth/activity?{query}")).status_code == 400


async def test_activity_needs_a_sign_in(api: Api, browser: Browser, db: None) -> None:
    assert (await api.get("auth/activity")).status_code == 401
    assert (await browser.get("/settings/activity"))["Location"].startswith("/sign-in")


async def test_a_page_costs_two_statements_however_long_it_is(ana: User, statements: Any) -> None:
    for _ in range(30):
        await run_db(AuditEvent.objects.record, "email.verified", user_id=ana.id)
    for limit in (1, 30):
        async with statements() as said:
            await queries.activity(ana.id, page=Page(limit))
        assert 1 <= len(said) <= 2


def test_every_action_that_is_recorded_has_words_for_people() -> None:
    written = " ".join(path.read_text() for path in sources())
    actions = set(re.findall(r'(?:record|record_a_few|note)\(\s*"([a-z_]+\.[a-z_]+)"', written))
    actions |= {f"{purpose}.requested" for purpose in ("verify_email", "reset_password")}
    actions |= {f"mfa.{change}" for change in re.findall(r'\bchange="([a-z_]+)"', written)}
    actions |= {f"mfa.{factor}_{done}" for factor in ("totp", "passkey") for done in ("added", "removed")}
    actions |= set(re.findall(r'"(staff\.[a-z_]+)"', written)) - {"staff.roles"}
    actions |= set(re.findall(r'"(password\.[a-z]+)"', written))
    assert len(actions) > 20
    assert {action for action in actions if action not in activity.WORDS} == set()


def test_an_action_without_words_is_named_as_it_is() -> None:
    assert activity.describe("moon_phase.changed", {}) == "Moon phase: changed"
    assert PASSWORD not in activity.describe("session.ended", {"reason": PASSWORD})
