"""House rules that no linter knows, as functions from a parsed file, or from all files, to the violations."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("dashtam", "accounts", "providers", "notifications")

# Hundreds of milliseconds of CPU: these run behind the bridge's doors only, never called where a loop waits.
SLOW = {
    "hash_password",
    "verify_password",
    "check_password",
    "make_password",
    "hashpw",
    "checkpw",
    "parse_statement_file",
}
# Django's own async functions hash on the event loop (5.2), so they are banned.
HASHES_ON_THE_LOOP = {"acheck_password", "aauthenticate", "averify_password"}
DOORS = {
    "sync_to_async",
    "async_to_sync",
    "to_thread",
    "run_in_executor",
    "ThreadPoolExecutor",
    "ProcessPoolExecutor",
}
HTTPX_USERS = (
    "dashtam/outbound.py",
    "providers/wire/client_auth.py",
    "providers/wire/connection_auth.py",
    "providers/wire/dpop.py",
    "providers/wire/outage_guard.py",
    "providers/wire/http.py",
    "providers/wire/pauses.py",
    "providers/wire/placing.py",
    "providers/wire/oauth.py",
    "providers/wiring.py",
    "providers/connectors/",
    "notifications/transports/",
    "notifications/feedback/",
    "accounts/oidc/",
)
# By app, the apps that build on it. It names none of them, not even in a string: they register with it.
ABOVE = {
    "dashtam": ("notifications", "accounts", "providers"),
    "notifications": ("accounts", "providers"),
    "accounts": ("providers",),
}
# The composition root knows all apps: it lists them, maps their URLs, and the demo drives the whole product.
COMPOSITION_ROOT = (
    "dashtam/settings.py",
    "dashtam/urls.py",
    "dashtam/asgi.py",
    "dashtam/installation/demo/",
    "dashtam/management/commands/demo.py",
)
NO_ORM = ("/api/", "/pages/")
MOST_MODULES = 14
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
QUESTION = re.compile(r"(?:What|Who|Whom|Whose|Whether|Whoever|Whatever)\b")


def sources() -> Iterator[Path]:
    """Every source file of the product, without migrations."""
    for app in APPS:
        yield from (path for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_queries(path: str) -> bool:
    """A module of reads: `queries.py`, or a module in a folder of that name."""
    return path.endswith("/queries.py") or ("/queries/" in path and not path.endswith("__init__.py"))


def crowded_rooms(paths: Iterable[str]) -> list[str]:
    """A room has at most MOST_MODULES modules, besides its `__init__`."""
    modules = Counter(path.rpartition("/")[0] for path in paths if not path.endswith("/__init__.py"))
    return sorted(f"{room} has {count} modules" for room, count in modules.items() if count > MOST_MODULES)


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def homeless_services(tree: ast.Module) -> Iterator[str]:
    """A service lives in a `*_service.py` file; this rule is for all the others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
            yield f"{node.name} does not live in a *_service.py file"


def deferred_names(tree: ast.Module) -> Iterator[str]:
    """The literal names of tasks that are deferred."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) == "defer" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def mixed_services(tree: ast.Module) -> Iterator[str]:
    """A service waits (all public methods async) or computes (none), never both."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
            public = [
                m
                for m in node.body
                if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef)) and m.name[0] != "_"
            ]
            if len({isinstance(m, ast.AsyncFunctionDef) for m in public}) > 1:
                yield f"{node.name} mixes async and sync methods"


def busy_constructors(tree: ast.Module) -> Iterator[str]:
    """A service's `__init__` takes collaborators by keyword and assigns them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    if len(method.args.args) > 1:
                        yield f"{node.name} takes collaborators by position"
                    if not all(isinstance(step, (ast.Assign, ast.AnnAssign)) for step in method.body):
                        yield f"{node.name}.__init__ does more than assign"


def userless_queries(tree: ast.Module) -> Iterator[str]:
    """Every public query is async and takes the person first, by position: tenancy is auditable in one place."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            arguments = [*node.args.posonlyargs, *node.args.args]
            if not arguments or arguments[0].arg != "user_id":
                yield f"{node.name} does not take user_id first"
            if isinstance(node, ast.FunctionDef):
                yield f"{node.name} is not async"


def riddles(tree: ast.Module) -> Iterator[str]:
    """A docstring has a subject and a verb: none begins with a question word."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED):
            words = ast.get_docstring(node) or ""
            if QUESTION.match(words):
                yield f"{getattr(node, 'name', 'the module')}: {words.splitlines()[0]}"


def slow_calls(tree: ast.Module) -> Iterator[str]:
    """No hash and no parsing where a loop waits; the functions are handed to the bridge, not called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) in HASHES_ON_THE_LOOP:
            yield f"{_name(node)} hashes on the event loop (line {node.lineno})"
        if isinstance(node, ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and _name(inner) in SLOW:
                    yield f"{node.name} calls {_name(inner)} on the event loop (line {inner.lineno})"


def private_doors(tree: ast.Module) -> Iterator[str]:
    """Threads and processes are entered through dashtam.bridge.doors alone."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        for name in names:
            if name in DOORS:
                yield f"uses {name}"


def orm_in_views(tree: ast.Module) -> Iterator[str]:
    """A view asks a service or a query; it never touches a manager."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager"}:
            yield f"touches the ORM (line {node.lineno})"


def imports_httpx(tree: ast.Module) -> Iterator[str]:
    """Outbound HTTP has few homes, where deadlines, caps and redaction live."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(alias.name == "httpx" for alias in node.names):
            yield "imports httpx"


def half_an_outage(tree: ast.Module) -> Iterator[str]:
    """Who goes on without the database excuses a broken connection too: Django's InterfaceError is no DatabaseError."""
    for node in ast.walk(tree):
        excused: list[ast.expr] = []
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            excused = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call) and _name(node) == "suppress":
            excused = node.args
        names = {each.id for each in excused if isinstance(each, ast.Name)}
        if "DatabaseError" in names and "InterfaceError" not in names:
            yield f"excuses DatabaseError and no InterfaceError (line {excused[0].lineno})"


def names_above(app: str) -> Callable[[ast.Module], Iterator[str]]:
    """No string of an app holds a dotted name, a table or a path of an app above it."""
    name = re.compile(rf"\b(?:{'|'.join(ABOVE[app])})[._/]\w")

    def rule(tree: ast.Module) -> Iterator[str]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and name.search(node.value):
                yield f"names an app above it (line {node.lineno}): {node.value[:60]!r}"

    return rule
