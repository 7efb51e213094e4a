"""Signs of life: words for systemd, a file for the health check of a container, and the check itself."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashtam.processes import probe, supervisor


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What a supervisor that listens as systemd does is told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_t15_systemd_is_told_of_the_start_and_of_each_sign_of_life(said: socket.socket) -> None:
    supervisor.ready()
    assert [said.recv(100), said.recv(100)] == [b"READY=1", b"WATCHDOG=1"]


def test_t15_a_supervisor_that_does_not_listen_disturbs_nothing(
    said: socket.socket, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    for address in (str(tmp_path / "nobody"), "@nobody", ""):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        settings.ALIVE_FILE = str(tmp_path / "no-such-folder" / "alive")
        supervisor.ready()


def test_t15_a_process_is_well_while_its_file_is_fresh(
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "alive"
    settings.ALIVE_FILE = str(file)
    monkeypatch.setenv("ALIVE_FILE", str(file))
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert probe.main([]) == 1
    supervisor.alive()
    assert probe.main([]) == 0
    old = time.time() - 61
    os.utime(file, (old, old))
    assert probe.main([]) == 1
    assert "no sign of life for 61 seconds" in capsys.readouterr().out
    supervisor.alive()
    assert probe.main([]) == 0


def test_t15_a_web_process_is_well_while_it_answers_200(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 503)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("PORT", str(server.server_port))
        assert probe.main(["/healthz"]) == 0
        assert probe.main(["/readyz"]) == 1
        assert "/readyz is answered 503" in capsys.readouterr().out
        server.shutdown()
        thread.join()
    assert probe.main(["/healthz"]) == 1


def test_t15_the_check_needs_no_package_and_sockets_are_taken_from_the_parent_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [sys.executable, "-S", "-m", "dashtam.processes.probe"]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    assert supervisor.handed_sockets() == []
