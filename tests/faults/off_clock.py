"""uvicorn with Dashtam, in a process whose clock is off: `python -m tests.faults.off_clock SECONDS options…`."""

import sys
import time

import time_machine
import uvicorn

if __name__ == "__main__":
    seconds, *options = sys.argv[1:]
    with time_machine.travel(time.time() + float(seconds), tick=True):
        uvicorn.main(["dashtam.asgi:application", "--ws", "websockets-sansio", *options])
