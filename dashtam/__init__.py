"""The Django project, and what every app of it may import."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

_modules = cast("dict[str, object]", sys.modules)
# httpx brings a program for the command line, which loads rich, click and pygments wherever they are installed: 4 MB
# and a sixth of a second in each process. Where that part is absent, httpx does without.
_modules.setdefault("httpx._main", None)


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Have what is imported in this block find no package of that name, unless it is loaded already."""
    if name in _modules:
        yield
        return
    _modules[name] = None
    try:
        yield
    finally:
        del _modules[name]
