"""The nginx configuration of docs/operations.md as written: it loads, serves, and restarts lose nothing."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.certificates import Certificate, certificate
from tests.rules import ROOT
from tests.stack import Stack, free_port

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
NAME = "dashtam.example.org"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed here; .ci/run installs it")


@dataclass
class Proxy:
    """The proxy, and what is behind it."""

    stack: Stack
    port: int
    second: int
    made: Certificate
    log: Path

    def get(self, path: str) -> httpx.Response:
        with httpx.Client(verify=self.made.client, trust_env=False, timeout=30) as client:
            return client.get(
                f"https://127.0.0.1:{self.port}{path}",
                headers={"Host": NAME},
                extensions={"sni_hostname": NAME},
            )


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx with the page's block; changed are ports and paths of files, for they are the machine's."""
    folder = tmp_path_factory.mktemp("nginx")
    made = certificate(folder, NAME)
    with Stack(PUBLIC_URL=f"https://{NAME}", TRUSTED_PROXIES="127.0.0.1") as stack:
        found = Proxy(stack, free_port(), free_port(), made, folder / "dashtam.log")
        stack.start_web("second", found.second)
        stack.processes.wait_for("second", f"http://127.0.0.1:{found.second}/readyz")
        (block,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)
        for written, here in (
            ("listen 443 ssl;", f"listen 127.0.0.1:{found.port} ssl;"),
            ("127.0.0.1:8000", f"127.0.0.1:{stack.port}"),
            ("127.0.0.1:8001", f"127.0.0.1:{found.second}"),
            ("/etc/ssl/dashtam/fullchain.pem", str(made.file)),
            ("/etc/ssl/dashtam/privkey.pem", str(made.key)),
            ("/var/log/nginx/dashtam.log", str(found.log)),
        ):
            assert block.count(written) == 1, written
            block = block.replace(written, here)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"pid {folder}/pid; error_log {folder}/error.log; events {{}} http {{ {temporary}\n{block}\n}}"
        )
        assert NGINX is not None
        command = [NGINX, "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(configuration)]
        tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tested.returncode == 0, tested.stderr
        assert "warn" not in tested.stderr
        process = subprocess.Popen([*command, "-g", "daemon off;"])
        stack.wait_for(lambda: _answers(found), "nginx to answer")
        yield found
        process.terminate()
        process.wait()


def _answers(proxy: Proxy) -> bool:
    try:
        return proxy.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_s18_pages_are_served_over_tls_and_the_log_holds_no_url(proxy: Proxy) -> None:
    page = proxy.get("/sign-in?next=/a-secret-place")
    assert page.status_code == 200
    assert page.headers["server"] == "nginx"
    assert "__Host-csrf" in page.headers["set-cookie"]
    assert "strict-transport-security" in page.headers
    logged = page.headers["x-request-id"]
    proxy.stack.wait_for(
        lambda: logged in proxy.log.read_text(), "the line, which is written after the answer"
    )
    assert "secret" not in proxy.log.read_text()


def test_s18_one_instance_after_the_other_restarts_and_no_request_is_lost(proxy: Proxy) -> None:
    answers: list[int | str] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                answers.append(proxy.get("/sign-in").status_code)
            except httpx.TransportError as error:
                answers.append(type(error).__name__)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for name, port in (("web", proxy.stack.port), ("second", proxy.second)):
            proxy.stack.end(name)
            proxy.stack.start_web(name, port)
            proxy.stack.processes.wait_for(name, f"http://127.0.0.1:{port}/readyz")
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert len(answers) > 20
    assert set(answers) == {200}
