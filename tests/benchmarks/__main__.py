"""`make bench`: own servers, every measure beside its yardstick, in one run.

`make bench ARGS="P4 P6"` takes some rows only; `make bench ARGS=--docs` also draws how the cost grows, and writes
figures and curves into `docs/performance.md`.
"""

import os
import sys
import time
from collections.abc import Callable

from dashtam.installation import local


def main(wanted: set[str], *, docs: bool) -> int:
    """Measure; the exit status says whether all hold."""
    home = local.home()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    import tests.environment  # noqa: F401 the servers, in a corner of their own

    django.setup()
    from tests.benchmarks import (
        dashboard,
        deep_pages,
        due,
        files,
        growth,
        guessing,
        hops,
        landing,
        public,
        questions,
        readers,
        refresh,
        report,
        scale,
        small,
        sockets,
        storm,
        throughput,
    )
    from tests.benchmarks.report import Row
    from tests.benchmarks.scene import Scene

    measures: dict[tuple[str, ...], Callable[[Scene], list[Row]]] = {
        ("P4",): throughput.measure,
        ("readers",): readers.measure,
        ("P5", "P5.large", "P5.flat", "P5.again", "P5.bytes"): landing.measure,
        ("P6",): deep_pages.measure,
        ("P7",): refresh.measure,
        ("P10",): hops.measure,
        ("B2",): lambda scene: guessing.measure(scene.stack),
        ("P1", "P2", "P3"): lambda scene: storm.measure(scene.stack, scene.token),
        ("P8",): due.measure,
        ("P9",): sockets.measure,
        ("dashboard",): dashboard.measure,
        ("public",): public.measure,
        ("import",): files.measure,
        ("rows",): files.measure_formats,
        ("search", "net-worth"): questions.measure,
        ("small",): small.measure,
        ("scale",): scale.measure,
    }
    if unknown := wanted - set().union(*measures):
        print(f"There is no row {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    started, rows = time.monotonic(), []
    with Scene() as scene:
        for ids, measure in measures.items():
            if not wanted or wanted & set(ids):
                rows += report.take(ids, measure, scene)
        curves = growth.measure(scene) if docs else []
    if docs:
        report.write_down(rows, curves)
    report.publish(rows, home, seconds=time.monotonic() - started)
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(set(sys.argv[1:]) - {"--docs"}, docs="--docs" in sys.argv))
