"""A private installation on one machine: its secrets and its servers, found or made before Django starts."""

import contextlib
import os
import stat
import sys
from pathlib import Path

import environ

from dashtam.crypto import keys
from dashtam.installation import embedded

ROOT = Path(__file__).resolve().parents[2]
lent: list[str] = []  # the names of secrets that are only lent to this command


def home() -> Path:
    """The folder that holds everything this installation owns: database, outbox, keys."""
    return Path(os.environ.get("DASHTAM_HOME") or ROOT / ".dashtam").resolve()


def read_env_file(*, of_a_running_demo: bool = False) -> None:
    """Read `.env`, or the settings of a running demo before it, into the environment.

    What is set there already wins; a name with an empty value counts as not set.
    """
    before = set(os.environ)
    if of_a_running_demo and demo_file().exists():
        environ.Env.read_env(demo_file())
    _close(ROOT / ".env")
    environ.Env.read_env(ROOT / ".env")
    for name in set(os.environ) - before:
        if not os.environ[name]:
            del os.environ[name]


def load_secrets(*, generate: bool = False, lend: bool = False) -> None:
    """Put the installation's own secrets into the environment; what is set there already wins.

    With `lend`, for a command that brings the secrets or needs none: where there are none, some that are kept nowhere.
    """
    file = home() / "secrets.env"
    if generate:
        keys.write_if_absent(file)
    if file.exists():
        _close(file)
        environ.Env.read_env(file)
    if lend:
        _lend()


def _lend() -> None:
    made = keys.generated()
    del made["SANDBOX_CLIENT_SECRET"]
    if not any(os.environ.get(name) for name in made):
        os.environ.update(made)
        lent.extend(made)


def demo_file() -> Path:
    """The file of settings that `make demo` gives its processes: there while it runs, for the doctor to read."""
    return home() / "demo.env"


def _close(file: Path) -> None:
    """Take from all others the right to read secrets, which a copy of `.env.example` gives them.

    A mode that lets a group read, and no other user, was chosen on purpose; the doctor tells of it.
    """
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(file.stat().st_mode)
        if not mode & 0o007:
            return
        try:
            file.chmod(mode & 0o700)
            done = "Only its owner may read it now."
        except OSError:
            done = f"`chmod 600 {file.name}` as its owner."
        print(
            f"{file} holds secrets and was open to every user of this machine (mode {mode:o}). {done}",
            file=sys.stderr,
        )


def start_servers(*, make: bool = True, owner: bool = True, wait: bool = True) -> None:
    """Start the embedded servers unless both DATABASE_URL and REDIS_URL are set, and set the missing ones.

    Without `make`, only those that have run here before: nothing is made. Without `owner`, the process does not learn
    the password of the role that owns the tables. Without `wait`, the command calls `embedded.await_running` itself,
    and has Python load all it needs until then.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    if not make and not (home() / "postgres" / "PG_VERSION").exists():
        return
    servers = embedded.begin(home())
    if wait:
        embedded.await_running()
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = servers.database_url
        if owner:
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
    main(sys.argv[1:])
