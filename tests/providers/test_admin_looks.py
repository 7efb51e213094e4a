"""Support staff see people's amounts only for a stated reason, for a limited time, and recorded."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Session, StaffAct, User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from tests.staff import Staff

WHY = "They asked why their balance is old."
SECRETS = ("7431.55", "4242", "Acct-9876543210", "Corner Bakery", "-18.25")


@pytest.fixture
def sam(make_user: Any) -> User:
    """A colleague in support."""
    user: User = make_user("Sam", is_staff=True)
    return user


def money_of(user: User) -> dict[str, str]:
    """An account with a balance and a payment; the admin's pages of each."""
    connection = Connection.objects.create(user=user, provider="sandbox", provider_subject="customer-77")
    account = FinancialAccount.objects.create(
        user=user,
        connection=connection,
        provider_account_id="Acct-9876543210",
        name="Everyday",
        mask="4242",
        type="depository",
        currency="EUR",
        balance_current=Decimal("7431.55"),
    )
    now = timezone.now()
    balance = BalanceSnapshot.objects.create(
        account=account, date=now.date(), current=Decimal("7431.55"), as_of=now, fetched_at=now
    )
    payment = Transaction.objects.create(
        user=user,
        account=account,
        provider_transaction_id="T1",
        date=now.date(),
        status="posted",
        amount=Decimal("-18.25"),
        currency="EUR",
        description="Corner Bakery",
    )
    rows = {"financialaccount": account.pk, "balancesnapshot": balance.pk, "transaction": payment.pk}
    return {model: f"/admin/providers/{model}/{pk}/change/" for model, pk in rows.items()}


def lists(user: User) -> list[str]:
    return [
        f"/admin/providers/{m}/?q={user.email}"
        for m in ("financialaccount", "balancesnapshot", "transaction")
    ]


async def looks_at(user: User) -> list[AuditEvent]:
    events = AuditEvent.objects.filter(user_id=user.id, action__startswith="values.").order_by("id")
    return [event async for event in events]


async def test_k2_numbers_and_names_are_hidden_in_lists_and_pages(sam: User, ana: User) -> None:
    pages = await run_db(money_of, ana)
    staff = await Staff.arrives(sam, "Support")
    for path in [*pages.values(), *lists(ana)]:
        text = await staff.text(path)
        for secret in SECRETS:
            assert secret not in text, (path, secret)
        assert "••••" in text
        assert "hidden" in text
    assert await looks_at(ana) == []


async def test_k2_a_reason_shows_them_and_each_look_is_kept(sam: User, ana: User) -> None:
    pages = await run_db(money_of, ana)
    staff = await Staff.arrives(sam, "Support")
    given = await staff.say_why(ana, WHY, ticket="HELP-12", next=pages["financialaccount"])
    assert (given.status_code, given["Location"]) == (303, pages["financialaccount"])
    text = await staff.text(pages["financialaccount"])
    for secret in ("7431.55", "4242", "Acct-9876543210"):
        assert secret in text
    assert WHY in text
    act = await StaffAct.objects.aget()
    opened, seen = await looks_at(ana)
    assert (act.reason, act.ticket, act.staff_id, act.user_id) == (WHY, "HELP-12", sam.id, ana.id)
    assert opened.action == "values.opened"
    assert opened.detail == {"act_id": str(act.id), "reason_sha256": act.reason_digest()}
    assert (seen.action, seen.actor_id) == ("values.seen", sam.id)
    assert seen.detail == {"act_id": str(act.id), "page": "financialaccount"}
    for path, secret in ((pages["transaction"], "Corner Bakery"), (pages["balancesnapshot"], "7431.55")):
        assert secret in await staff.text(path)
    for path in lists(ana):
        assert "18.25" in (text := await staff.text(path)) or "7431.55" in text
    assert len(await looks_at(ana)) == 7


async def test_k2_a_reason_is_for_one_person_only(sam: User, ana: User, ben: User) -> None:
    await run_db(money_of, ana)
    his = await run_db(money_of, ben)
    staff = await Staff.arrives(sam, "Support")
    await staff.say_why(ana)
    assert "7431.55" not in await staff.text(his["financialaccount"])
    both = await staff.text("/admin/providers/financialaccount/")
    assert both.count("7431.55") == 1
    assert await looks_at(ben) == []


async def test_k2_a_reason_counts_for_its_session_and_for_a_quarter_of_an_hour(
    sam: User, ana: User, make_user: Any
) -> None:
    page = (await run_db(money_of, ana))["financialaccount"]
    staff = await Staff.arrives(sam, "Support")
    await staff.say_why(ana)
    other_session = await Staff.arrives(sam, "Support")
    colleague = await Staff.arrives(await run_db(make_user, "Tom", is_staff=True), "Support")
    for other in (other_session, colleague):
        assert "7431.55" not in await other.text(page)
    act = await StaffAct.objects.aget()
    assert act.shown_until is not None
    assert abs(act.shown_until - act.created_at - timedelta(minutes=15)) < timedelta(seconds=5)
    await StaffAct.objects.aupdate(shown_until=timezone.now())
    assert "7431.55" not in await staff.text(page)


