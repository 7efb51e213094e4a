"""Imports that take longer than a moment: kept sealed, landed by a worker exactly once, and bounded in every way."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psutil
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from dashtam.bridge.computing import Bounds
from dashtam.bridge.doors import run_db
from dashtam.wiring import encryption_service
from notifications.wiring import live_event_service
from providers import tasks, wiring
from providers.imports.errors import StatementUnreadable, TooManyImports
from providers.imports.import_service import BOUNDS, SMALL_BYTES, ImportService
from providers.imports.models import FileImport, ImportPart
from providers.ledger.models import FinancialAccount, Transaction
from tests.jobs import queued, run_now
from tests.providers.api.test_api_connections import Program, program_of
from tests.providers.imports.test_imports import line, statement
from tests.providers.pages.browsing import signed_in

pytestmark = pytest.mark.django_db
MB = 1 << 20


def large(rows: int = 4_000, *, first: int = 0) -> bytes:
    """A file that no request waits for."""
    data = statement(*(line(f"F{first + n}", f"-{n}.25") for n in range(rows)))
    assert len(data) > SMALL_BYTES
    return data


def service(**given: Any) -> ImportService:
    async def nothing(user_id: Any) -> None: ...

    collaborators: dict[str, Any] = {
        "encryption": encryption_service(),
        "live_events": live_event_service(),
        "first_accounts": nothing,
        "moment_seconds": 60,
    }
    return ImportService(**(collaborators | given))


async def bring(user: User, data: bytes, account_id: Any = None) -> FileImport:
    return await wiring.import_service().import_statement(
        user_id=user.id, filename="a.ofx", data=data, account_id=account_id
    )


async def work_off() -> None:
    """Land every import that is queued, as a worker would."""
    jobs = [arguments for name, arguments in await run_db(queued) if name == "providers.tasks.land_import"]
    assert jobs
    for arguments in jobs:
        await run_now(tasks.land_import, **arguments)


async def upload(program: Program, data: bytes) -> Any:
    file = SimpleUploadedFile("march.ofx", data)
    return await program.client.post("/api/v1/imports", {"file": file}, headers=program.headers)


async def test_s03_a_large_file_is_accepted_at_once_and_landed_by_a_worker(ana: User) -> None:
    program = await run_db(program_of, ana)
    answer = await upload(program, large())
    accepted = answer.json()
    assert (answer.status_code, accepted["state"]) == (202, "running")
    assert answer["Location"] == f"/api/v1/imports/{accepted['id']}"
    assert not await Transaction.objects.aexists()
    assert ("providers.tasks.land_import", {"import_id": accepted["id"]}) in await run_db(queued)
    await run_now(tasks.land_import, import_id=accepted["id"])
    done = (await program.get(f"imports/{accepted['id']}")).json()
    assert (done["state"], done["added"], done["matched"]) == ("succeeded", 4_000, 0)
    assert done["finished_at"]
    assert await Transaction.objects.acount() == 4_000


async def test_s03_a_file_is_kept_sealed_and_only_until_it_has_landed(ana: User) -> None:
    file = await bring(ana, large(8_000))

    def kept() -> str:
        with database.cursor() as cursor:
            cursor.execute("SELECT t::text FROM providers_importpart t")
            return "\n".join(str(row[0]) for row in cursor.fetchall())

    assert await ImportPart.objects.acount() == 2
    assert b"STMTTRN".hex() not in await run_db(kept)
    await run_now(tasks.land_import, import_id=str(file.id))
    assert not await ImportPart.objects.aexists()
    assert await Transaction.objects.acount() == 8_000


async def test_s03_the_same_file_sent_again_meanwhile_is_the_same_import(ana: User, ben: User) -> None:
    first, again, his = await bring(ana, large()), await bring(ana, large()), await bring(ben, large())
    assert first.id == again.id != his.id
    await run_now(tasks.land_import, import_id=str(first.id))
    later = await bring(ana, large())
    assert later.id != first.id
    await run_now(tasks.land_import, import_id=str(later.id))
    await later.arefresh_from_db()
    assert (later.added, later.matched) == (0, 4_000)


async def test_s03_a_person_has_a_few_imports_under_way_and_no_more(ana: User, ben: User) -> None:
    for number in range(FileImport.objects.MOST_RUNNING):
        await bring(ana, large(first=number))
    with pytest.raises(TooManyImports) as caught:
        await bring(ana, large(first=100))
    assert caught.value.retry_after > 0
    await bring(ben, large())
    await work_off()
    assert (await bring(ana, large(first=100))).state == "running"


async def test_s03_what_is_wrong_with_a_large_file_is_told_by_its_import(ana: User) -> None:
    file = await bring(ana, large()[:-40])
    await run_now(tasks.land_import, import_id=str(file.id))
    program = await run_db(program_of, ana)
    told = (await program.get(f"imports/{file.id}")).json()
    assert (told["state"], told["error_code"]) == ("failed", "truncated")
    assert "Download it again" in told["error_detail"]
    assert not await ImportPart.objects.aexists()


async def test_s03_an_account_that_went_away_meanwhile_fails_the_import(ana: User) -> None:
    await bring(ana, statement(line("1")))
    account = await FinancialAccount.objects.aget()
    file = await bring(ana, large(), account.id)
    await run_db(account.delete)
    await run_now(tasks.land_import, import_id=str(file.id))
    await file.arefresh_from_db()
    assert (file.state, file.error_code) == ("failed", "not_found")


async def test_s03_a_file_that_takes_longer_than_a_moment_is_handed_to_a_worker(ana: User) -> None:
    hasty = service(moment_seconds=0.0)
    file = await hasty.import_statement(
        user_id=ana.id, filename="a.ofx", data=statement(line("1")), account_id=None
    )
    assert (file.state, file.attempts, file.lease_id) == ("running", 0, None)
    await work_off()
    await file.arefresh_from_db()
    assert (file.state, file.added) == ("succeeded", 1)


# --- workers that die ------------------------------------------------------------------------------------


async def test_s03_the_import_of_a_dead_worker_is_taken_over_and_landed_once(ana: User) -> None:
    file = await bring(ana, large())
    manager = FileImport.objects
    await run_db(manager.claim, file.id, uuid4())  # and then it was killed
    await run_now(tasks.land_import, import_id=str(file.id))
    assert not await Transaction.objects.aexists(), "it may still be at work"
    long_ago = timezone.now() - timedelta(minutes=5)
    await manager.filter(id=file.id).aupdate(lease_until=long_ago, created_at=long_ago)
    await run_now(tasks.tend_imports, timestamp=0)
    await work_off()
    await run_now(tasks.land_import, import_id=str(file.id))
    await file.arefresh_from_db()
    assert (file.state, file.added, file.attempts) == ("succeeded", 4_000, 2)
    assert await Transaction.objects.acount() == 4_000


async def test_s03_a_process_that_is_killed_while_it_reads_is_replaced(ana: User) -> None:
    file = await bring(ana, large(40_000))
    landing = asyncio.create_task(run_now(tasks.land_import, import_id=str(file.id)))
    while not landing.done():
        await asyncio.sleep(0.01)
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it may be gone by now
                if "computing_process" in " ".join(child.cmdline()):
                    child.kill()
    await landing
    await file.arefresh_from_db()
    assert (file.state, file.attempts, await Transaction.objects.acount()) == ("running", 1, 0)
    await work_off()
    await file.arefresh_from_db()
    assert (file.state, file.added) == ("succeeded", 40_000)


async def test_s03_a_file_that_kills_every_process_is_given_up(ana: User) -> None:
    file = await bring(ana, large())
    long_ago = timezone.now() - timedelta(minutes=5)
    await FileImport.objects.filter(id=file.id).aupdate(attempts=3, lease_id=uuid4(), lease_until=long_ago)
    await run_now(tasks.tend_imports, timestamp=0)
    await file.arefresh_from_db()
    assert (file.state, file.error_code) == ("failed", "reading_stopped")
    assert not await ImportPart.objects.aexists()


async def test_s03_no_file_is_kept_for_longer_than_a_day(ana: User) -> None:
    file = await bring(ana, large())
    await FileImport.objects.filter(id=file.id).aupdate(created_at=timezone.now() - timedelta(hours=25))
    await run_now(tasks.tend_imports, timestamp=0)
    assert not await ImportPart.objects.aexists()


async def test_s03_two_files_of_one_person_land_one_after_the_other_and_those_of_two_side_by_side(
    ana: User, ben: User
) -> None:
    one, other, his = (
        await bring(ana, large()),
        await bring(ana, large(first=9_000)),
        await bring(ben, large()),
    )
    manager = FileImport.objects
    assert await run_db(manager.claim, one.id, uuid4())
    assert await run_db(manager.claim, other.id, uuid4()) is None
    assert await run_db(manager.claim, his.id, uuid4())


# --- hostile files -----------------------------------------------------------------------------------------

UNKNOWN = "".join(f"<X{n}>" for n in range(90))
LEAVES = "".join(
    f"<{tag}>1" for tag in ("MEMO", "NAME", "FITID", "CHECKNUM", "REFNUM", "SIC", "PAYEEID", "UNITS")
)
HOSTILE = {
    "aggregates that never end": f"<STMTTRN>{UNKNOWN}{LEAVES}</STMTTRN>",
    "the same value over and over": "<MEMO>a<MEMO>b",
    "end tags of nothing": "</X3x>",
    "wrappers in wrappers": "<X>" * 60 + "</X>" * 60,
    "tags without an end": "<NAME ",
    "attributes": '<STMTTRN a="b" c="d">',
    "comments": "<!---->",
    "document types": "<!DOCTYPE a [<!ENTITY x 'y'>]>",
    "entities": "&amp;",
    "one long line": "x",
    "rows without a date": "<STMTTRN><TRNAMT>x</STMTTRN>",
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
async def test_s03_a_crafted_file_ends_within_its_bounds(ana: User, kind: str) -> None:
    piece = HOSTILE[kind]
    data = statement("<STMTTRN>", piece * (2 * MB // len(piece)), "</STMTTRN>", line("1"))
    bounded = service(bounds=Bounds(seconds=300, cpu_seconds=20, memory=BOUNDS.memory))
    file = await bounded.import_statement(user_id=ana.id, filename="a.ofx", data=data, account_id=None)
    await bounded.land(import_id=file.id)
    await file.arefresh_from_db()
    assert file.error_code in ("", "too_large", "too_deep", "truncated")
    assert file.state in ("partial", "succeeded", "failed")


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (Bounds(seconds=300, cpu_seconds=60, memory=8 * MB), "too_much_memory"),
        (Bounds(seconds=300, cpu_seconds=1, memory=BOUNDS.memory), "too_slow"),
    ],
)
async def test_s03_a_file_beyond_its_bounds_fails_with_a_way_out(
    ana: User, bounds: Bounds, code: str
) -> None:
    data = large(60_000)
    file = await bring(ana, data)
    await service(bounds=bounds).land(import_id=file.id)
    await file.arefresh_from_db()
    assert (file.state, file.error_code) == ("failed", code)
    assert "Download a shorter period" in file.error_detail
    assert not await Transaction.objects.aexists()


async def test_s03_a_small_file_beyond_its_bounds_is_refused_at_once(ana: User) -> None:
    bounded = service(bounds=Bounds(seconds=300, cpu_seconds=60, memory=MB // 4))
    data = statement(*(line(str(n)) for n in range(2_500)))
    with pytest.raises(StatementUnreadable) as caught:
        await bounded.import_statement(user_id=ana.id, filename="a.ofx", data=data, account_id=None)
    assert (caught.value.status, caught.value.code) == (422, "too_much_memory")


async def test_s03_very_many_corrections_take_no_longer_than_as_many_rows(ana: User) -> None:
    more = "<CORRECTFITID>F{}<CORRECTACTION>REPLACE".format
    rows = [line(f"F{n}", f"-{n}.25", more=more(n - 1)) for n in range(1, 20_000)]
    file = await bring(ana, statement(*rows))
    await run_now(tasks.land_import, import_id=str(file.id))
    await file.arefresh_from_db()
    assert (file.state, file.added + file.matched) == ("succeeded", 19_999)


# --- what grows ----------------------------------------------------------------------------------------------


async def test_s16a_rejected_rows_are_counted_all_and_listed_in_part(ana: User) -> None:
    file = await bring(ana, statement(line("1"), *["<STMTTRN><TRNAMT>x</STMTTRN>"] * 12_000))
    await run_now(tasks.land_import, import_id=str(file.id))
    await file.arefresh_from_db()
    assert (file.state, file.added, file.rejected_count, len(file.rejected)) == ("partial", 1, 12_000, 1_000)
    browser = await signed_in(ana)
    told = browser.text(await browser.get(f"/imports/{file.id}"))
    assert "12,000 rejected" in told
    assert "The first 1,000 of 12,000 are listed." in told


async def test_s16a_old_findings_are_forgotten_and_their_number_is_kept(ana: User) -> None:
    file = await bring(ana, statement(line("1"), line("2", "x"), balance="unknown"))
    assert (len(file.rejected), len(file.notices)) == (1, 1)
    await run_now(tasks.forget_import_details, timestamp=0)
    await file.arefresh_from_db()
    assert (len(file.rejected), len(file.notices)) == (1, 1)
    await FileImport.objects.filter(id=file.id).aupdate(created_at=timezone.now() - timedelta(days=91))
    await run_now(tasks.forget_import_details, timestamp=0)
    await file.arefresh_from_db()
    assert (file.rejected, file.notices, file.rejected_count, file.notices_count) == ([], [], 1, 1)


# --- pages ---------------------------------------------------------------------------------------------------


async def test_s03_the_page_of_a_running_import_says_how_far_it_is_and_needs_no_script(ana: User) -> None:
    browser = await signed_in(ana)
    await browser.get("/imports/new")
    sent = await browser.post("/imports/new", file=SimpleUploadedFile("march.ofx", large()))
    file = await FileImport.objects.aget()
    assert (sent.status_code, sent["Location"]) == (303, f"/imports/{file.id}")
    page = await browser.get(sent["Location"])
    assert "Waiting for its turn." in browser.text(page)
    assert f'<a href="/imports/{file.id}">See the progress</a>' in page.content.decode()
    lease = uuid4()
    await run_db(FileImport.objects.claim, file.id, lease)
    await run_db(FileImport.objects.progress, file.id, lease, read=3_000, landed=1_000)
    page = await browser.get(sent["Location"])
    assert "1,000 rows stored so far" in browser.text(page)
    assert 'max="3000" value="1000"' in page.content.decode()
    assert "1,000 rows stored so far" in browser.text(await browser.get("/imports/new"))
