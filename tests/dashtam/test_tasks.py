"""Background work in general."""

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from dashtam.tasks import forget_finished_jobs
from tests.jobs import run_queued

pytestmark = pytest.mark.django_db


def finished_days_ago(days: int) -> int:
    """A job that ended well so many days ago."""
    job = forget_finished_jobs.defer(timestamp=days, queueing_lock=f"test-{days}")
    run_queued()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_events SET at = at - make_interval(days => %s) WHERE job_id = %s",
            [days, job],
        )
    return job


def test_jobs_that_went_well_are_forgotten_after_three_days() -> None:
    old, recent = finished_days_ago(4), finished_days_ago(2)
    forget_finished_jobs.defer(timestamp=0)
    run_queued()
    left = set(ProcrastinateJob.objects.values_list("id", flat=True))
    assert recent in left
    assert old not in left
