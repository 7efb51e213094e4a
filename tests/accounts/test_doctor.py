"""The doctor's findings about the staff and the audit log."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import doctor
from accounts.models import AuditEvent, User


def said(examination: Any, *, full: bool = False) -> str:
    return " ".join(finding.text for finding in examination(full=full))


@pytest.mark.parametrize(("days", "noted"), [(4, False), (5, True)])
def test_k4_a_superuser_in_daily_use_is_noted(make_user: Any, ana: User, days: int, noted: bool) -> None:
    root = make_user("Root", is_staff=True, is_superuser=True)
    for person in (root, ana):
        for day in range(days):
            for _ in range(2):
                at = timezone.now() - timedelta(days=day)
                AuditEvent.objects.create(
                    action="admin.entered", user_id=person.id, actor_id=person.id, at=at
                )
    text = said(doctor.staff)
    assert (str(root.id) in text) is noted
    assert str(ana.id) not in text


@pytest.mark.django_db(transaction=True)
def test_k5_a_full_examination_finds_a_log_that_was_tampered_with(ana: User) -> None:
    AuditEvent.objects.record("session.opened", user_id=ana.id)
    assert "tampered" not in said(doctor.audit_log, full=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE accounts_auditevent SET action = 'session.ended'")
    assert "tampered" in said(doctor.audit_log, full=True)
    assert "tampered" not in said(doctor.audit_log)
