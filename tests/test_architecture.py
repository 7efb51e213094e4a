"""Architecture: the seam between async and sync, and the rules of the rooms. Each rule is also shown to fail."""

import ast
import functools
import importlib
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import BinaryField
from procrastinate.contrib.django import app as queue

from dashtam.crypto.sealed_fields import SealedField
from dashtam.errors import DashtamError
from providers.connectors import CONNECTORS
from tests import rules
from tests.imports import circles, import_graph
from tests.rules import ROOT, relative

Rule = Callable[[ast.Module], Iterator[str]]


@pytest.fixture(scope="module", autouse=True)
def _forget_what_was_parsed() -> Iterator[None]:
    yield
    parsed.cache_clear()


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def violations(rule: Rule, *, where: Callable[[str], bool]) -> list[str]:
    chosen = [path for path in rules.sources() if where(relative(path))]
    assert chosen
    return [f"{relative(path)}: {found}" for path in chosen for found in rule(parsed(path))]


def is_service(path: str) -> bool:
    return path.endswith("_service.py")


def test_a_service_lives_in_a_file_that_is_called_so() -> None:
    assert violations(rules.homeless_services, where=lambda path: not is_service(path)) == []


def test_a_service_is_all_async_or_all_sync() -> None:
    assert violations(rules.mixed_services, where=is_service) == []


def test_constructors_of_services_only_assign_keywords() -> None:
    assert violations(rules.busy_constructors, where=is_service) == []


def test_every_query_is_async_and_takes_the_user_first() -> None:
    assert violations(rules.userless_queries, where=rules.is_queries) == []


def test_nothing_slow_is_called_where_a_loop_waits() -> None:
    assert violations(rules.slow_calls, where=lambda path: True) == []


def test_t02_an_outage_that_is_excused_is_excused_whole() -> None:
    assert violations(rules.half_an_outage, where=lambda path: True) == []


def test_threads_are_entered_through_the_bridge_alone() -> None:
    homes = (
        "dashtam/bridge/",
        "accounts/management/commands/",
        "providers/management/commands/",
    )  # the latter call async code from sync
    assert violations(rules.private_doors, where=lambda path: not path.startswith(homes)) == []


def test_views_do_not_touch_the_orm() -> None:
    assert violations(rules.orm_in_views, where=lambda path: any(room in path for room in rules.NO_ORM)) == []


def test_outbound_http_has_few_homes() -> None:
    simulator = ("providers/simulator/process.py", "providers/simulator/outgoing.py")
    homes = (*rules.HTTPX_USERS, "dashtam/installation/demo/", *simulator)
    assert violations(rules.imports_httpx, where=lambda path: not path.startswith(homes)) == []


@pytest.mark.parametrize("app", rules.ABOVE)
def test_no_app_names_one_above_it_in_a_string(app: str) -> None:
    def inside(path: str) -> bool:
        return path.startswith(f"{app}/") and not path.startswith(rules.COMPOSITION_ROOT)

    assert violations(rules.names_above(app), where=inside) == []


def test_every_connector_is_registered_and_proven() -> None:
    parts = {"__init__", "base", "settings", "contract", "doubles"}
    room = ROOT / "providers" / "connectors"
    files = {path.stem for path in room.glob("*.py")} | {
        path.parent.name for path in room.glob("*/__init__.py")
    }
    files -= parts
    registered = {type(connector).__module__.split(".")[2] for connector in CONNECTORS.values()}
    assert files == registered
    by_person = {type(c).__module__.split(".")[2] for c in CONNECTORS.values() if c.by_person}
    for file in files - by_person:
        assert list((ROOT / "tests" / "providers" / "connectors").glob(f"test_{file}*.py")), (
            f"{file} has no test"
        )


def test_no_module_imports_itself_through_others() -> None:
    assert circles(import_graph({relative(path): path.read_text() for path in rules.sources()})) == []


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("import accounts.b", "from accounts import a", True),
        ("from accounts.b import x", "def f():\n from .a import y", True),
        ("from accounts import b", "def f():\n if True:\n  import accounts.a as a", True),
        ("import accounts.b", "if TYPE_CHECKING:\n import accounts.a", False),
        ("import accounts.b", "if typing.TYPE_CHECKING:\n pass\nelse:\n import accounts.a", True),
        ("import accounts.b", "import accounts", False),
    ],
)
def test_a_planted_circle_of_imports_is_found(first: str, second: str, found: bool) -> None:
    planted = {"accounts/__init__.py": "", "accounts/a.py": first, "accounts/b.py": second}
    assert circles(import_graph(planted)) == ([["accounts.a", "accounts.b"]] if found else [])


def test_every_task_that_is_deferred_by_name_exists() -> None:
    names = {name for path in rules.sources() for name in rules.deferred_names(parsed(path))}
    assert len(names) > 3
    assert names <= set(queue.tasks)


def test_no_room_is_crowded() -> None:
    assert rules.crowded_rooms(map(relative, rules.sources())) == []
    planted = [f"accounts/pages/{number}.py" for number in range(rules.MOST_MODULES)]
    assert rules.crowded_rooms([*planted, "accounts/pages/__init__.py"]) == []
    assert rules.crowded_rooms([*planted, "accounts/pages/one_more.py"]) == ["accounts/pages has 15 modules"]


def test_tests_mirror_the_rooms() -> None:
    folders = {path.parent for name in rules.APPS for path in (ROOT / "tests" / name).rglob("test_*.py")}
    assert len(folders) > 20
    for folder in folders:
        room = ROOT / folder.relative_to(ROOT / "tests")
        assert list(room.glob("*.py")), f"{relative(folder)} mirrors no room"


