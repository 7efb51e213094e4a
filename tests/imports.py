"""The project's import graph, read from the syntax trees, and its circles."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

Graph = Mapping[str, set[str]]


def module_name(path: str) -> str:
    """The dotted name of a source file."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(sources: Mapping[str, str]) -> Graph:
    """For each module of these files (path to text) the ones among them that it imports, at any depth of its code.

    Imports for type hints alone, under `if TYPE_CHECKING`, do not run and do not count.
    """
    known = {module_name(path) for path in sources}
    graph: dict[str, set[str]] = {}
    for path, text in sources.items():
        name = module_name(path)
        package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
        graph[name] = set(_targets(ast.parse(text), package, known)) - {name}
    return graph


def _targets(tree: ast.Module, package: str, known: set[str]) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            for alias in node.names:
                wanted = f"{module}.{alias.name}"
                if wanted in known or module in known:
                    yield wanted if wanted in known else module


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below, except those under `if TYPE_CHECKING`."""
    yield node
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = node.orelse
    for child in children:
        yield from _running(child)


def circles(graph: Graph) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others, each sorted by name."""
    reached = {name: _reachable(graph, name) for name in graph}
    groups = {
        tuple(sorted({name} | {other for other in reached[name] if name in reached[other]}))
        for name in graph
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph.get(name, ()))
    return found
