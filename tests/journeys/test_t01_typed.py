"""What the README and docs/api.md have a stranger type, typed into one shell from the first line to the last."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rules import ROOT
from tests.stack import Stack

SECONDS = 240


def typed() -> str:
    """The blocks of both pages in order, as they stand there."""
    readme = re.search(
        r"## By hand, with curl\n.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert readme
    return "\n".join(
        [readme[1], *re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)]
    )


@pytest.fixture(scope="module")
def said(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The output of it all, in a folder like that of a clone; only this stack's addresses are its own."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / ".dashtam").symlink_to(stack.home)
    (folder / "tests").symlink_to(ROOT / "tests")
    script = typed()
    for written, here in (("http://localhost:8000", stack.origin), ("http://127.0.0.1:8100", stack.bank.url)):
        assert written in script
        script = script.replace(written, here)
    run = subprocess.run(
        ["/bin/bash"],
        input=script,
        cwd=folder,
        env={
            "PATH": str(Path(shutil.which("curl") or "/usr/bin/curl").parent) + ":/usr/bin:/bin",
            "HOME": str(folder),
        },
        capture_output=True,
        text=True,
        errors="replace",  # a WebSocket's frames begin with bytes that are no text
        timeout=SECONDS,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == [".dashtam", "tests"]  # a clone stays clean
    return run.stdout


def test_t01_everything_that_is_read_is_there(said: str) -> None:
    for words in (
        "/connections/",  # the page where the consent ends
        '"state":"active"',
        '"name":"Blue card"',
        '"description":"',
        '"security":',
        '"total":"',
        '"categories":[{',
        '"format":"qif"',
    ):
        assert words in said, words
    assert '"results":[]' not in said
    assert "problem:not_found" in said


def test_t01_every_refusal_is_one_that_the_page_shows(said: str) -> None:
    assert re.findall(r'"code":"([a-z_]+)","request_id"', said) == ["not_found"]


def test_t01_pages_tags_and_keys_do_what_is_said_of_them(said: str) -> None:
    counts = [int(number) for number in re.findall(r"^(\d+) transactions$", said, re.MULTILINE)]
    assert counts[0] == 500
    assert 0 < counts[-1] <= 500
    assert re.search(r"^304$", said, re.MULTILINE)
    assert re.search(r"^201$", said, re.MULTILINE)
    assert "idempotency-replayed: true" in said.lower()
    assert '"type":"import.finished"' in said
