"""The settings of a new installation: made by a bare Python, private, whole, and fit to start with."""

import stat
import subprocess
import sys
from pathlib import Path

import environ
import pytest

from dashtam.crypto import keys
from dashtam.installation import environment_file, server_urls
from tests.rules import ROOT

URL = "https://money.example.org"


def read(file: Path) -> dict[str, str]:
    class Own(environ.Env):
        ENVIRON: dict[str, str] = {}  # noqa: RUF012 as environ declares it

    Own.read_env(file)
    return Own.ENVIRON


def test_t15_a_python_without_packages_makes_the_file_of_compose(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-m", "dashtam.installation.environment_file", str(tmp_path / "new")]
    done = subprocess.run(
        [*command, "--url", f"{URL}/"], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / "new" / ".env"
    assert done.stdout == f"{file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = read(file)
    assert made["PUBLIC_URL"] == URL
    assert made["EMAIL_FROM"] == "Dashtam <dashtam@money.example.org>"
    assert "" not in made.values()
    keys.secret("SECRET_KEY", made["SECRET_KEY"])
    rings = {name: keys.key_ring(name, made[name]) for name in ("JWT_KEYS", "ENCRYPTION_KEYS")}
    keys.no_key_twice(made["SECRET_KEY"], **rings)
    passwords = {made[f"{name}_PASSWORD"] for name in ("DATABASE", "DATABASE_OWNER", "CACHE")}
    assert len(passwords) == 3
    assert all(password.replace("-", "").replace("_", "").isalnum() for password in passwords)


def test_t15_files_for_servers_name_both_roles_and_no_more_than_each_may_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = ["--for", "servers", "--database", "db.example.org", "--cache", "cache.example.org"]
    assert environment_file.main([str(tmp_path), "--url", URL, *elsewhere]) == 0
    capsys.readouterr()
    made, owner = read(tmp_path / "dashtam.env"), read(tmp_path / "owner.env")
    assert list(owner) == ["MIGRATION_DATABASE_URL"]
    for name, url in (("DATABASE_URL", made["DATABASE_URL"]), *owner.items()):
        server_urls.require_encrypted_database(name, url, plain_hosts=[])
    server_urls.require_encrypted_cache("REDIS_URL", made["REDIS_URL"], plain_hosts=[])
    used = server_urls.database_settings(made["DATABASE_URL"])
    owning = server_urls.database_settings(owner["MIGRATION_DATABASE_URL"])
    assert owning["PASSWORD"] not in (tmp_path / "dashtam.env").read_text()
    roles = (tmp_path / "roles.sql").read_text()
    for role, may in (
        (used, "LOGIN"),
        (owning, "LOGIN CREATEDB"),
    ):  # a rehearsal of a restore makes a database
        assert f"CREATE ROLE {role['USER']} {may} PASSWORD '{role['PASSWORD']}';" in roles
    assert (tmp_path / "cache.conf").read_text().split()[1] in made["REDIS_URL"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_t15_a_restore_gets_settings_without_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert environment_file.main([str(tmp_path), "--url", URL, "--without-keys"]) == 0
    capsys.readouterr()
    made = read(tmp_path / ".env")
    assert made.keys().isdisjoint({"SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS"})
    assert {"DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "CACHE_PASSWORD"} <= made.keys()


def test_t15_no_file_is_overwritten_and_none_of_several_is_made_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "owner.env").write_text("mine")
    assert environment_file.main([str(tmp_path), "--url", URL, "--for", "servers"]) == 1
    assert "owner.env is there" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["owner.env"]
    assert (tmp_path / "owner.env").read_text() == "mine"


@pytest.mark.parametrize(
    "url",
    [
        *("money.example.org", "ftp://money.example.org", "https://", "https://money.example.org/app", ""),
        *("http://money.example.org", "https://me:pw@money.example.org", "https://mo ney.example.org"),
        *("https://a.example.org\nSECRET_KEY=x", "https://a.example.org?x", "https://a.example.org:port"),
        "https://{env.X}",
    ],
)
def test_t15_an_address_that_people_could_not_use_is_refused(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environment_file.main([str(tmp_path), f"--url={url}"]) == 1
    assert capsys.readouterr().err.count("\n") <= 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://localhost:8000", "https://money.home.arpa:8443", "https://[::1]"])
def test_t15_addresses_of_homes_are_taken(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert environment_file.main([str(tmp_path), f"--url={url}"]) == 0
    capsys.readouterr()
    assert read(tmp_path / ".env")["PUBLIC_URL"] == url