@pytest.mark.parametrize("reason", ["", "because", "         "])
async def test_k2_without_a_real_reason_nothing_is_shown(sam: User, ana: User, reason: str) -> None:
    page = (await run_db(money_of, ana))["financialaccount"]
    staff = await Staff.arrives(sam, "Support")
    refused = await staff.say_why(ana, reason)
    assert refused.status_code == 422
    assert "7431.55" not in await staff.text(page)
    assert await looks_at(ana) == []


async def test_k2_superusers_need_a_reason_too(make_user: Any, ana: User) -> None:
    page = (await run_db(money_of, ana))["financialaccount"]
    root = await Staff.arrives(await run_db(make_user, "Root", is_staff=True, is_superuser=True))
    assert "7431.55" not in await root.text(page)


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("transaction", "amount__gt"),
        ("transaction", "description__startswith"),
        ("transaction", "account__balance_current__gt"),
        ("financialaccount", "balance_current__gt"),
        ("financialaccount", "mask"),
        ("balancesnapshot", "current__lt"),
        ("connection", "provider_subject__startswith"),
        ("connection", "token__version"),
        ("authorizationrequest", "state_hash"),
    ],
)
async def test_k2_nothing_hidden_can_be_guessed_by_filtering_or_sorting(
    sam: User, ana: User, model: str, lookup: str
) -> None:
    await run_db(money_of, ana)
    staff = await Staff.arrives(sam, "Support")
    assert (await staff.get(f"/admin/providers/{model}/", **{lookup: "1"})).status_code == 400
    text = await staff.text(f"/admin/providers/{model}/")
    for header in ("balance_current", "amount", "mask", "current"):
        assert f"column-shown_{header} sortable" not in text.replace("sortable column-", "column-")
        assert f'class="sortable column-shown_{header}' not in text


async def test_k2_only_those_who_may_help_are_asked_for_a_reason(ana: User, make_user: Any) -> None:
    await run_db(money_of, ana)
    staff = await Staff.arrives(await run_db(make_user, "Olga", is_staff=True), "Operations")
    assert (await staff.say_why(ana)).status_code == 403
    for path in lists(ana):
        assert (await staff.get(path)).status_code == 403


async def test_k2_the_way_back_after_a_reason_stays_in_the_admin(sam: User, ana: User) -> None:
    staff = await Staff.arrives(sam, "Support")
    for evil in (
        "https://evil.example/",
        "//evil.example/admin/",
        "/sign-out",
        "/admin/../x",
        "javascript:1",
    ):
        given = await staff.say_why(ana, WHY, next=evil)
        assert given["Location"].startswith("/admin/"), evil
        assert "evil" not in given["Location"]


async def test_reasons_go_with_the_person_and_the_log_keeps_their_digest(sam: User, ana: User) -> None:
    staff = await Staff.arrives(sam, "Support")
    await staff.say_why(ana, "Ana Lovelace rang about her rent.")
    kept = ana.id
    await run_db(User.objects.filter(id=kept).delete)
    assert not await StaffAct.objects.aexists()
    (opened,) = [e async for e in AuditEvent.objects.filter(user_id=kept, action="values.opened")]
    assert "Lovelace" not in str(opened.detail)


async def test_k2_a_connection_tells_its_story_without_money(sam: User, ana: User) -> None:
    await run_db(money_of, ana)
    staff = await Staff.arrives(sam, "Support")
    connection = await Connection.objects.aget()
    text = await staff.text(f"/admin/providers/connection/{connection.id}/change/")
    assert "Next sync at" in text
    assert "customer-77" not in text
    assert await Session.objects.acount() == 1


async def test_t04_a_list_that_shows_numbers_does_not_say_that_it_hides_them(
    sam: User, ana: User, ben: User
) -> None:
    await run_db(money_of, ana)
    staff = await Staff.arrives(sam, "Support")
    hidden = "Numbers and names are hidden until you give a reason"
    for path in lists(ana):
        assert hidden in await staff.text(path)
    await staff.say_why(ana, WHY)
    for path in lists(ana):
        text = await staff.text(path)
        assert hidden not in text
        assert f"You see the numbers and names of {ana.email} until" in text
        assert "Those of everyone else are hidden" in text
    for path in lists(ben):
        assert "Those of everyone else are hidden" in await staff.text(path)


async def test_t04_every_moment_in_the_admin_says_its_zone(make_user: Any, ana: User) -> None:
    await run_db(money_of, ana)
    root = await Staff.arrives(await run_db(make_user, "Root", is_staff=True, is_superuser=True))
    pages = [
        "accounts/user/",
        f"accounts/user/{ana.id}/change/",
        "accounts/session/",
        "providers/connection/",
    ]
    for page in pages:
        text = await root.text(f"/admin/{page}")
        assert re.search(r"\b\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d UTC", text), page
        assert not re.search(r"\b[ap]\.m\.|, (midnight|noon)\b", text), page