def test_error_codes_are_unique() -> None:
    for app in rules.APPS:
        for module in pkgutil.walk_packages([str(ROOT / app)], prefix=f"{app}."):
            if not any(
                part in module.name for part in (".migrations", ".__main__", ".simulator", ".asgi", ".demo")
            ):
                importlib.import_module(module.name)
    seen: dict[str, str] = {}
    for error in _family(DashtamError):
        if "code" in vars(error):
            assert error.code not in seen, f"{error.__name__} and {seen[error.code]} share {error.code}"
            seen[error.code] = error.__name__
    assert len(seen) > 15


def _family(error: type[DashtamError]) -> Iterator[type[DashtamError]]:
    yield error
    for child in error.__subclasses__():
        yield from _family(child)


# Columns of bytes that are useless to a thief: besides digests, which are named so, public keys.
NO_SECRETS: set[str] = set()


def test_every_column_of_bytes_is_sealed_or_known_to_be_no_secret() -> None:
    fields = [field for model in apps.get_models() for field in model._meta.local_fields]
    plain = [f for f in fields if isinstance(f, BinaryField) and not isinstance(f, SealedField)]
    plain = [field for field in plain if not field.name.endswith("hash")]
    assert {f"{field.model._meta.db_table}.{field.column}" for field in plain} <= NO_SECRETS


PLANTED: dict[str, tuple[Rule, str]] = {
    "service anywhere": (rules.homeless_services, "class AService: ..."),
    "deferred task": (rules.deferred_names, "defer('accounts.tasks.nothing')"),
    "mixed service": (rules.mixed_services, "class AService:\n async def a(self): ...\n def b(self): ..."),
    "busy constructor": (
        rules.busy_constructors,
        "class AService:\n def __init__(self, *, a):\n  a.connect()",
    ),
    "positional collaborator": (
        rules.busy_constructors,
        "class AService:\n def __init__(self, a):\n  self.a = a",
    ),
    "query without a user": (rules.userless_queries, "async def accounts(page): ..."),
    "query with a named user": (rules.userless_queries, "async def accounts(*, user_id): ..."),
    "query that blocks": (rules.userless_queries, "def accounts(user_id): ..."),
    "hash on the loop": (rules.slow_calls, "async def log_in(p):\n return passwords.verify_password(p, h)"),
    "Django's own async hash": (
        rules.slow_calls,
        "async def log_in(p):\n return await user.acheck_password(p)",
    ),
    "own thread door": (rules.private_doors, "from asgiref.sync import sync_to_async"),
    "asyncio's thread door": (rules.private_doors, "import asyncio\nasyncio.to_thread(f)"),
    "ORM in a view": (rules.orm_in_views, "async def get(self): return User.objects.all()"),
    "half an outage": (rules.half_an_outage, "try: ...\nexcept (DatabaseError, TimeoutError): ..."),
    "half an outage suppressed": (rules.half_an_outage, "with suppress(DatabaseError): ..."),
    "riddle": (rules.riddles, 'def pauses():\n """Whom to leave alone, and until when."""'),
    "httpx in a view": (rules.imports_httpx, "import httpx"),
    "permission of an app above": (rules.names_above("dashtam"), "user.has_perm('accounts.see_operations')"),
    "table of an app above": (rules.names_above("accounts"), "SQL = 'SELECT 1 FROM providers_connection'"),
    "page of an app above": (rules.names_above("notifications"), "path = '/admin/accounts/user/'"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_rule_catches_a_planted_violation(name: str) -> None:
    rule, source = PLANTED[name]
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("TID251", "from asgiref.sync import sync_to_async\n\nprint(sync_to_async)\n"),
        ("TID251", "import asyncio\n\nprint(asyncio.to_thread)\n"),
        ("TID251", "import requests\n\nprint(requests)\n"),
        ("ASYNC251", "import time\n\n\nasync def wait() -> None:\n    time.sleep(1)\n"),
        ("ASYNC230", "async def read() -> str:\n    with open('x') as file:\n        return file.read()\n"),
        ("ASYNC221", "import subprocess\n\n\nasync def run() -> None:\n    subprocess.run(['ls'])\n"),
    ],
)
def test_ruff_catches_a_planted_violation(code: str, source: str) -> None:
    ruff = Path(sys.executable).parent / "ruff"
    command = [
        str(ruff),
        "check",
        "--output-format",
        "concise",
        "--stdin-filename",
        "accounts/planted.py",
        "-",
    ]
    result = subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert code in result.stdout


PLANTED_IMPORTS = {
    "dashtam/errors.py": "django",
    "notifications/models/email.py": "providers.models",
    "providers/connectors/base.py": "providers.connections.token_service",
    "accounts/services/jwt_service.py": "accounts.wiring",
    "providers/simulator/books/ledger.py": "accounts.models",
}


def test_import_contracts_catch_each_planted_violation(tmp_path: Path) -> None:
    for app in rules.APPS:
        skip = shutil.ignore_patterns("__pycache__", "static", "*.html", "migrations")
        shutil.copytree(ROOT / app, tmp_path / app, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, imported in PLANTED_IMPORTS.items():
        planted = tmp_path / file
        planted.write_text(f"{planted.read_text()}\nimport {imported}\n")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout
    for file, imported in PLANTED_IMPORTS.items():
        module = file.removesuffix(".py").replace("/", ".")
        assert f"{module} -> {imported} (l." in result.stdout, result.stdout


def test_no_docstring_is_a_riddle() -> None:
    assert violations(rules.riddles, where=lambda path: True) == []


def test_no_file_is_longer_than_one_sitting() -> None:
    long = {relative(path) for path in rules.sources() if len(path.read_text().splitlines()) > 280}
    assert long <= {"dashtam/settings.py"}
