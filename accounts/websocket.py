"""Who a WebSocket speaks for."""

from typing import Any


class SignedInOnly:
    """Refuses a WebSocket that neither a session cookie nor a one-time ticket vouches for."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 4401})
