"""docs/architecture.md agrees with the code: its table of services, and the files that its walks lead through."""

import ast
import re

from tests import rules

PAGE = (rules.ROOT / "docs" / "architecture.md").read_text()


def kinds_in_the_code() -> dict[str, str]:
    """Every service of the project, `async` if its public methods wait, else `sync`."""
    kinds: dict[str, str] = {}
    for path in rules.sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Service"):
                waits = any(isinstance(m, ast.AsyncFunctionDef) and m.name[0] != "_" for m in node.body)
                kinds[node.name] = "async" if waits else "sync"
    return kinds


def test_the_table_of_services_is_that_of_the_code() -> None:
    listed = re.findall(r"^\| (\w+Service) \| (\w+) \|", PAGE, re.MULTILINE)
    assert len(listed) == len(dict(listed))
    assert dict(listed) == kinds_in_the_code()


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:dashtam|accounts|providers|notifications|tests)/[\w/]*(?:\.py)?)`", PAGE)
    assert len(named) > 30
    assert [path for path in named if not (rules.ROOT / path).exists()] == []
