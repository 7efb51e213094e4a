"""`python3 -m dashtam.installation.environment_file`: the settings of a new installation, with keys of its own.

Needs nothing but Python. Every file is made with mode 0600, and none that is there is ever overwritten.
"""

import argparse
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from dashtam.crypto.fresh import generated, random_secret
from dashtam.telemetry.folders import make_private

ROOT = Path(__file__).resolve().parents[2]
HERE = {"127.0.0.1", "localhost", "[::1]"}
HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]")
OF_A_BACKUP = {"SECRET_KEY", "JWT_KEYS", "ENCRYPTION_KEYS"}
HEAD = """# The settings of this installation. `.env.example` lists all of them, with what each does.
# Keep a copy of this file, on paper or in a vault, apart from the backups of the database: without ENCRYPTION_KEYS
# no backup opens the connections to institutions.
"""
MAIL = """# Mail goes to files in DASHTAM_HOME/outbox until a mail server is named here.
EMAIL_PROVIDER=outbox
EMAIL_FROM="Dashtam <dashtam@{host}>"
#EMAIL_PROVIDER=smtp
#SMTP_HOST=smtp.example.org
#SMTP_USERNAME=dashtam
#SMTP_PASSWORD=
# Who receives error reports, and is told of new staff.
#ADMIN_EMAILS=
"""
ROLES = """-- As PostgreSQL's administrator: sudo -u postgres psql -f FILE
CREATE ROLE dashtam_owner LOGIN CREATEDB PASSWORD '{owner}';
CREATE ROLE dashtam LOGIN PASSWORD '{application}';
CREATE DATABASE dashtam OWNER dashtam_owner;
"""


class Refused(Exception):
    """The files cannot be made; the message says why."""


def main(arguments: list[str]) -> int:
    """Make the files and name them; 1, with a sentence, if something is wrong."""
    chosen = _parser().parse_args(arguments)
    try:
        files = _files(chosen)
        _write(chosen.folder, files)
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in files:
        print(chosen.folder / name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="environment_file", description="Make the settings of an installation."
    )
    parser.add_argument("folder", type=Path, help="where to make them")
    parser.add_argument(
        "--url", required=True, help="how people will reach Dashtam: https://money.example.org"
    )
    parser.add_argument(
        "--without-keys", action="store_true", help="for a restore, which brings the keys of the backup along"
    )
    parser.add_argument("--for", dest="kind", choices=("compose", "servers"), default="compose")
    parser.add_argument("--database", default="127.0.0.1", help="the host of PostgreSQL, for servers")
    parser.add_argument("--cache", default="127.0.0.1", help="the host of Valkey, for servers")
    return parser


def _files(chosen: argparse.Namespace) -> dict[str, str]:
    url, own = _origin(chosen.url), generated()
    if chosen.without_keys:
        own = {name: value for name, value in own.items() if name not in OF_A_BACKUP}
    if chosen.kind == "compose":
        return _for_compose(url, own)
    return _for_servers(url, own, database=_host(chosen.database), cache=_host(chosen.cache))


def _for_compose(url: str, own: dict[str, str]) -> dict[str, str]:
    passwords = ("DATABASE_OWNER_PASSWORD", "DATABASE_PASSWORD", "CACHE_PASSWORD")
    return {".env": _settings(url, own | {name: random_secret(32) for name in passwords})}


def _for_servers(url: str, own: dict[str, str], *, database: str, cache: str) -> dict[str, str]:
    """Settings for processes beside PostgreSQL and Valkey, and what those two have to be told."""
    owner, application, password = (random_secret(32) for _ in range(3))
    place = f"{database}/dashtam" + ("" if database in HERE else "?sslmode=verify-full")
    scheme = "redis" if cache in HERE else "rediss"
    servers = {
        "DATABASE_URL": f"postgresql://dashtam:{application}@{place}",
        "REDIS_URL": f"{scheme}://:{password}@{cache}:6379/0",
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    return {
        "dashtam.env": _settings(url, own | servers),
        "owner.env": f"MIGRATION_DATABASE_URL=postgresql://dashtam_owner:{owner}@{place}\n",
        "roles.sql": ROLES.format(owner=owner, application=application),
        "cache.conf": f"requirepass {password}\n",
    }


def _settings(url: str, values: dict[str, str]) -> str:
    lines = "".join(f"{name}={value}\n" for name, value in {"PUBLIC_URL": url, **values}.items())
    return HEAD + lines + MAIL.format(host=urlsplit(url).hostname)


def _origin(url: str) -> str:
    """The URL without a last slash. Raises Refused for one that people could not sign in at."""
    split, bare = urlsplit(url), url.rstrip("/")
    if (
        split.scheme not in {"http", "https"}
        or bare != f"{split.scheme}://{split.netloc}"
        or not split.netloc
    ):
        raise Refused(f"{url!r} is no address such as https://money.example.org.")
    if not re.fullmatch(rf"(?:{HOST.pattern})(?::[0-9]{{1,5}})?", split.netloc):
        raise Refused(f"{url!r} is no address such as https://money.example.org.")
    if split.scheme == "http" and split.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise Refused("Passwords would travel in the clear: use https, for which docs/deploy.md has a proxy.")
    return bare


def _host(name: str) -> str:
    if not HOST.fullmatch(name):
        raise Refused(f"{name!r} is no name of a host.")
    return name


def _write(folder: Path, files: dict[str, str]) -> None:
    """Make all files or none."""
    if there := [name for name in files if (folder / name).exists()]:
        raise Refused(
            f"{folder / there[0]} is there, and holds the keys of an installation. Move it away if it is of no use."
        )
    make_private(folder)
    for name, text in files.items():
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
