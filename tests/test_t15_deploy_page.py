"""docs/deploy.md as typed: its commands exist, its shell is shell, its files are there, its Caddyfile is one."""

import os
import re
import subprocess
from pathlib import Path

from django.core.management import get_commands

from tests.caddy import CADDY
from tests.rules import ROOT
from tests.systemd import FOLDER

PAGE = (ROOT / "docs" / "deploy.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def test_t15_what_the_page_has_people_type_is_shell() -> None:
    assert len(SHELL) >= 5
    for block in SHELL:
        done = subprocess.run(["/bin/bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block


def test_t15_every_command_and_file_of_the_page_exists() -> None:
    typed = "\n".join((*SHELL, *re.findall(r"`([^`\n]+)`", PAGE)))
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = set(re.findall(r"(?:^|&& )make ([a-z][a-z-]*)", typed, re.MULTILINE))
    assert {"env", "image", "deploy-check"} <= made <= targets
    commands = set(re.findall(r"manage\.py ([a-z][a-z_]+)", typed))
    assert {"restore", "backup", "recovery_kit", "migrate", "serve"} <= commands <= set(get_commands())
    for path in re.findall(r"\b(docs/deploy[\w./-]*)", typed):
        assert (ROOT / path).exists() or path.endswith(".env"), path
    for file, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", PAGE):
        text = (ROOT / "docs" / file).read_text() if file else PAGE
        headings = {
            re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in _headings(text)
        }
        assert anchor in headings, f"{file}#{anchor}"
    for unit in re.findall(r"\bdashtam-[a-z]+\.(?:service|socket|timer)\b", PAGE):
        assert (FOLDER / unit).is_file()


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", text, re.MULTILINE)


def test_t15_the_short_configuration_of_caddy_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```\n(money\.example\.org\n.*?)```", PAGE, re.DOTALL)
    (tmp_path / "Caddyfile").write_text(block)
    command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_t15_versions_that_the_page_types_are_those_of_this_release() -> None:
    (version,) = re.findall(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bdashtam:(\d+\.\d+\.\d+)", PAGE)) == {version}
    assert re.search(
        r"^## \[(?:Unreleased|" + re.escape(version) + r")\]",
        (ROOT / "CHANGELOG.md").read_text(),
        re.MULTILINE,
    )
