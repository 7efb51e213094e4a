"""`python3 -m dashtam.processes.probe`: the health check of a container, without Django, in a few milliseconds.

Without an argument the process has to have touched ALIVE_FILE within the last minute; with a path, such as `/readyz`,
the web process has to answer 200 to it.
"""

import http.client
import os
import sys
import time
from pathlib import Path

FRESH_SECONDS = 60.0
DEADLINE_SECONDS = 4.0


def main(arguments: list[str]) -> int:
    """Return 0 for a healthy process, 1 otherwise, and say why."""
    try:
        trouble = _answers(arguments[0]) if arguments else _goes_on()
    except (OSError, http.client.HTTPException) as error:
        trouble = f"{type(error).__name__}: {error}"
    print(trouble or "ok")
    return 1 if trouble else 0


def _goes_on() -> str:
    age = time.time() - Path(os.environ.get("ALIVE_FILE", "")).stat().st_mtime
    return "" if age < FRESH_SECONDS else f"no sign of life for {age:.0f} seconds"


def _answers(path: str) -> str:
    port = int(os.environ.get("PORT") or 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    finally:
        connection.close()
    return "" if status == 200 else f"{path} is answered {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
