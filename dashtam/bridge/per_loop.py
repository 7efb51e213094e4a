"""Values that belong to one event loop, such as connections and locks, which another loop cannot use."""

import asyncio
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One value for each event loop: made by `make` when it is first asked for, forgotten with its loop.

    All methods are for code that runs on a loop, and raise RuntimeError elsewhere.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self.make = make
        self.values: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, T] = weakref.WeakKeyDictionary()

    def get(self) -> T:
        """The value of the running loop."""
        loop = asyncio.get_running_loop()
        if loop not in self.values:
            self.values[loop] = self.make()
        return self.values[loop]

    def pop(self) -> T | None:
        """The value of the running loop, if it was made; the next `get` makes another one."""
        return self.values.pop(asyncio.get_running_loop(), None)
