"""The exposition: added up over processes, labelled with routes and never with URLs, and its access control."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from dashtam.telemetry import metric_files
from notifications.models import Email

ROOT = Path(__file__).resolve().parents[3]
Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def numbers(text: str) -> Numbers:
    """Every number of an exposition, by name and labels."""
    families = text_string_to_metric_families(text)
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}


async def scraped(client: AsyncClient, **headers: str) -> Numbers:
    response = await client.get("/metrics", headers=headers)
    assert response.status_code == 200, response.content
    return numbers(response.content.decode())


@pytest.mark.django_db
async def test_requests_are_counted_by_route_and_never_by_address(
    async_client: AsyncClient, ana: User
) -> None:
    await async_client.get("/api/v1/accounts/01890000-0000-7000-8000-000000000000")
    await async_client.get("/reset-password?token=a-secret-in-the-address")
    await async_client.get(f"/{ana.email}/nowhere")
    await async_client.generic("BREW", "/healthz")
    response = await async_client.get("/metrics")
    text = response.content.decode()
    for typed in ("01890000-0000", "a-secret", ana.email, "nowhere", "BREW"):
        assert typed not in text
    found = numbers(text)
    route = "/api/v1/accounts/<uuid:id>"
    labels = (("method", "GET"), ("route", route), ("status", "4xx"))
    assert found["dashtam_request_seconds_count", labels] >= 1
    other = (("method", "other"), ("route", "/healthz"), ("status", "4xx"))
    assert found["dashtam_request_seconds_count", other] >= 1


@pytest.mark.django_db
async def test_what_waits_is_counted_in_the_database(async_client: AsyncClient, ana: User) -> None:
    before = await scraped(async_client)
    await Email.objects.acreate(user_id=ana.id, to=ana.email, kind="verify_email")
    await Email.objects.acreate(user_id=ana.id, to=ana.email, kind="verify_email", state="failed")
    after = await scraped(async_client)
    for state in ("queued", "failed"):
        key = ("dashtam_mail_outbox", (("state", state),))
        assert after[key] - before[key] == 1
    assert after["dashtam_mail_oldest_seconds", ()] > 0
    assert after["dashtam_database_up", ()] == 1
    assert after["dashtam_connections", (("state", "active"),)] == 0


@pytest.mark.django_db
async def test_strangers_find_nothing(async_client: AsyncClient, settings: Any) -> None:
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    response = await async_client.get("/metrics", headers={"authorization": "Bearer "})
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.django_db
async def test_a_token_opens_from_anywhere_and_a_wrong_one_does_not(
    async_client: AsyncClient, settings: Any
) -> None:
    settings.METRICS_NETWORKS = ["10.0.0.0/8"]
    settings.METRICS_TOKEN = "the-scraper-knows-this"
    for wrong in ({}, {"authorization": "Bearer the-scraper"}, {"authorization": "Bearer \u00e4"}):
        response = await async_client.get("/metrics", headers=wrong)
        assert response.status_code == 401
        assert response["www-authenticate"].startswith("Bearer")
    assert await scraped(async_client, authorization="Bearer the-scraper-knows-this")


@pytest.mark.django_db
async def test_what_an_unknown_proxy_brings_does_not_come_from_this_machine(
    async_client: AsyncClient, settings: Any
) -> None:
    for name in ("x-forwarded-for", "x-real-ip", "forwarded", "via"):
        assert (await async_client.get("/metrics", headers={name: "127.0.0.1"})).status_code == 404
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    outside = {"x-forwarded-for": "203.0.113.7"}
    assert (await async_client.get("/metrics", headers=outside)).status_code == 404
    settings.METRICS_NETWORKS = ["203.0.113.0/24"]
    assert (await async_client.get("/metrics", headers=outside)).status_code == 200
    mapped = {"x-forwarded-for": "::ffff:203.0.113.7"}  # as a socket for both families calls it
    assert (await async_client.get("/metrics", headers=mapped)).status_code == 200


@contextmanager
def process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has counted one of each."""
    command = [sys.executable, "-m", "tests.dashtam.telemetry.count_and_wait", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "counted\n"
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def totals(tmp_path: Path) -> Callable[[], Numbers]:
    """All processes of the folder, added up."""

    def read() -> Numbers:
        samples = (sample for metric in metric_files.merged(tmp_path) for sample in metric.samples)
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}

    return read


REFRESHED = ("dashtam_token_refreshes_total", (("outcome", "refreshed"),))
SOCKETS = ("dashtam_websockets_open", ())
WITHIN = (("le", "0.3"), ("method", "GET"), ("route", "/healthz"), ("status", "2xx"))


def test_processes_add_up_and_the_dead_leave_their_counts_but_no_levels(
    tmp_path: Path, totals: Callable[[], Numbers]
) -> None:
    with process(tmp_path), process(tmp_path) as second:
        assert (totals()[REFRESHED], totals()[SOCKETS]) == (2, 6)
        assert totals()["dashtam_request_seconds_bucket", WITHIN] == 2
        second.kill()
        second.wait()
        assert (totals()[REFRESHED], totals()[SOCKETS]) == (2, 3)
    assert totals()[REFRESHED] == 2
    assert SOCKETS not in totals()
    assert totals()["dashtam_request_seconds_bucket", WITHIN] == 2
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"folder.lock", "counter_past.db", "histogram_past.db"}


def test_a_file_that_was_cut_short_spoils_nothing(tmp_path: Path, totals: Callable[[], Numbers]) -> None:
    with process(tmp_path):
        pass
    (damaged,) = tmp_path.glob("counter_web-*.db")
    damaged.write_bytes(damaged.read_bytes()[:100])
    with process(tmp_path):
        assert totals()[REFRESHED] == 1


def test_only_the_installation_itself_reads_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    with process(folder):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o077 for path in folder.glob("*.db")} == {0}
