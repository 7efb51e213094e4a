"""A process of Dashtam whose clock is off: `python -m tests.faults.off_clock SECONDS web|worker options…`.

SIGUSR1 puts its clock right, as the time service of a machine does in one step.
"""

import signal
import sys
import time

import time_machine
import uvicorn

import manage

if __name__ == "__main__":
    seconds, what, *options = sys.argv[1:]
    clock = time_machine.travel(time.time() + float(seconds), tick=True)
    clock.start()
    signal.signal(signal.SIGUSR1, lambda *_: clock.stop())
    if what == "web":
        uvicorn.main(["dashtam.asgi:application", "--ws", "websockets-sansio", *options])
    else:
        sys.argv = ["manage.py", "procrastinate", "worker", *options]
        manage.main()
