"""The ASGI application: HTTP on shared database threads, WebSockets through Channels, static files."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")

import django

django.setup()

from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import get_resolver, path

from accounts.entrance.websocket import SignedInOnly
from dashtam.processes import server
from dashtam.processes.lifespan import lifespan
from dashtam.web.http_handler import HttpHandler
from dashtam.web.static_files import StaticFiles
from dashtam.web.turned_away import TurnedAway
from notifications.consumers import EventsConsumer

# Load every view and the channel layer now: the first request would otherwise do it, on the loop, for 0.3 s.
get_resolver().url_patterns  # noqa: B018 asking is what loads them
get_channel_layer()
server.settle()

websockets = URLRouter([path("ws/events", EventsConsumer.as_asgi())])
application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": TurnedAway(StaticFiles(HttpHandler())),
        "websocket": SignedInOnly(websockets),
    }
)
