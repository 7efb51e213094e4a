"""Real PostgreSQL and Valkey from wheels, for machines where no DATABASE_URL or REDIS_URL is set.

Every process that needs the servers holds a shared lock on `users.lock` for as long as it lives. One
keeper process per DASHTAM_HOME runs the servers and stops them when it gets that lock for itself: when
the last user has gone, however it went. The servers listen on sockets in a folder of mode 0700 only, and PostgreSQL
asks each role for its own generated password: who may connect as the application is not yet the superuser.
"""

import fcntl
import hashlib
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote

from dashtam.telemetry.folders import make_private

SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
STOP_DEADLINE = 30.0
MOST_LOG_BYTES = 10_000_000
APPLICATION_ROLE = "dashtam_application"  # uses the tables, which `dashtam` owns
_held: list[int] = []  # open for as long as this process lives
_starting: list["_Starting"] = []


OWNER_ROLE = "dashtam"  # owns the database, and is the server's superuser
PASSWORDS = "database.env"


class Servers(NamedTuple):
    """URLs of the embedded servers: one of the database for the application's role, one for the owner of its tables."""

    database_url: str
    redis_url: str
    migration_database_url: str


def servers(home: Path) -> Servers:
    """The URLs of the servers that belong to `home`, running or not."""
    sockets = socket_folder(home)
    host = quote(str(sockets), safe="")
    known = passwords(home)
    return Servers(
        f"postgresql://{APPLICATION_ROLE}:{known.get(APPLICATION_ROLE, '')}@{host}/dashtam",
        f"unix://{sockets}/valkey.sock?db=0",
        f"postgresql://{OWNER_ROLE}:{known.get(OWNER_ROLE, '')}@{host}/dashtam",
    )


def passwords(home: Path) -> dict[str, str]:
    """The password of each database role; none before the servers have run for the first time."""
    file = home / PASSWORDS
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.partition("=")[::2] for line in lines if "=" in line)


def _make_passwords(home: Path) -> None:
    """Generate the passwords once; the file appears whole or not at all."""
    file = home / PASSWORDS
    if passwords(home).keys() >= {APPLICATION_ROLE, OWNER_ROLE}:
        return
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(f"{role}={secrets.token_urlsafe(32)}\n" for role in (APPLICATION_ROLE, OWNER_ROLE))
    new.rename(file)


class _Starting(NamedTuple):
    """A keeper that has not said yet that its servers answer, and the lock that makes others wait for that."""

    keeper: "subprocess.Popen[str]"
    log: Path
    lock: IO[str]


def ensure_running(home: Path) -> Servers:
    """Start the servers of `home` unless they run already, and keep them until this process ends."""
    found = begin(home)
    await_running()
    return found


def begin(home: Path) -> Servers:
    """Like `ensure_running`, but without waiting: `await_running` does that, before the first use of the servers."""
    await_running()
    make_private(home)
    users = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is just shutting down
    _held.append(users)
    lock = (home / "start.lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if _keeper_alive(home):
        lock.close()
    else:
        _make_passwords(home)
        _starting.append(_spawn_keeper(home, lock))
    return servers(home)


def await_running() -> None:
    """Wait until the servers that this process has begun to start answer. Raises RuntimeError if they do not."""
    while _starting:
        keeper, log, lock = _starting.pop()
        with lock:
            if keeper.stdout is None or keeper.stdout.readline().strip() != "ready":
                raise RuntimeError(f"The embedded servers did not start. {log} says why.")
            keeper.stdout.close()
            # The keeper outlives us by design; do not warn that it was never waited for.
            keeper.returncode = 0


def held() -> list[int]:
    """The descriptors of the locks that this process holds."""
    return list(_held)


def hold(locks: list[int]) -> None:
    """Keep locks that this process has held as another program."""
    _held.extend(locks)


def release(home: Path) -> None:
    """Give the servers up and wait until they are gone, unless another process still uses them."""
    while _held:
        os.close(_held.pop())
    with (home / "users.lock").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _others_use(home):
                return
    deadline = time.monotonic() + STOP_DEADLINE
    while _keeper_alive(home) and time.monotonic() < deadline:
        threading.Event().wait(0.05)


def _others_use(home: Path) -> bool:
    """A keeper that is stopping holds the lock alone; users hold it together."""
    with (home / "users.lock").open("a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _keeper_alive(home: Path) -> bool:
    with (home / "keeper.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _spawn_keeper(home: Path, lock: IO[str]) -> _Starting:
    log = home / "servers.log"
    if log.exists() and log.stat().st_size > MOST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    with log.open("a") as errors:
        keeper = subprocess.Popen(  # noqa: S603 our own module
            [sys.executable, "-m", "dashtam.installation.keeper", str(home)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    return _Starting(keeper, log, lock)


def socket_folder(home: Path) -> Path:
    folder = home.resolve() / "run"
    if len(str(folder)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"dashtam-{os.getuid()}-{digest}"
