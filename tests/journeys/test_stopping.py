"""A server that is stopped in any way leaves no process behind."""

import signal

import psutil
import pytest

from tests.rules import ROOT
from tests.stack import Stack


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_web_server_that_has_read_a_file_leaves_no_process_behind(by: signal.Signals) -> None:
    with Stack() as stack:
        _, token = stack.sign_up()
        statement = (
            ROOT / "tests" / "providers" / "formats" / "ofx" / "files" / "us_checking.qfx"
        ).read_bytes()
        with stack.api(token) as api:
            assert api.post("imports", files={"file": ("march.qfx", statement)}).status_code == 201
        web = psutil.Process(stack.processes.running["web"].pid)
        offspring = web.children(recursive=True)
        assert offspring, "the file was read in another process"
        web.send_signal(by)
        stack.processes.running["web"].wait(20)
        _, alive = psutil.wait_procs(offspring, timeout=10)
        assert alive == []
