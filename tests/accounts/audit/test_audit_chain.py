"""The audit log only grows, and its chain shows whoever tampers with it."""

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.audit import chain
from accounts.models import AuditEvent, Session, StaffAct, User
from accounts.models.staff_act import Cause
from dashtam.jobs.background import defer
from dashtam.web import visitor
from dashtam.web.visitor import network_of
from tests.jobs import run_queued

pytestmark = pytest.mark.django_db(transaction=True)

record = AuditEvent.objects.record


@pytest.fixture
def written(ana: User, ben: User) -> list[AuditEvent]:
    """Five events of two people."""
    for person in (ana, ben, ana, ana, ben):
        record("session.opened", user_id=person.id, ip="203.0.113.9", session_id="é \x01 { } \\ ☂")
    return list(AuditEvent.objects.order_by("seq"))


@pytest.fixture
def superuser() -> Callable[..., None]:
    """Somebody who owns the database, and gets past its triggers."""

    def execute(statement: str, *values: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement, values)

    return execute


def verify(*arguments: str) -> str:
    said = StringIO()
    call_command("verify_audit", *arguments, stdout=said)
    return said.getvalue()


def test_k5_each_event_is_chained_to_the_one_before_it(written: list[AuditEvent]) -> None:
    assert [event.seq for event in written] == [1, 2, 3, 4, 5]
    assert bytes(written[0].prev_hash or b"") == bytes(32)
    for before, after in itertools.pairwise(written):
        assert bytes(after.prev_hash or b"") == bytes(before.hash or b"")
    assert verify() == f"The audit log is whole: 5 events. Head: 5:{bytes(written[-1].hash or b'').hex()}\n"


def test_an_empty_log_is_whole(db: None) -> None:
    assert "0 events" in verify()


def test_numbers_have_no_gap_though_transactions_are_rolled_back(ana: User) -> None:
    record("session.opened", user_id=ana.id)
    with transaction.atomic():
        record("session.opened", user_id=ana.id)
        transaction.set_rollback(True)
    with transaction.atomic():
        record("session.opened", user_id=ana.id)
        record("session.ended", user_id=ana.id)
    assert list(AuditEvent.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]
    assert "3 events" in verify()


def test_many_writers_at_once_make_one_chain(ana: User) -> None:
    def write() -> None:
        for _ in range(10):
            with transaction.atomic():
                record("session.opened", user_id=ana.id)
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert "60 events" in verify()


def test_a_slow_transaction_keeps_nobody_else_from_writing(ana: User) -> None:
    """The order is locked when a transaction commits, not when it writes."""
    done = threading.Event()

    def write() -> None:
        record("session.opened", user_id=ana.id)
        connection.close()
        done.set()

    with transaction.atomic():
        record("session.ended", user_id=ana.id)
        other = threading.Thread(target=write)
        other.start()
        assert done.wait(10)
    other.join()
    actions = AuditEvent.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["session.opened", "session.ended"]
    assert "2 events" in verify()


