"""docs/reliability.md tells every fault of `make faults`, and no other."""

import importlib
import pkgutil
import re

from tests.faults import kinds
from tests.faults.rows import FAULTS
from tests.rules import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_t15_every_row_names_faults_that_exist_and_every_fault_has_a_row() -> None:
    for module in pkgutil.iter_modules(kinds.__path__, f"{kinds.__name__}."):
        importlib.import_module(module.name)
    rows = re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 29))
    named = [re.findall(r"`([a-z0-9-]+)`", faults) for _, faults in rows]
    assert all(named)
    names = [fault.name for fault in FAULTS]
    assert len(names) == len(set(names))
    assert set(names) == {name for each in named for name in each}
