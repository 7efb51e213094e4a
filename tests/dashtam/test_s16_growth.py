"""Nothing grows for ever unseen: every table has an end that operations.md tells, and no index stands there twice."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from accounts.models import FailedProof, User
from accounts.tasks import forget_old
from dashtam.bridge.doors import run_db
from dashtam.ids import uuid7
from notifications.tasks import forget_old_mail
from providers.connections.models import Connection
from providers.ledger.models import FinancialAccount, Holding, Security, WithdrawnTransaction
from providers.sync.models import SyncRun
from providers.tasks import forget_old_authorizations
from tests.jobs import run_now

pytestmark = pytest.mark.django_db
OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def days_ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def test_s16_operations_md_tells_the_end_of_every_table() -> None:
    text = OPERATIONS.read_text()
    retention = text[text.index("## Retention") :].partition("\n## ")[0]
    told = set(re.findall(r"`([a-z_]+)`", retention))
    through = {model for each in apps.get_models() for model in [each, *_between(each)]}
    tables = {
        model._meta.db_table
        for model in through
        if model._meta.managed or "procrastinate" in model._meta.db_table
    }
    assert tables - told == set()


def _between(model: Any) -> list[Any]:
    return [field.remote_field.through for field in model._meta.local_many_to_many]


def test_s16_no_index_is_the_beginning_of_another_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT small.indexrelid::regclass::text, big.indexrelid::regclass::text
            FROM pg_index AS small JOIN pg_index AS big
              ON small.indrelid = big.indrelid AND small.indexrelid <> big.indexrelid
            WHERE big.indkey::text || ' ' LIKE small.indkey::text || ' %%'
              AND NOT small.indisunique AND small.indexprs IS NULL AND big.indexprs IS NULL
              AND big.indpred IS NULL AND small.indpred IS NULL
              AND small.indrelid::regclass::text ~ '^(accounts|dashtam|notifications|providers)_'
            """
        )
        assert cursor.fetchall() == []


async def test_s16_what_no_one_needs_any_more_is_deleted(ana: User, settings: Any) -> None:
    link = await Connection.objects.acreate(user=ana, provider="sandbox", state=Connection.State.ACTIVE)
    for age in (200, 91, 89):
        await SyncRun.objects.acreate(
            connection=link, state="succeeded", created_at=days_ago(age), finished_at=days_ago(age)
        )
    quiet = await Connection.objects.acreate(user=ana, provider="other", state=Connection.State.ACTIVE)
    await SyncRun.objects.acreate(
        connection=quiet, state="failed", created_at=days_ago(200), finished_at=days_ago(200)
    )
    account = await FinancialAccount.objects.acreate(
        user=ana, connection=link, provider_account_id="a", name="A", type="investment", currency="USD"
    )
    for age in (91, 89):
        await WithdrawnTransaction.objects.acreate(
            account=account, provider_transaction_id=str(age), transaction_id=uuid7(),
            first_seen_at=days_ago(age), withdrawn_at=days_ago(age),
        )  # fmt: skip
    long_ago = timezone.now() - timedelta(days=60)
    for name, moment in (("new", timezone.now()), ("old", long_ago), ("held", long_ago)):
        made = int(moment.timestamp() * 1000) << 80
        await Security.objects.acreate(
            id=str(type(uuid7())(int=made + len(name))), provider="sandbox", provider_security_id=name,
            name=name, currency="USD",
        )  # fmt: skip
    held = await Security.objects.aget(name="held")
    await Holding.objects.acreate(
        account=account, security=held, quantity=1, currency="USD", as_of=long_ago, fetched_at=long_ago
    )
    await run_now(forget_old_authorizations, timestamp=0)
    assert await SyncRun.objects.filter(connection=link).acount() == 1
    assert await SyncRun.objects.filter(connection=quiet).acount() == 1
    assert await WithdrawnTransaction.objects.acount() == 1
    assert {each.name async for each in Security.objects.all()} == {"new", "held"}


async def test_s16_failures_of_a_person_s_devices_go_unless_they_lock_something(ana: User) -> None:
    for name, total, age in ((b"a", 5, 91), (b"b", 100, 91), (b"c", 5, 89)):
        await FailedProof.objects.acreate(subject_hash=name, user=ana, total=total, last_at=days_ago(age))
    kind = await run_db(ContentType.objects.get_for_model, User)
    for age in (366, 364):
        await LogEntry.objects.acreate(
            user=ana, content_type=kind, object_repr="x", action_flag=2, action_time=days_ago(age)
        )
    await run_now(forget_old, timestamp=0)
    assert {bytes(each.subject_hash) async for each in FailedProof.objects.all()} == {b"b", b"c"}
    assert await LogEntry.objects.acount() == 1


async def test_s16_the_files_of_mails_go_with_their_rows(settings: Any) -> None:
    settings.OUTBOX.mkdir()
    for name, age in (("old.eml", 31), ("new.eml", 29), ("report.log", 31), ("mine.txt", 31)):
        file = settings.OUTBOX / name
        file.write_text("x")
        os.utime(file, (days_ago(age).timestamp(),) * 2)
    await run_now(forget_old_mail, timestamp=0)
    assert {file.name for file in settings.OUTBOX.iterdir()} == {"new.eml", "mine.txt"}
