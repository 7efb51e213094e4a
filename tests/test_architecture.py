"""The seam between async and sync, and the rules of the rooms. Each guard is also shown to fail."""

import ast
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

from dashtam.crypto.sealed_fields import SealedField
from dashtam.errors import DashtamError
from providers.connectors import CONNECTORS
from tests import rules
from tests.rules import ROOT, relative

Rule = Callable[[ast.Module], Iterator[str]]


def violations(rule: Rule, *, where: Callable[[str], bool]) -> list[str]:
    chosen = [path for path in rules.sources() if where(relative(path))]
    assert chosen
    return [f"{relative(path)}: {found}" for path in chosen for found in rule(ast.parse(path.read_text()))]


def test_a_service_is_all_async_or_all_sync() -> None:
    assert violations(rules.mixed_services, where=lambda path: "/services/" in path) == []


def test_constructors_of_services_only_assign_keywords() -> None:
    assert violations(rules.busy_constructors, where=lambda path: "/services/" in path) == []


def test_every_query_takes_the_user_first() -> None:
    assert (
        violations(rules.userless_queries, where=lambda path: "/queries" in path and "__init__" not in path)
        == []
    )


def test_nothing_slow_is_called_where_a_loop_waits() -> None:
    assert violations(rules.slow_calls, where=lambda path: True) == []


def test_threads_are_entered_through_the_bridge_alone() -> None:
    assert violations(rules.private_doors, where=lambda path: not path.startswith("dashtam/bridge/")) == []


def test_views_do_not_touch_the_orm() -> None:
    assert violations(rules.orm_in_views, where=lambda path: any(room in path for room in rules.NO_ORM)) == []


def test_outbound_http_has_few_homes() -> None:
    homes = (*rules.HTTPX_USERS, "dashtam/installation/demo/", "providers/simulator/process.py")
    assert violations(rules.imports_httpx, where=lambda path: not path.startswith(homes)) == []


def test_every_connector_is_registered_and_proven() -> None:
    parts = {"__init__", "base", "settings"}
    files = {path.stem for path in (ROOT / "providers" / "connectors").glob("*.py")} - parts
    registered = {type(connector).__module__.rpartition(".")[2] for connector in CONNECTORS.values()}
    assert files == registered
    fed_by_files = {type(c).__module__.rpartition(".")[2] for c in CONNECTORS.values() if c.auth == "file"}
    for file in files - fed_by_files:
        assert list((ROOT / "tests" / "providers" / "connectors").glob(f"test_{file}*.py")), (
            f"{file} has no test"
        )


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


# Columns of bytes that nobody could use, whoever reads them: besides digests, which are called so, public keys.
NO_SECRETS: set[str] = set()


def test_every_column_of_bytes_is_sealed_or_known_to_be_no_secret() -> None:
    fields = [field for model in apps.get_models() for field in model._meta.local_fields]
    plain = [f for f in fields if isinstance(f, BinaryField) and not isinstance(f, SealedField)]
    plain = [field for field in plain if not field.name.endswith("hash")]
    assert {f"{field.model._meta.db_table}.{field.column}" for field in plain} <= NO_SECRETS


PLANTED: dict[str, tuple[Rule, str]] = {
    "mixed service": (rules.mixed_services, "class AService:\n async def a(self): ...\n def b(self): ..."),
    "busy constructor": (
        rules.busy_constructors,
        "class AService:\n def __init__(self, *, a):\n  a.connect()",
    ),
    "positional collaborator": (
        rules.busy_constructors,
        "class AService:\n def __init__(self, a):\n  self.a = a",
    ),
    "query without a user": (rules.userless_queries, "def accounts(page): ..."),
    "hash on the loop": (rules.slow_calls, "async def log_in(p):\n return passwords.verify_password(p, h)"),
    "Django's own async hash": (
        rules.slow_calls,
        "async def log_in(p):\n return await user.acheck_password(p)",
    ),
    "own thread door": (rules.private_doors, "from asgiref.sync import sync_to_async"),
    "asyncio's thread door": (rules.private_doors, "import asyncio\nasyncio.to_thread(f)"),
    "ORM in a view": (rules.orm_in_views, "async def get(self): return User.objects.all()"),
    "httpx in a view": (rules.imports_httpx, "import httpx"),
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


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("dashtam/errors.py", "import django"),
        ("notifications/models.py", "import providers.models"),
        ("providers/connectors/base.py", "import providers.connections.token_service"),
        ("accounts/services/jwt_service.py", "import accounts.wiring"),
        ("providers/simulator/books/ledger.py", "import accounts.models"),
    ],
)
def test_import_contracts_catch_a_planted_violation(file: str, line: str, tmp_path: Path) -> None:
    for app in rules.APPS:
        skip = shutil.ignore_patterns("__pycache__", "static", "*.html")
        shutil.copytree(ROOT / app, tmp_path / app, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / file
    planted.write_text(f"{planted.read_text()}\n{line}\n")
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def test_no_file_is_longer_than_one_sitting() -> None:
    long = {relative(path) for path in rules.sources() if len(path.read_text().splitlines()) > 280}
    assert long <= {"dashtam/settings.py"}
