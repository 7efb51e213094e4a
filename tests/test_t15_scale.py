"""Ready for many people: what ends by age is found by an index, and the figures of docs/scale.md are the code's own."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts import tasks as of_accounts
from accounts.models import IdempotencyKey
from notifications import tasks as of_notifications
from providers import tasks as of_providers
from providers.connections.models import Connection
from providers.imports.models import FileImport
from tests.benchmarks import busiest_hour

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
# Tables that stay small: what a few people do in a few months, or what no new row comes into.
SMALL = {
    "accounts_emailchange",
    "accounts_invitation",
    "accounts_signup",
    "django_admin_log",
    "notifications_suppression",
    "providers_withdrawntransaction",
}


def ending() -> list[QuerySet[Any]]:
    now = timezone.now()
    tasks = (*of_accounts.ending(), *of_notifications.ending(), *of_providers.ending())
    consents = Connection.objects.filter(state__in=Connection.SYNCABLE, consent_expires_at__lte=now)
    files = FileImport.objects
    more = (
        IdempotencyKey.objects.long_over(),
        consents,
        files.with_old_details(now),
        files.stale_previews(now),
    )
    return [*tasks, *more]


@pytest.mark.django_db
def test_t15_what_ends_by_age_is_a_range_of_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "DROP INDEX session_live_by_user"
        )  # of an empty table, all of it costs as much as a range
    read_whole = {}
    for rows in ending():
        table = rows.model._meta.db_table
        plan = rows.order_by().values_list("pk").explain()
        own = plan.split(f" on {table}")[1] if f" on {table}" in plan else plan
        if (
            table not in SMALL
            and "Index Cond" not in own.split("->")[0] + plan.partition("Bitmap Index Scan")[2]
        ):
            read_whole[table] = plan
    assert read_whole == {}


def test_t15_the_busiest_hour_of_the_page_is_the_one_that_is_simulated() -> None:
    told = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    for people in busiest_hour.PEOPLE[:3]:
        assert [line for line in busiest_hour.table(people) if line not in told] == []


def test_t15_a_job_waits_for_a_place_and_for_its_institution() -> None:
    jobs = [busiest_hour.Job(0, 10, "a"), busiest_hour.Job(0, 10, "a"), busiest_hour.Job(1, 1, "b")]
    assert busiest_hour.simulated(jobs, 2, 1) == [0, 0, 10]
    assert busiest_hour.simulated(jobs, 1, 2) == [0, 10, 19]
    assert busiest_hour.simulated(jobs, 3, 2) == [0, 0, 0]
