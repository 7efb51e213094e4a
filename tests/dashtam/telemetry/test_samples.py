"""Samples of a process's metrics: what they count, and how long they are kept."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from dashtam.processes.recorder import Recorder
from dashtam.telemetry import metrics, sums
from dashtam.telemetry.readings import Readings
from dashtam.telemetry.samples import Sample, steps

pytestmark = pytest.mark.django_db


async def test_a_sample_holds_what_happened_since_the_last_and_no_more() -> None:
    metrics.request("/", "GET", 200, 0.7)
    recorder = Recorder("web")
    metrics.request("/", "GET", 200, 0.7)
    metrics.hash_refused()
    recorder.sum_up()
    metrics.request("/", "GET", 200, 0.7)
    recorder.sum_up()
    await recorder.save()
    first, second = [sample.numbers async for sample in Sample.objects.order_by("at")]
    assert (sum(first["requests"]), sum(second["requests"])) == (1, 1)
    assert first["hash_refused"] == 1
    assert "hash_refused" not in second
    assert first["cpu_rest"] >= 0
    assert not recorder.unsaved


async def test_a_sample_says_the_same_as_the_exposition() -> None:
    """Each number of a sample is the growth of the series of the same measurement in /metrics."""
    readings = Readings()
    before = exposed("dashtam_request_seconds_count"), exposed("dashtam_hash_seconds_sum")
    metrics.request("/healthz", "GET", 200, 0.001)
    metrics.request("/sign-in", "POST", 303, 0.3)
    metrics.request("/accounts/<uuid:id>", "GET", 200, 30)
    metrics.hashing(lambda: None)()
    with metrics.SIGNING_IN, metrics.SIGNING_IN:
        pass
    numbers = readings.take()
    after = exposed("dashtam_request_seconds_count"), exposed("dashtam_hash_seconds_sum")
    assert after[0] - before[0] == 3
    assert numbers["requests"] == spread_of([0.3, 30])  # without the probe
    assert numbers["other_requests"] == spread_of([30])
    assert numbers["hash_busy"] == pytest.approx(after[1] - before[1])
    assert numbers["signing_in_peak"] == 2
    assert readings.take() == {"signing_in_peak": 0}


def test_t04_a_file_that_is_read_for_a_moment_is_no_slow_request() -> None:
    readings = Readings()
    metrics.request("/imports/new", "POST", 303, 2)
    metrics.request("/api/v1/imports", "POST", 201, 2)
    assert "requests" not in readings.take()
    metrics.request("/api/v1/imports", "GET", 200, 0.3)
    assert readings.take()["requests"] == spread_of([0.3])


async def test_calls_to_institutions_are_summed_up_by_whether_they_were_answered() -> None:
    async def answer(status: int) -> httpx.Response:
        return httpx.Response(status)

    readings = Readings()
    for status in (200, 302, 404, 503):
        await metrics.provider_call("sandbox", answer(status))
    numbers = readings.take()
    assert (numbers["provider_ok"], numbers["provider_failed"]) == (2, 2)


def exposed(name: str) -> float:
    samples = (sample for metric in metrics.registry.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name == name)


async def test_samples_wait_in_memory_and_are_saved_once() -> None:
    recorder = Recorder("web")
    recorder.sum_up()
    recorder.sum_up()
    waiting = list(recorder.unsaved)
    await recorder.save()
    recorder.unsaved.extend(waiting)  # the answer to the first attempt was lost
    await recorder.save()
    assert await Sample.objects.acount() == 2


def test_old_samples_are_summed_up_and_forgotten() -> None:
    now = timezone.now()
    for minutes in range(0, 60, 2):
        for process in ("web-1", "web-2"):
            sample(now - timedelta(minutes=minutes), process, {"requests": [1, 2], "signing_in_peak": 3})
    sample(now - timedelta(days=2), "web-1", {"requests": [5]})
    sample(now - timedelta(days=15), Sample.ALL, {"requests": [5]})
    Sample.objects.thin_out()
    Sample.objects.thin_out()
    sums = Sample.objects.filter(process=Sample.ALL)
    assert 11 <= sums.count() <= 13
    whole = sums.order_by("at")[3]
    assert whole.at.minute % 5 == 0
    assert whole.numbers["requests"] in ([4, 8], [6, 12])
    assert whole.numbers["signing_in_peak"] == 6
    old = Sample.objects.filter(at__lt=now - timedelta(days=1, minutes=5))
    assert [(each.process, each.numbers) for each in old] == [(Sample.ALL, {"requests": [5]})]
    assert Sample.objects.filter(process="web-1").count() == 30


def test_another_process_that_thins_out_is_left_alone() -> None:
    with connection.copy().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('dashtam_sample'))")
        sample(timezone.now() - timedelta(minutes=30), "web-1", {})
        Sample.objects.thin_out()
        assert not Sample.objects.filter(process=Sample.ALL).exists()
        cursor.connection.close()


def sample(at: datetime, process: str, numbers: sums.Numbers) -> Sample:
    return Sample.objects.create(at=at, seconds=10, process=process, numbers=numbers)


def test_peaks_add_up_over_processes_and_not_over_time() -> None:
    start = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    for second, process, peak in ((1, "web-1", 4), (5, "web-1", 7), (3, "web-2", 2)):
        numbers: sums.Numbers = {"signing_in_peak": peak, "cores_most_a": 2, "hash_refused": 1}
        sample(start + timedelta(seconds=second), process, numbers)
    ((at, numbers),) = steps(Sample.objects.all(), timedelta(seconds=10))
    assert at == start
    assert numbers == {"signing_in_peak": 9, "cores_most_a": 2, "hash_refused": 3}


def spread_of(durations: list[float]) -> list[int]:
    spread = [0] * (len(sums.BOUNDS) + 1)
    for seconds in durations:
        spread[bisect_left(sums.BOUNDS, seconds)] += 1
    return spread


def test_quantiles() -> None:
    assert sums.quantile([0] * 25, 0.5) is None
    spread = spread_of([0.0004] * 94 + [0.6] * 6)
    assert (sums.quantile(spread, 0.5) or 1) <= 0.001
    assert 0.5 < (sums.quantile(spread, 0.95) or 0) <= 0.75
    assert sums.quantile([0] * 24 + [3], 0.5) == sums.BOUNDS[-1]
