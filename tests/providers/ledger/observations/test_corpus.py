"""The identity corpus through the real ledger: plainly, each delivery twice, and through a rebuild."""

from pathlib import Path
from typing import Any

import pytest

from tests.corpus import runner

FILE = Path(runner.__file__).parent / "cases.yaml"
CASES = runner.cases(str(FILE))

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_case_comes_out_as_wanted_twice_and_rebuilt(case: dict[str, Any]) -> None:
    assert runner.check(case) == []


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    assert len(CASES) >= 120
    assert len({case["case"] for case in CASES}) == len(CASES)


def test_a_case_that_wants_something_else_fails() -> None:
    case = {
        "case": "planted",
        "deliver": [{"rows": [["a1", "2026-01-01", "-1.00", "posted", "KIOSK"]]}],
        "want": {"events": 2},
    }
    assert runner.check(case) == ["events: wanted 2, found 1", "twice: events: wanted 2, found 1"]
