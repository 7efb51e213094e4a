"""Python that stands in strings of tests: other processes run it, so no linter and no type checker reads it."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from tests.rules import ROOT, relative

OURS = {"accounts", "dashtam", "notifications", "providers", "tests"}
PLANTED = "tests/test_architecture.py"  # its strings break rules on purpose


def scripts(source: str) -> Iterator[ast.Module]:
    """Strings of several lines that are Python and import something; braces of `format` stand for a value."""
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "0" for each in node.values)
            text = "".join(str(part) for part in parts)
        if "import " in text and "\n" in text:
            try:
                yield ast.parse(text)
            except SyntaxError:
                continue


def missing(script: ast.Module) -> Iterator[str]:
    """The imports of our own modules and names in a script that do not exist."""
    for node in ast.walk(script):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in OURS:
            names = [(f"{node.module}.{name.name}", name.name) for name in node.names]
            yield from (whole for whole, name in names if not _exists(str(node.module), name))


def _exists(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name) or bool(
            importlib.util.find_spec(f"{module}.{name}")
        )
    except ImportError:
        return False


def test_scripts_in_strings_import_what_exists() -> None:
    found = [
        f"{relative(path)}: {name}"
        for path in Path(ROOT, "tests").rglob("*.py")
        if relative(path) != PLANTED
        for script in scripts(path.read_text())
        for name in missing(script)
    ]
    assert found == []


def test_a_name_that_has_moved_is_found() -> None:
    planted = 'ASK = f"""\nfrom accounts import browser\nfrom accounts.models import User\nprint({1})\n"""'
    assert [name for script in scripts(planted) for name in missing(script)] == ["accounts.browser"]
