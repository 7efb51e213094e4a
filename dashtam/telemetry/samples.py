"""Samples of the metrics: how much each process has counted in every few seconds, for the operations page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import ClassVar

from django.db import connection, models, transaction
from django.utils import timezone

from dashtam.telemetry.sums import Numbers, added


class SampleManager(models.Manager["Sample"]):
    """Keeps every sample for a day, and sums over five minutes of them for a fortnight."""

    @transaction.atomic
    def thin_out(self) -> None:
        """Sum up complete stretches of five minutes, and delete old samples. Only one process at a time does it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('dashtam_sample'))")
            if not cursor.fetchone()[0]:
                return
        now = timezone.now()
        newest = self.filter(process=Sample.ALL).order_by("at").last()
        begin = newest.at + Sample.COARSE if newest else now - Sample.KEPT
        end = _floor(now - timedelta(minutes=2), Sample.COARSE)  # the slowest process has written by then
        fine = self.filter(at__gte=begin, at__lt=end).exclude(process=Sample.ALL)
        self.bulk_create(
            Sample(at=at, seconds=Sample.COARSE.total_seconds(), process=Sample.ALL, numbers=numbers)
            for at, numbers in steps(fine, Sample.COARSE)
        )
        self.filter(at__lt=now - Sample.KEPT).exclude(process=Sample.ALL).delete()
        self.filter(at__lt=now - Sample.COARSE_KEPT).delete()


class Sample(models.Model):
    """Measurements of one process in the `seconds` before `at`; or, as the sum of all processes, in those after it."""

    ALL: ClassVar[str] = "all"
    COARSE: ClassVar[timedelta] = timedelta(minutes=5)
    KEPT: ClassVar[timedelta] = timedelta(days=1)
    COARSE_KEPT: ClassVar[timedelta] = timedelta(days=14)

    at = models.DateTimeField()
    seconds = models.FloatField()
    process = models.CharField(max_length=40)
    numbers = models.JSONField(help_text="See dashtam/telemetry/sums.py.")

    objects: ClassVar[SampleManager] = SampleManager()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("at", "process", name="sample_once"),)

    def __str__(self) -> str:
        return f"{self.process} at {self.at:%Y-%m-%d %H:%M:%S}"


def steps(samples: models.QuerySet[Sample], step: timedelta) -> Iterator[tuple[datetime, Numbers]]:
    """The samples in steps of time, oldest first: added up over time for each process, then over processes."""
    for at, group in groupby(samples.order_by("at"), key=lambda sample: _floor(sample.at, step)):
        by_process: dict[str, list[Numbers]] = {}
        for sample in group:
            by_process.setdefault(sample.process, []).append(sample.numbers)
        yield at, added((added(parts, at_once=False) for parts in by_process.values()), at_once=True)


def _floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % step
