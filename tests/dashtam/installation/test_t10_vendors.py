"""Further institutions of the demo: what is made for them is made once, however many begin at the same time."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

from dashtam.installation.demo.vendors import settings_of

TOGETHER = 4


def test_t10_processes_that_begin_together_agree_on_one_key(tmp_path: Path, settings: Any) -> None:
    settings.HOME = tmp_path
    start = Barrier(TOGETHER)

    def key(_: int) -> str:
        start.wait()
        path = Path(settings_of(["enable-banking"], "http://127.0.0.1:1")["ENABLE_BANKING_PRIVATE_KEY"])
        return path.read_text()

    with ThreadPoolExecutor(TOGETHER) as threads:
        keys = set(threads.map(key, range(TOGETHER)))
    assert len(keys) == 1
    [file] = tmp_path.iterdir()
    assert keys == {file.read_text()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
