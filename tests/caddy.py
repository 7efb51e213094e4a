"""Caddy with docs/deploy/Caddyfile as written; only addresses and paths of files are the test's."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.certificates import Certificate
from tests.rules import ROOT

CADDY = shutil.which("caddy", path=f"{os.environ['PATH']}:/usr/local/bin:/usr/bin")
FILE = ROOT / "docs" / "deploy" / "Caddyfile"


def configuration(*, certificate: Certificate, upstreams: list[str]) -> str:
    """The file with these servers in place of those that Compose's names lead to."""
    text, found = re.subn(r"dynamic a \{[^}]*\}", f"to {' '.join(upstreams)}", FILE.read_text())
    assert found == 1
    for written, here in (
        ("/certificates/fullchain.pem", certificate.file),
        ("/certificates/privkey.pem", certificate.key),
    ):
        assert text.count(written) == 1, written
        text = text.replace(written, str(here))
    return text.replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n", 1)


def start(
    folder: Path, *, port: int, certificate: Certificate, upstreams: list[str]
) -> "subprocess.Popen[bytes]":
    """Caddy on that port of localhost, logging to `caddy.log` in the folder."""
    assert CADDY is not None
    file = folder / "Caddyfile"
    file.write_text(configuration(certificate=certificate, upstreams=upstreams))
    environment = {"PUBLIC_URL": f"https://localhost:{port}", "TLS": "files", "HOME": str(folder)}
    with (folder / "caddy.log").open("ab") as log:
        return subprocess.Popen(
            [CADDY, "run", "--adapter", "caddyfile", "--config", str(file)],
            env=environment,
            stdout=log,
            stderr=log,
        )
