"""Folders that Dashtam makes are for its user alone, and so are the ones that they are in."""

import re
from pathlib import Path

from dashtam.crypto import keys
from dashtam.telemetry.folders import make_private
from tests import rules


def test_t02_missing_parents_are_as_private_as_the_folder(tmp_path: Path) -> None:
    deep = tmp_path / "home" / "metrics" / "web"
    make_private(deep)
    make_private(deep)
    made = (deep, deep.parent, deep.parent.parent)
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 3


def test_t02_the_first_file_of_an_installation_leaves_its_home_closed(tmp_path: Path) -> None:
    home = tmp_path / "of-dashtam" / "home"
    keys.write_if_absent(home / "secrets.env")
    assert [folder.stat().st_mode & 0o777 for folder in (home, home.parent)] == [0o700] * 2


def test_t02_no_folder_is_made_in_the_way_that_opens_its_parents() -> None:
    makers = [path for path in rules.sources() if re.search(r"mkdir\([^)]*parents=True", path.read_text())]
    assert makers == []
