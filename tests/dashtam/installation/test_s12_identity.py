"""A database that is a copy is noticed, and calls no institution until it is told to."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from dashtam.installation.identity import Installation
from dashtam.telemetry import gauges

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    return Path(settings.HOME)


def paused() -> bool:
    return Installation.objects.outgoing_paused()


def test_s12_the_first_look_remembers_where_the_database_is(home: Path) -> None:
    assert not paused()
    installation = Installation.objects.get()
    assert installation.system_identifier
    assert installation.timeline
    assert (home / "installation").read_text().strip() == str(installation.identity)
    assert not paused()


def test_s04_the_question_of_each_sync_is_one_statement(django_assert_num_queries: Any) -> None:
    assert not paused()
    with django_assert_num_queries(1):
        assert not paused()


@pytest.mark.parametrize("sign", ["system_identifier", "database_oid"])
def test_s12_a_dump_that_is_restored_elsewhere_is_paused_until_told_otherwise(sign: str, caplog: Any) -> None:
    assert not paused()
    before = Installation.objects.get().identity
    Installation.objects.update(**{sign: 4711})  # as the dump brings it along
    assert Installation.objects.looks_like_a_copy()
    assert Installation.objects.get().outgoing_paused_at is None, "looking changes nothing"
    assert paused()
    assert "resume_outgoing" in caplog.text
    assert paused()
    call_command("resume_outgoing", stdout=StringIO())
    assert not paused()
    assert Installation.objects.get().identity != before


def test_s12_a_new_timeline_is_a_failover_at_home_and_a_copy_elsewhere(home: Path) -> None:
    assert not paused()
    Installation.objects.update(timeline=4711)
    assert not paused()
    (home / "installation").unlink()
    assert paused()


def test_s12_a_container_with_an_empty_home_goes_on(home: Path) -> None:
    assert not paused()
    (home / "installation").unlink()
    home.rmdir()
    assert not paused()


def test_s12_metrics_and_the_operations_page_tell_of_a_copy() -> None:
    assert not paused()
    assert [sample.value for metric in gauges.outgoing() for sample in metric.samples] == [0]
    Installation.objects.update(database_oid=4711)
    assert paused()
    assert [sample.value for metric in gauges.outgoing() for sample in metric.samples] == [1]
