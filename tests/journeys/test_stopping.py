"""A server that is stopped in any way leaves no process behind."""

import signal
from contextlib import suppress

import httpx
import psutil
import pytest

from tests.rules import ROOT
from tests.stack import Stack, free_port

STATEMENT = ROOT / "tests" / "providers" / "formats" / "ofx" / "files" / "us_checking.qfx"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_web_server_that_has_read_a_file_leaves_no_process_behind(stack: Stack, by: signal.Signals) -> None:
    _, token = stack.sign_up()
    port = free_port()
    stack.start_web("mortal", port)
    web = psutil.Process(stack.processes.running["mortal"].pid)
    try:
        stack.processes.wait_for("mortal", f"http://localhost:{port}/readyz")
        sent = httpx.post(
            f"http://localhost:{port}/api/v1/imports",
            files={"file": ("march.qfx", STATEMENT.read_bytes())},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )
        assert sent.status_code == 201
        offspring = web.children(recursive=True)
        assert offspring, "the file was read in another process"
        stack.end("mortal", by, within=20)
        _, alive = psutil.wait_procs(offspring, timeout=10)
        assert alive == []
    finally:
        with suppress(KeyError):
            stack.end("mortal", signal.SIGKILL)
