"""A private installation on one machine: its secrets and its servers, found or made before Django starts."""

import os
from pathlib import Path

import environ

from dashtam.crypto import keys
from dashtam.installation import embedded

ROOT = Path(__file__).resolve().parents[2]


def home() -> Path:
    """The folder that holds everything this installation owns: database, outbox, keys."""
    return Path(os.environ.get("DASHTAM_HOME") or ROOT / ".dashtam").resolve()


def read_env_file() -> None:
    """Read `.env` into the environment; a name with an empty value counts as not set."""
    before = set(os.environ)
    environ.Env.read_env(ROOT / ".env")
    for name in set(os.environ) - before:
        if not os.environ[name]:
            del os.environ[name]


def load_secrets(*, generate: bool = False) -> None:
    """Put the installation's own secrets into the environment; what is set there already wins."""
    file = home() / "secrets.env"
    if generate:
        keys.write_if_absent(file)
    if file.exists():
        environ.Env.read_env(file)


def start_servers(*, make: bool = True) -> None:
    """Start the embedded servers unless both DATABASE_URL and REDIS_URL are set, and set the missing ones.

    Without `make`, only those that have run here before: nothing is made.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    if not make and not (home() / "postgres" / "PG_VERSION").exists():
        return
    servers = embedded.ensure_running(home())
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = servers.database_url
        os.environ["MIGRATION_DATABASE_URL"] = servers.migration_database_url
    os.environ.setdefault("REDIS_URL", servers.redis_url)


def main(command: list[str]) -> None:
    """Run a tool that imports the settings, with this installation's secrets.

    `python -m dashtam.installation.local COMMAND …`
    """
    read_env_file()
    load_secrets(generate=True)
    os.execvp(command[0], command)  # noqa: S606 the caller's own command


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
