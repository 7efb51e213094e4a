"""Settings from the environment, and refusals to start where they are missing or weak."""

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashtam import settings
from dashtam.crypto import keys
from providers.connectors import CONNECTORS
from providers.connectors.base import setting_name

ROOT = Path(__file__).resolve().parent.parent.parent


DEFAULTS = {name: default for name, (_, default) in settings.env.scheme.items()} | {
    setting_name(connector.slug, name): default
    for connector in CONNECTORS.values()
    for name, default in connector.setting_defaults.items()
}


def test_env_example_lists_exactly_the_settings_that_are_read() -> None:
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert listed == set(DEFAULTS)


def test_env_example_shows_the_real_defaults() -> None:
    for name, value in re.findall(
        r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE
    ):
        default = DEFAULTS[name]
        shown = value.strip('"')
        assert shown == ("" if default in ("", []) else str(default)), name


def test_t02_every_setting_is_told_on_a_page() -> None:
    pages = "\n".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert sorted(name for name in DEFAULTS if not re.search(rf"\b{name}\b", pages)) == []


def test_t02_every_setting_that_operations_and_deploying_tell_of_is_read() -> None:
    pages = "\n".join(
        (ROOT / "docs" / f"{name}.md").read_text() for name in ("operations", "deploy", "providers", "api")
    )
    told = set(re.findall(r"`([A-Z]{2,}(?:_[A-Z]+)+)(?:=[^`]*)?`", pages))
    of_others = {name for name in told if name.startswith("OTEL_")} | {"BACKUP_FOLDER"}  # Compose's own
    assert told - of_others <= set(DEFAULTS)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS"])
def test_n3_the_server_refuses_to_start_without_a_secret_and_names_it(missing: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated()}
    del environment[missing]
    result = _start_the_server(environment)
    assert result.returncode != 0
    assert f"{missing} is missing" in result.stderr


@pytest.mark.parametrize("by_chance", ["xXxx", "Todo", "dUmmy", "Your_"])
def test_n3_a_random_secret_may_have_any_short_word_inside(by_chance: str) -> None:
    value = f"7JvO6yNFVG81NwCvEOnLyA6Whz5Hw2B5Hdt{by_chance}tJR9mtKMXZpGBE1AG-OdVBDMIEcn6SesFb"
    assert keys.secret("SECRET_KEY", value) == value


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SECRET_KEY", "abc123", "too short"),
        ("SECRET_KEY", "django-insecure-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789", "default value"),
        ("JWT_KEYS", "k1:abc", "not 32 bytes"),
        ("JWT_KEYS", "k1:" + "A" * 43, "not random"),
        ("JWT_KEYS", "k1:" + base64.b64encode(bytes(range(31))).decode(), "not 32 bytes"),
        ("ENCRYPTION_KEYS", "nocolon", "before a colon"),
        ("SANDBOX_CLIENT_SECRET", "your-client-secret", "default value"),
        ("AWS_SECRET_ACCESS_KEY", "changeme", "default value"),
    ],
)
def test_d6_the_server_refuses_weak_secrets_and_says_why(
    name: str, value: str, complaint: str, tmp_path: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated(), name: value}
    result = _start_the_server(environment)
    assert result.returncode != 0
    assert name in result.stderr
    assert complaint in result.stderr
    assert value not in result.stderr


def test_d6_one_key_for_two_purposes_is_refused(tmp_path: Path) -> None:
    made = keys.generated()
    shared = made["JWT_KEYS"].partition(":")[2]
    for name, value in (("ENCRYPTION_KEYS", f"other:{shared}"), ("JWT_KEYS", f"a:{shared},b:{shared}")):
        environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **made, name: value}
        result = _start_the_server(environment)
        assert result.returncode != 0
        assert "is the same key as JWT_KEYS" in result.stderr
        assert shared not in result.stderr


def test_n3_nothing_in_the_environment_turns_debugging_on(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path), **keys.generated()}
    environment |= {"DEBUG": "1", "DJANGO_DEBUG": "True", "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    show = "from django.conf import settings; print(settings.DEBUG)"
    assert (
        subprocess.check_output([sys.executable, "-c", show], cwd=ROOT, env=environment, text=True)
        == "False\n"
    )


def test_n3_a_command_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DASHTAM_HOME": str(tmp_path),
            "DATABASE_URL": "x",
            "REDIS_URL": "x",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Dashtam cannot start. SECRET_KEY is missing")


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


@pytest.mark.parametrize(("mode", "after"), [(0o644, 0o600), (0o666, 0o600), (0o640, 0o640), (0o600, 0o600)])
def test_s09_files_of_secrets_are_closed_to_the_other_users_of_the_machine(
    tmp_path: Path, mode: int, after: int
) -> None:
    (tmp_path / "dashtam").mkdir()
    for room in ("installation", "crypto", "telemetry"):
        shutil.copytree(ROOT / "dashtam" / room, tmp_path / "dashtam" / room)
    files = [tmp_path / ".env", tmp_path / "secrets.env"]
    for file in files:
        file.write_text("PORT=1\n")
        file.chmod(mode)
    code = "from dashtam.installation import local; local.read_env_file(); local.load_secrets()"
    environment = {"PATH": os.environ["PATH"], "DASHTAM_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [file.stat().st_mode & 0o777 for file in files] == [after, after]
    assert run.stderr.count("was open to every user") == (2 if mode != after else 0)


def test_commands_and_the_server_read_the_same_env_file(tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    for app in ("dashtam", "accounts", "notifications", "providers"):
        shutil.copytree(ROOT / app, copied / app, ignore=shutil.ignore_patterns("__pycache__", "simulator"))
    shutil.copy(ROOT / "manage.py", copied)
    filled = {
        **keys.generated(),
        "DATABASE_URL": "postgresql://me@127.0.0.1:1/mine",
        "REDIS_URL": "redis://127.0.0.1:1/3",
    }
    (copied / ".env").write_text(
        "".join(f"{name}={value}\n" for name, value in (filled | {"PORT": "9123"}).items())
    )
    asked = "s.DATABASES['default']['NAME'], s.REDIS_URL, s.PORT, *s.JWT_KEYS"
    show = f"from django.conf import settings as s; print({asked})"
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    answers = [
        subprocess.check_output([sys.executable, *command], cwd=copied, env=environment, text=True)
        for command in (["manage.py", "shell", "-v0", "-c", show], ["-c", show])
    ]
    assert answers[0] == answers[1]
    assert answers[0].split()[:3] == ["mine", "redis://127.0.0.1:1/3", "9123"]
    assert not (copied / ".dashtam").exists()
