"""The demo while it serves: it watches its processes and stops them, in a tenth of the memory that setting up took.

`become` replaces the program of the present process by this one. The process stays the parent of its children, and
keeps the lock that keeps the embedded servers running.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from dashtam.installation import embedded, local

STOP_SECONDS = 10.0


def become(children: Mapping[str, int], *, home: Path, logs: Path) -> NoReturn:
    """Go on as this program, with these children by name and process id."""
    for lock in embedded.held():
        os.set_inheritable(lock, True)  # noqa: FBT003
    told = {"children": dict(children), "home": str(home), "logs": str(logs), "locks": embedded.held()}
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "dashtam.installation.demo.watch", json.dumps(told)])  # noqa: S606


class Children:
    """Processes that were started before, known by their ids."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self.ids = dict(ids)

    def ended(self) -> list[str]:
        """The names of those that have ended since the last look."""
        names = [name for name, pid in self.ids.items() if _has_ended(pid)]
        for name in names:
            del self.ids[name]
        return names

    def stop(self) -> None:
        """Ask all to finish, newest first; insist after ten seconds."""
        for pid in reversed(self.ids.values()):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self.ids and time.monotonic() < deadline:
            self.ended()
            threading.Event().wait(0.05)
        for pid in self.ids.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def main(told: str) -> int:
    """Watch until a signal or until a child ends; the exit status is 1 if one did."""
    here = json.loads(told)
    embedded.hold(here["locks"])
    home, logs, children = Path(here["home"]), Path(here["logs"]), Children(here["children"])
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    status = 0
    while not stopped.wait(1):
        if ended := children.ended():
            print(f"{ended[0]} has stopped. Its log says why: {logs / ended[0]}.log.", file=sys.stderr)
            status = 1
            break
    else:
        os.write(1, b"\n")
    local.demo_file().unlink(missing_ok=True)
    children.stop()
    embedded.release(home)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
