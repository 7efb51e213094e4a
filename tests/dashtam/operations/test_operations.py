"""The operations page: its permissions, the design's criteria, its charts, and that it needs no scripts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashtam.bridge.doors import run_db
from dashtam.operations import criteria
from dashtam.telemetry.samples import Sample
from dashtam.telemetry.sums import BOUNDS, Numbers
from tests.staff import Staff

pytestmark = pytest.mark.django_db
PAGE = "/admin/operations/"


async def operator(make_user: Any) -> Staff:
    return await Staff.arrives(await run_db(make_user, "Olga", is_staff=True), "Operations")


async def test_it_is_for_the_role_and_for_superusers(make_user: Any) -> None:
    assert (await (await operator(make_user)).get(PAGE)).status_code == 200
    root = await Staff.arrives(await run_db(make_user, "Root", is_staff=True, is_superuser=True))
    assert (await root.get(PAGE)).status_code == 200
    assert PAGE in await root.text("/admin/")
    support = await Staff.arrives(await run_db(make_user, "Sam", is_staff=True), "Support")
    assert (await support.get(PAGE)).status_code == 403
    assert PAGE not in await support.text("/admin/")


async def test_without_a_measurement_it_says_so(make_user: Any) -> None:
    text = await (await operator(make_user)).text(PAGE)
    assert text.count("Nothing was measured in this time") == 6
    assert "Nobody signed in." in text
    assert "nothing to judge" in text


async def test_a_criterion_breaks_in_its_window_and_heals_after_it(make_user: Any) -> None:
    staff = await operator(make_user)
    numbers: Numbers = {
        "requests": [20 if bound == 1 else 0 for bound in (*BOUNDS, None)],
        "sign_ins": [20 if bound == 3 else 0 for bound in (*BOUNDS, None)],
        "hash_refused": 63,
        "signing_in_peak": 117,
        "hash_busy": 20,
        "cores_most_a": 2,
    }
    await Sample.objects.acreate(
        at=timezone.now() - timedelta(seconds=30), seconds=10, process="web-1", numbers=numbers
    )
    broken = await staff.text(PAGE, window="60")
    assert broken.count("criterion criterion-broken") == 3
    assert "At most 117 under way at once; 63 turned away" in broken
    assert "HASH_WAIT_SECONDS" in broken
    healed = await staff.text(PAGE, window="20")
    assert "criterion criterion-broken" not in healed


async def test_it_comes_again_by_itself_unless_it_is_told_not_to(make_user: Any) -> None:
    staff = await operator(make_user)
    response = await staff.get(PAGE)
    assert response["Refresh"] == "10"
    assert "Refresh" not in await staff.get(PAGE, refresh="off")
    assert not re.search(
        rb"<script(?! src)|style=|\son\w+=", response.content.split(b'class="operations"')[1]
    )


@pytest.mark.parametrize("given", ["", "0", "x", "9" * 30, "\u0663"])
async def test_a_window_that_is_no_number_of_seconds_is_five_minutes(make_user: Any, given: str) -> None:
    assert "the last 5 minutes" in await (await operator(make_user)).text(PAGE, window=given)


@pytest.mark.parametrize("name", ["quarter", "hour", "day", "fortnight"])
async def test_each_range_draws_what_there_is(make_user: Any, name: str) -> None:
    numbers = {"requests": [0, 0, 5] + [0] * 22, "cpu_rest": 3.5, "provider_ok": 2}
    now = timezone.now()
    for minutes, process in ((3, "web-1"), (4, "web-1"), (10, Sample.ALL), (40, Sample.ALL)):
        at = now - timedelta(minutes=minutes)
        await Sample.objects.acreate(at=at, seconds=10, process=process, numbers=numbers)
    text = await (await operator(make_user)).text(PAGE, range=name)
    assert "chart-line-0" in text or "chart-dot-0" in text


def test_half_saturated_is_not_saturated() -> None:
    (_, _, saturation, _) = criteria.judge({"hash_busy": 90.0, "cores_most_a": 2}, 100)
    assert saturation.holds
    (_, _, saturation, _) = criteria.judge({"hash_busy": 190.0, "cores_most_a": 2}, 100)
    assert not saturation.holds


def spread(**seconds: int) -> list[int]:
    """So many durations of each: `quick` 10 ms, `slow` 2 s."""
    return [
        {0.01: seconds.get("quick", 0), 2.0: seconds.get("slow", 0)}.get(bound, 0) for bound in BOUNDS
    ] + [0]


@pytest.mark.parametrize(
    ("quick", "slow", "holds"),
    [
        (30, 1, True),  # an idle installation, and one that was slow
        (8, 1, None),
        (0, 19, None),
        (18, 2, False),
        (99, 1, True),
        (98, 2, False),
        (0, 0, None),
    ],
)
def test_t04_a_share_of_requests_is_judged_only_where_there_are_enough(
    quick: int, slow: int, holds: bool | None
) -> None:
    (requests, *_) = criteria.judge({"requests": spread(quick=quick, slow=slow)}, 300)
    assert requests.holds is holds
    assert ("takes at least 20 requests to judge" in requests.figure) == (0 < quick + slow < 20)


def test_t04_one_slow_sign_in_breaks_nothing() -> None:
    (*_, sign_ins) = criteria.judge({"sign_ins": spread(slow=1)}, 300)
    assert (sign_ins.holds, sign_ins.state) == (None, "nothing to judge")
    assert "takes at least 20 sign-ins to judge" in sign_ins.figure
    (*_, sign_ins) = criteria.judge({"sign_ins": spread(slow=20)}, 300)
    assert sign_ins.holds is False
