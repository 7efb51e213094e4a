"""The Django project, and what every app of it may import."""

import sys
from typing import cast

# httpx brings a program for the command line, which loads rich, click and pygments wherever they are installed: 4 MB
# and a sixth of a second in each process. Where that part is absent, httpx does without.
cast("dict[str, object]", sys.modules).setdefault("httpx._main", None)
