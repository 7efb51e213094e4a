"""The cache beside a server whose answers come late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from dashtam.cache import Cache, cache


class LateServer:
    """Speaks of the Redis protocol what a cache needs. The first `held` answers to GET wait for `release`."""

    def __init__(self, held: int) -> None:
        self.values: dict[bytes, bytes] = {}
        self.releases = [asyncio.Event() for _ in range(held)]
        self.asked = asyncio.Semaphore(0)
        self.gets = 0
        self.serving: list[asyncio.Task[Any] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            writer.write(await self._answer(words))
        writer.close()

    async def _answer(self, words: list[bytes]) -> bytes:
        if words[0] == b"SET":
            self.values[words[1]] = words[2]
        if words[0] != b"GET":
            return b"+OK\r\n"
        value, self.gets = self.values.get(words[1]), self.gets + 1  # as it is now, however late the answer
        if self.gets <= len(self.releases):
            self.asked.release()
            await self.releases[self.gets - 1].wait()
        return b"_\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


@asynccontextmanager
async def beside(late: LateServer) -> AsyncIterator[Cache]:
    server = await asyncio.start_server(late.serve, "127.0.0.1")
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    cache = Cache(url=url, prefix="test", timeout=60)  # however busy the machine is
    try:
        yield cache
    finally:
        for release in late.releases:
            release.set()
        await cache.client.aclose()
        server.close()
        await asyncio.gather(*filter(None, late.serving))


async def test_t02_who_hears_late_that_there_was_no_value_finds_the_one_that_was_added_since() -> None:
    late = LateServer(held=2)
    async with beside(late) as cache:
        finders = [asyncio.create_task(cache.find("key", str)) for _ in range(2)]
        for _ in finders:
            await late.asked.acquire()
        late.releases[0].set()
        done, (waiting,) = await asyncio.wait(finders, return_when=asyncio.FIRST_COMPLETED)
        assert [finder.result() for finder in done] == [None]
        with cache.finding_out("key"):
            await cache.add("key", "found", seconds=60)
        late.releases[1].set()
        assert await waiting == "found"
        assert late.gets == 3


async def test_t02_a_value_of_another_shape_is_none_however_it_is_read() -> None:
    for read in (cache().get, cache().take):
        await cache().set("key", {"of": "another version"}, seconds=60)
        assert await read("key", int) is None
