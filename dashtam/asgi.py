"""The ASGI application: HTTP on shared database threads, WebSockets through Channels, static files."""

import gc
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")

import django

django.setup()

from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import get_resolver, path

from accounts.entrance.websocket import SignedInOnly
from dashtam.processes.lifespan import lifespan
from dashtam.web.http_handler import HttpHandler
from dashtam.web.static_files import StaticFiles
from dashtam.web.turned_away import TurnedAway
from notifications.consumers import EventsConsumer

# Load every view and the channel layer now: the first request would otherwise do it, on the loop, for 0.3 s.
get_resolver().url_patterns  # noqa: B018 asking is what loads them
get_channel_layer()
# A thread that wants the interpreter waits this long for each one that has it. With Python's 5 ms, a burst that
# keeps eight database threads busy held the loop up for 34 to 69 ms; with 1 ms for 30 to 36 ms.
sys.setswitchinterval(0.001)
gc.collect()
gc.freeze()  # what is loaded by now stays; no collection has to walk through it again
# With Python's 700, a crowd of 300 readers, all of whose requests are alive, is walked through many times a second:
# it got 5 % less than 32 readers did. Much more than this, and the pauses show in the slowest answers.
gc.set_threshold(20_000, 20, 20)

websockets = URLRouter([path("ws/events", EventsConsumer.as_asgi())])
application = ProtocolTypeRouter(
    {
        "lifespan": lifespan,
        "http": TurnedAway(StaticFiles(HttpHandler())),
        "websocket": SignedInOnly(websockets),
    }
)
