"""Hashing is less urgent than the event loop, and never more urgent than the process around it was started."""

import asyncio
import os
import sys
import threading

import pytest

from dashtam.bridge.hashing import HashingPool

NICENESS = 15


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux alone")
def test_t15_a_process_that_is_nicer_still_hashes_and_does_not_ask_for_more() -> None:
    """Only root may take niceness back: for all others asking was an error, and no one could sign up."""
    found: list[int] = []

    async def hash_once() -> None:
        pool = HashingPool(threads=1, wait=60)
        with pool.place(stranger=False) as place:
            found.append(await place.run(niceness))

    def start() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        asyncio.run(hash_once())

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    (taken,) = found
    assert taken >= NICENESS
