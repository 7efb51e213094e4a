"""The admin changes nothing without a reason on record, and odd input to its pages is no error of ours."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import AuditEvent, StaffAct, User
from dashtam.bridge.doors import run_db
from notifications.models import Email
from tests.staff import Staff

PAGES = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry]
ODD = ["x", "0", "-1", "9" * 40, "\0", "é" * 300, "' OR 1=1", "00000000-0000-0000-0000-000000000000"]
WHY = {"reason": "The person asked for it by phone."}


@pytest.fixture
def root(make_user: Any) -> User:
    """A superuser."""
    user: User = make_user("Root", is_staff=True, is_superuser=True)
    return user


@pytest.mark.parametrize("model", site._registry, ids=lambda model: model._meta.label)
def test_s08_not_even_a_superuser_adds_changes_or_deletes_rows(root: User, model: Any) -> None:
    request: Any = RequestFactory().get("/")
    request.user = root
    assert site._registry[model].get_model_perms(request) == {
        "add": False,
        "change": False,
        "delete": False,
        "view": True,
    }
    assert set(site._registry[model].get_actions(request)) <= {
        "send_again",
        "run_again",
        "take_back",
        "resume",
    }


async def test_s08_roles_are_seen_and_not_changed_beside_the_acts_of_the_staff(root: User) -> None:
    staff = await Staff.arrives(root)
    group = await Group.objects.afirst()
    assert group is not None
    page = await staff.text(f"/admin/auth/group/{group.pk}/change/")
    assert group.name in page
    form = {"name": "Changed", "permissions": []}
    assert (await staff.post(f"/admin/auth/group/{group.pk}/change/", **form)).status_code == 403
    assert (await staff.post(f"/admin/auth/group/{group.pk}/delete/", post="yes")).status_code == 403
    assert (await staff.post("/admin/auth/group/add/", **form)).status_code == 403
    assert not await Group.objects.filter(name="Changed").aexists()


async def _failed(user: User | None) -> Email:
    user_id = user.id if user else None
    mail = await run_db(Email.objects.queue, user_id=user_id, to="ana@example.org", kind="address_known")
    await Email.objects.filter(id=mail.id).aupdate(state="failed")
    return mail


async def test_s08_a_mail_is_sent_again_with_a_reason_on_record(root: User, ana: User) -> None:
    staff = await Staff.arrives(root)
    theirs, nobodys = await _failed(ana), await _failed(None)
    form = {"action": "send_again", "_selected_action": [str(theirs.id), str(nobodys.id)]}
    path = reverse("admin:notifications_email_changelist")
    assert 'name="reason"' in await staff.text(path)
    for reason in ({}, {"reason": "short"}, {"reason": "x" * 501}):
        assert (await staff.post(path, **form, **reason)).status_code == 302
        assert await Email.objects.filter(state="failed").acount() == 2
    assert (await staff.post(path, **form, **WHY)).status_code == 302
    assert await Email.objects.filter(state="failed").acount() == 0
    events = AuditEvent.objects.filter(action="staff.mail_sent_again", actor_id=root.id).order_by("id")
    assert {event.user_id async for event in events} == {ana.id, None}
    act = await StaffAct.objects.aget(user_id=ana.id)
    assert (act.action, act.reason) == ("staff.mail_sent_again", WHY["reason"])


async def test_s09_odd_choices_for_an_action_are_no_error_of_ours(root: User, ana: User) -> None:
    staff = await Staff.arrives(root)
    mail = await _failed(ana)
    for page in PAGES:
        for chosen in ([], *([odd] for odd in ODD), [*ODD, str(mail.id)], ["x"] * 2_000):
            for action in ("send_again", "delete_selected", "x", ""):
                form = {"action": action, "_selected_action": chosen, "index": "9", **WHY}
                answer = await staff.post(page, **form)
                assert answer.status_code in {200, 302, 400, 403}, (page, action, chosen[:9])
    await mail.arefresh_from_db()
    assert mail.state == "failed"


@pytest.mark.parametrize("page", PAGES)
async def test_s09_odd_addresses_and_searches_are_no_error_of_ours(root: User, page: str) -> None:
    staff = await Staff.arrives(root)
    model_admin = next(
        each for model, each in site._registry.items() if page.endswith(f"/{model._meta.model_name}/")
    )
    names = ["q", "o", "p", "all", "e", "_popup", "_to_field", "_facets", "id", "pk__in", "user__password"]
    names += [str(each) for each in model_admin.list_filter]
    if model_admin.date_hierarchy:
        names += [f"{model_admin.date_hierarchy}__{part}" for part in ("year", "month", "day", "gte")]
    for odd in ODD:
        for name in names:
            answer = await staff.get(page, **{name: odd})
            assert answer.status_code in {200, 302, 400, 403, 404}, (name, odd)
        for tail in ("", "change/", "history/", "delete/"):
            answer = await staff.get(f"{page}{odd.replace(chr(0), '%00')}/{tail}")
            assert answer.status_code in {302, 400, 403, 404}, (odd, tail)


async def test_s08_the_audit_log_is_found_by_person_and_by_request(root: User, ana: User, ben: User) -> None:
    staff = await Staff.arrives(root)
    for user, request in ((ana, "of-ana"), (ben, "of-ben")):
        await AuditEvent.objects.acreate(action="email.changed", user_id=user.id, request_id=request)
    for term in (ana.email.upper(), str(ana.id), "of-ana"):
        page = await staff.text("/admin/accounts/auditevent/", q=term)
        assert "of-ana" in page, term
        assert "of-ben" not in page, term
    event = await AuditEvent.objects.aget(request_id="of-ana")
    page = await staff.text(f"/admin/accounts/auditevent/{event.pk}/change/")
    assert f"/admin/accounts/user/{ana.id}/change/" in page
    assert "0 audit events" in await staff.text("/admin/accounts/auditevent/", q="nobody@example.org")
    assert f"auditevent/?q={ana.id}" in await staff.text(f"/admin/accounts/user/{ana.id}/change/")