def test_what_cannot_be_written_down_does_not_happen(ana: User) -> None:
    """Somebody holds the order of events for longer than we wait: the change that would need it is undone."""
    later = timezone.now() + timedelta(days=1)
    session = Session.objects.create(user=ana, kind="api", expires_at=later, idle_expires_at=later)
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}) as other:
        other.execute("SELECT pg_advisory_xact_lock(4919114620014)")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        try:
            with pytest.raises(OperationalError):
                Session.objects.end(id=session.id, reason="signed_out")
        finally:
            connection.close()  # and its setting with it
    assert Session.objects.live().filter(id=session.id).exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET action = 'nothing'",
        "UPDATE accounts_auditevent SET hash = prev_hash",
        "UPDATE accounts_auditevent SET seq = seq + 10",
        "DELETE FROM accounts_auditevent",
    ],
)
def test_k5_nothing_is_changed_or_removed_even_by_the_owner(
    written: list[AuditEvent], statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="only ever added to"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert "5 events" in verify()


def test_k5_the_table_is_not_emptied(written: list[AuditEvent]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER audit_refuse_truncate")
        with pytest.raises(ProgrammingError, match="only ever added to"), transaction.atomic():
            cursor.execute("TRUNCATE accounts_auditevent")
        transaction.set_rollback(True)
    assert "5 events" in verify()


def test_k5_nobody_chooses_an_events_place_or_hash(written: list[AuditEvent], ana: User) -> None:
    with transaction.atomic():
        AuditEvent.objects.create(
            action="session.opened",
            user_id=ana.id,
            actor_id=ana.id,
            seq=3,
            prev_hash=bytes(32),
            hash=bytes(32),
        )
    assert AuditEvent.objects.latest("id").seq == 6
    assert "6 events" in verify()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE accounts_auditevent SET action = 'session.openee' WHERE seq = 3", "Event 3 .*not as it was"),
        ("UPDATE accounts_auditevent SET at = at + '1 microsecond' WHERE seq = 3", "Event 3 .*not as it was"),
        ("UPDATE accounts_auditevent SET user_id = actor_id, actor_id = NULL WHERE seq = 3", "Event 3 "),
        ("UPDATE accounts_auditevent SET detail = '{}' WHERE seq = 3", "Event 3 .*not as it was"),
        ("UPDATE accounts_auditevent SET hash = sha256('x') WHERE seq = 3", "Event 3 .*not as it was"),
        ("DELETE FROM accounts_auditevent WHERE seq = 3", "Event 3 is missing"),
        ("DELETE FROM accounts_auditevent WHERE seq = 1", "Event 1 is missing"),
        ("UPDATE accounts_auditevent SET seq = -1 WHERE seq = 1", "Event 1 is missing"),
        ("UPDATE accounts_auditevent SET seq = NULL WHERE seq = 5", r"Row \d+ is in the table and not in"),
    ],
)
def test_k5_tampering_is_found_and_its_first_event_named(
    written: list[AuditEvent], superuser: Any, statement: str, said: str
) -> None:
    superuser(statement)
    with pytest.raises(CommandError, match=said) as failure:
        verify()
    assert failure.value.returncode == 1


def test_k5_a_lost_end_is_found_against_a_head_that_was_kept(
    written: list[AuditEvent], superuser: Any, tmp_path: Path
) -> None:
    kept = tmp_path / "head"
    verify("--write-head", str(kept))
    assert "5 events" in verify("--head", str(kept))
    assert "5 events" in verify("--head", kept.read_text())
    superuser("DELETE FROM accounts_auditevent WHERE seq >= 4")
    assert "3 events" in verify()
    with pytest.raises(CommandError, match="Event 4 is missing: there were 5 events"):
        verify("--head", str(kept))


def test_k5_a_log_that_was_written_anew_is_found_against_a_head_that_was_kept(
    written: list[AuditEvent], superuser: Any, ana: User
) -> None:
    head = str(chain.head())
    superuser("DELETE FROM accounts_auditevent")
    for _ in range(6):
        record("session.opened", user_id=ana.id)
    assert "6 events" in verify()
    with pytest.raises(CommandError, match="Event 5 is not the one"):
        verify("--head", head)


def test_k2_a_reason_that_was_altered_afterwards_is_found(ana: User, ben: User) -> None:
    cause = Cause(staff_id=ben.id, session_id=ben.id, reason="They asked for help.", ticket="T-1")
    act = StaffAct.objects.look(user_id=ana.id, cause=cause)
    assert "1 events" in verify()
    StaffAct.objects.update(reason="They asked for more.")
    with pytest.raises(CommandError, match=f"The reason of the act {act.id} is not as it was given"):
        verify()
    StaffAct.objects.all().delete()  # as when the person goes
    assert "1 events" in verify()


def test_more_events_than_are_held_in_memory_at_once(written: list[AuditEvent]) -> None:
    assert chain.verify(at_once=2).count == len(written)


@pytest.mark.parametrize("head", ["", "nonsense", "5:abc", "5", f"5:{'0' * 63}"])
def test_what_is_no_head_is_said_to_be_none(db: None, head: str) -> None:
    with pytest.raises(CommandError, match="neither a head nor a file"):
        verify("--head", head or " ")


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("::1", "::/48"),
        ("", ""),
    ],
)
def test_an_address_is_kept_as_its_network_only(ip: str, network: str) -> None:
    assert network_of(ip) == network


def test_where_a_request_comes_from_is_known_without_being_told(ana: User) -> None:
    token = visitor.request_ip.set("203.0.113.9")
    try:
        record("session.opened", user_id=ana.id)
    finally:
        visitor.request_ip.reset(token)
    assert AuditEvent.objects.get().ip == "203.0.113.0/24"


def test_the_head_is_said_in_the_workers_log(
    written: list[AuditEvent], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "accounts.tasks")
    defer("accounts.tasks.note_audit_head", timestamp=0)
    run_queued()
    assert str(chain.head()) in caplog.text
