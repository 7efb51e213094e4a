"""What strangers can do to everybody else: forty connections ask for each public page in turn."""

from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks import load
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

CONNECTIONS = 40
SECONDS, QUIET_SECONDS = 3.0, 5.0
TIMES_QUIET, LOOP_SECONDS = 3.0, 0.001
PAGES = {
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "forgot": "/forgot-password",
    "docs": "/api/v1/docs",
    "openapi": "/api/v1/openapi.json",
    "healthz": "/healthz",
    "readyz": "/readyz",
    "metrics": "/metrics",
    "missing": "/nothing-is-here",
    "refused": "/api/v1/accounts",
}


def measure(scene: Scene) -> list[Row]:
    """One person goes on reading their accounts, one answer after the other.

    Their p99 may be three times its quiet value, or a millisecond of the loop for each connection if that is more:
    so much of forty who ask at once has to be served before them.
    """
    accounts = f"{scene.local}/api/v1/accounts"
    quiet = load.read(accounts, scene.token, readers=1, seconds=QUIET_SECONDS).p99
    calm = max(quiet, CONNECTIONS * LOOP_SECONDS / TIMES_QUIET)
    rows = []
    for name, path in PAGES.items():
        with ThreadPoolExecutor(1) as pool:
            crowd = pool.submit(load.read, f"{scene.local}{path}", readers=CONNECTIONS, seconds=SECONDS + 1.0)
            reading = load.read(accounts, scene.token, readers=1, seconds=SECONDS)
            crowd.result()
        assert set(reading.answers) <= {"200"}, reading.answers
        what = f"accounts p99 while {CONNECTIONS} connections ask for {path} ÷ quiet"
        rows.append(row(f"public.{name}", what, reading.p99, "s", yardstick=calm, at_most=TIMES_QUIET))
    return rows
