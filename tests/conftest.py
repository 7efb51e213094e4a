"""Fixtures and hooks for every test."""

import gc
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from accounts.models import User
from dashtam.cache import close_cache
from tests import databases

# A busy machine may pause any example for longer than Hypothesis allows; properties are not about time.
property_settings.register_profile("dashtam", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("dashtam")

PASSWORD = "correct horse battery staple"
PASSWORD_HASH = make_password(PASSWORD)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put journeys first: what takes a minute is under way early, and short files fill the end of the run evenly."""
    for item in items:
        if (
            item.parent and item.name not in item.nodeid
        ):  # one for each operation of the API, which differ by name only
            item._id = item.parent.id.child(item.name)
    if len({item.nodeid for item in items}) < len(items):
        raise pytest.UsageError("Some tests have the same id: of those, pytest-xdist would run one.")
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking through thousands of test items again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # as in the web process


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests so that their database work stays inside the test's transaction."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def run() -> None:
        try:
            await pyfuncitem.obj(**arguments)
        finally:
            await close_cache()

    async_to_sync(run)()
    return True


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """This process's copy of the migrated database.

    It may be emptied between tests; everywhere else the audit log refuses that.
    """
    before, name = connection.settings_dict["NAME"], connection.creation.test_db_signature()[3]
    databases.drop(name)
    databases.make(name)
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_refuse_truncate")
    yield
    with django_db_blocker.unblock():
        connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before
    databases.drop(name)


@pytest.fixture(autouse=True)
def _own_corner(settings: Any, tmp_path: Any) -> None:
    """Each test has its own outbox and its own part of the cache."""
    settings.OUTBOX = settings.EMAIL_FILE_PATH = tmp_path / "outbox"
    settings.CACHE_PREFIX = f"test:{tmp_path}"


@pytest.fixture(autouse=True)
def _no_jobs_left(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Jobs that a test has committed are gone with it; Django empties the tables that it manages only."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_periodic_defers")
            cursor.execute("DELETE FROM procrastinate_jobs")


_numbers = itertools.count(1)


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a person who can sign in with PASSWORD, without hashing again for each."""

    def make(name: str = "Ana", **fields: Any) -> User:
        fields.setdefault("email", f"{name.lower()}{next(_numbers)}@example.org")
        fields.setdefault("email_verified_at", timezone.now())
        return User.objects.create_hashed(password_hash=PASSWORD_HASH, name=name, **fields)

    return make


@pytest.fixture
def ana(make_user: Callable[..., User]) -> User:
    """The person most tests are about."""
    return make_user("Ana")


@pytest.fixture
def ben(make_user: Callable[..., User]) -> User:
    """Another person, who must see no data of Ana's."""
    return make_user("Ben")
