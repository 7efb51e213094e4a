"""Live events on a WebSocket."""

from channels.generic.websocket import AsyncWebsocketConsumer


class EventsConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Tells a signed-in page what happens to its person's data."""
