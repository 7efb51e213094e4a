"""What the environment may say, and what happens when it says too little."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashtam import keys, settings

ROOT = Path(__file__).resolve().parent.parent.parent


def test_env_example_lists_exactly_the_settings_that_are_read() -> None:
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert listed == set(settings.env.scheme)


def test_env_example_shows_the_real_defaults() -> None:
    for name, value in re.findall(
        r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE
    ):
        default = settings.env.scheme[name][1]
        shown = value.strip('"')
        assert shown == ("" if default in ("", []) else str(default)), name


@pytest.mark.parametrize("missing", ["SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS"])
def test_the_server_refuses_to_start_without_a_secret_and_names_it(missing: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated()}
    del environment[missing]
    result = _start_the_server(environment)
    assert result.returncode != 0
    assert f"{missing} is missing" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SECRET_KEY", "abc123", "too short"),
        ("SECRET_KEY", "django-insecure-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789", "default value"),
        ("JWT_KEYS", "k1:abc", "not 32 bytes"),
        ("JWT_KEYS", "k1:" + "A" * 43, "not random"),
        ("ENCRYPTION_KEYS", "nocolon", "before a colon"),
    ],
)
def test_the_server_refuses_weak_secrets_and_says_why(
    name: str, value: str, complaint: str, tmp_path: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated(), name: value}
    result = _start_the_server(environment)
    assert result.returncode != 0
    assert name in result.stderr
    assert complaint in result.stderr
    assert value not in result.stderr


def _start_the_server(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    code = "import dashtam.asgi"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
