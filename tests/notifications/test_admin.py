"""The mail in the admin."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import AuditEvent, User
from dashtam.ids import uuid7
from notifications.admin import EmailAdmin
from notifications.models import Email
from tests import jobs

SECRET_ID = str(uuid7())
REASON = "The person asked for it by phone."


@pytest.fixture
def staff(make_user: Any) -> User:
    user: User = make_user("Sue", is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def failed(ana: User) -> Email:
    mail = Email.objects.queue(
        user_id=ana.id, to=ana.email, kind="verify_email", context={"link_id": SECRET_ID}
    )
    jobs.run_queued()
    Email.objects.filter(id=mail.id).update(state="failed", error_code="mail_throttled", attempts=11)
    mail.refresh_from_db()
    return mail


@pytest.fixture
def sees(staff: User) -> Any:
    """The admin's pages, as a member of the staff sees them. Signing in is another test's matter."""

    def see(*, id: Any = None, post: dict[str, Any] | None = None, **query: str) -> Any:
        path = reverse("admin:notifications_email_changelist")
        request: Any = RequestFactory().post(path, post) if post else RequestFactory().get(path, query)
        request.user, request.session = staff, {}
        request.principal = SimpleNamespace(user_id=staff.id, session_id=uuid7(), mfa=True)
        request._dont_enforce_csrf_checks = True
        request._messages = FallbackStorage(request)
        admin = site.get_model_admin(Email)
        answer = admin.change_view(request, str(id)) if id else admin.changelist_view(request)
        if hasattr(answer, "render"):
            answer.render()
        return answer, [str(message) for message in request._messages]

    return see


def test_mail_is_found_by_its_address(sees: Any, failed: Email, ben: User) -> None:
    found, _ = sees(q=failed.to)
    assert failed.to in found.content.decode()
    assert "mail_throttled" in found.content.decode()
    other, _ = sees(q=ben.email)
    assert failed.to not in other.content.decode()


def test_neither_link_nor_context_is_shown(sees: Any, failed: Email) -> None:
    page, _ = sees(id=failed.id)
    assert page.status_code == 200
    assert failed.to in page.content.decode()
    assert SECRET_ID not in page.content.decode()
    assert '<input type="text"' not in page.content.decode()


def test_nobody_adds_changes_or_deletes_mail(staff: User) -> None:
    request: Any = RequestFactory().get("/")
    request.user = staff
    admin: EmailAdmin = site.get_model_admin(Email)  # type: ignore[assignment]
    assert admin.has_view_permission(request)
    assert not admin.has_add_permission(request)
    assert not admin.has_change_permission(request)
    assert not admin.has_delete_permission(request)


def test_failed_mail_is_sent_again_and_the_rest_left_alone(
    sees: Any, failed: Email, ben: User, settings: Any
) -> None:
    sent = Email.objects.queue(user_id=ben.id, to=ben.email, kind="address_known")
    jobs.run_queued()
    chosen = [str(failed.id), str(sent.id)]
    _, said = sees(post={"action": "send_again", "_selected_action": chosen, "reason": REASON})
    assert [line.split(".")[0] for line in said] == [
        "Queued again: 1",
        "Left alone, because they did not fail: 1",
    ]
    assert jobs.queued() == [("notifications.tasks.deliver_email", {"email_id": str(failed.id)})]
    noted = AuditEvent.objects.get(action="staff.mail_sent_again")
    assert (noted.user_id, noted.detail["email_id"]) == (failed.user_id, str(failed.id))
    jobs.run_queued()
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error_code) == ("sent", 1, "")
    sent.refresh_from_db()
    assert sent.attempts == 1


def test_staff_who_may_only_look_cannot_send(sees: Any, failed: Email, staff: User) -> None:
    from django.contrib.auth.models import Permission

    staff.is_superuser = False
    staff.save()
    staff.user_permissions.add(Permission.objects.get(codename="view_email"))
    page, _ = sees()
    assert "send_again" not in page.content.decode()
    sees(post={"action": "send_again", "_selected_action": [str(failed.id)], "reason": REASON})
    assert jobs.queued() == []
