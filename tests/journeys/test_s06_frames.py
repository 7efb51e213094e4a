"""WebSocket frames are bounded before they are inflated, however the server was started."""

import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.stack import Stack, free_port


@pytest.fixture(scope="module")
def ports(stack: Stack) -> dict[str, int]:
    """Ports of `manage.py serve`, and of uvicorn without any option."""
    bare = free_port()
    stack.processes.start("bare", "-m", "uvicorn", "dashtam.asgi:application", "--port", str(bare))
    stack.processes.wait_for("bare", f"http://localhost:{bare}/readyz")
    return {"serve": stack.port, "uvicorn": bare}


LARGE = 2_000_000


@pytest.mark.parametrize("started", ["serve", "uvicorn"])
def test_s06_a_large_frame_is_refused_and_none_is_compressed(
    stack: Stack, ports: dict[str, int], started: str
) -> None:
    _, token = stack.sign_up("Kim")
    for frame in ("x" * 1_025, "x" * LARGE):
        with stack.api(token) as api:
            ticket = api.post("events/tickets").json()["ticket"]
        url = f"ws://localhost:{ports[started]}/ws/events?ticket={ticket}"
        with connect(url, compression="deflate", open_timeout=10) as socket:
            assert socket.response is not None
            assert "Sec-WebSocket-Extensions" not in socket.response.headers
            socket.send(json.dumps({"type": "ping"}))
            assert json.loads(socket.recv(timeout=10)) == {"type": "pong"}
            with suppress(ConnectionClosed):
                socket.send(frame)
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)
            # While two megabytes are still on their way, a server that hangs up may cut off its own last frame.
            if len(frame) < LARGE or closed.value.rcvd is not None:
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1009
