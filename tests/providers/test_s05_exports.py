"""An export is made in parts, can be broken off at any of them, and keeps no other person's export waiting."""

import io
import zipfile

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import wiring
from accounts.models import DataExport, ExportPart, User
from dashtam.bridge.doors import run_db
from dashtam.crypto.sealed_fields import seal_field
from dashtam.wiring import encryption_service
from notifications.models import Email
from tests.jobs import run_queued

pytestmark = pytest.mark.django_db


async def asked(person: User) -> DataExport:
    return await wiring.export_service().request(user_id=person.id)


def part_of(export: DataExport, number: int) -> ExportPart:
    """A part as an attempt that was cut short leaves it."""
    part = ExportPart(export=export, number=number)
    part.data = seal_field(encryption_service(), ExportPart, part.id, "data", b"half of it")
    ExportPart.objects.keep(part, size=10)
    return part


async def taken(person: User, export: DataExport) -> bytes:
    pieces = await wiring.export_service().take(user_id=person.id, export_id=export.id)
    return b"".join([piece async for piece in pieces])


async def test_s05_an_export_that_was_broken_off_is_made_whole(ana: User) -> None:
    export = await asked(ana)
    for number in range(3):
        await run_db(part_of, export, number)
    await run_db(run_queued)
    await export.arefresh_from_db()
    content = await taken(ana, export)
    assert (export.state, export.size) == ("ready", len(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None


async def test_s05_an_attempt_that_another_has_overtaken_makes_nothing_ready(ana: User) -> None:
    export = await asked(ana)
    await run_db(part_of, export, 0)
    (mails, done) = (await Email.objects.acount(), DataExport.objects.complete)
    assert not await run_db(done, id=export.id, pieces=[])
    await export.arefresh_from_db()
    assert (export.state, await Email.objects.acount()) == ("queued", mails)


async def test_s05_a_large_export_keeps_no_other_person_waiting(ana: User, ben: User) -> None:
    await asked(ana)
    await asked(ben)
    jobs = ProcrastinateJob.objects.filter(task_name="accounts.tasks.make_export", status="todo")
    locks = [lock async for lock in jobs.values_list("lock", flat=True)]
    assert len(set(locks)) == len(locks) == 2
