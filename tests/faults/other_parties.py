"""Faults of the institution and of the mail service."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator

from tests.faults.rows import fault, hold
from tests.faults.world import World

ENOUGH = 3  # a GET is tried three times
DEADLINE = 10.0  # for a whole exchange with all its retries, and a run that ends by it
ASKED = "SELECT count(*) FROM notifications_email WHERE kind = 'connection_needs_attention'"
THROTTLED = b'{"__type": "TooManyRequestsException", "message": "slow down"}'


@fault("provider-refused", "the institution refuses connections in the middle of a sync, and comes back")
def provider_refused(world: World) -> Iterator[None]:
    world.stack.bank.stop()
    try:
        world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
        yield
    finally:
        world.bank_returns()


@fault("provider-hangs", "the institution takes calls and never answers")
def provider_hangs(world: World) -> Iterator[None]:
    world.fault("accounts", "hang", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=DEADLINE)
    yield


@fault("provider-dribbles", "the institution answers a byte at a time")
def provider_dribbles(world: World) -> Iterator[None]:
    world.fault("transactions", "dribble", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unavailable", within=ENOUGH * DEADLINE)
    yield


@fault("provider-garbage", "the institution answers with bytes that mean nothing")
def provider_garbage(world: World) -> Iterator[None]:
    world.fault("transactions", "garbage", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault("provider-huge", "the institution answers with 64 MB")
def provider_huge(world: World) -> Iterator[None]:
    world.fault("transactions", "huge", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault("provider-gzip-bomb", "the institution answers with 64 KB that would unpack to 64 MB")
def provider_gzip_bomb(world: World) -> Iterator[None]:
    world.fault("transactions", "gzip_bomb", ENOUGH)
    world.expect_failed(world.ask_for_a_sync(), "provider_unreadable", within=DEADLINE)
    yield


@fault(
    "provider-reply-lost",
    "the institution rotated the token and its answer was lost: one mail asks for one new consent",
)
def provider_reply_lost(world: World) -> Iterator[None]:
    world.stack.bank.control("expire-access-tokens", {})
    world.fault("token", "drop_after")
    calls, mails = world.token_calls(), world.count(ASKED)
    world.ended(world.ask_for_a_sync(), within=DEADLINE)
    world.ended(world.ask_for_a_sync(), within=DEADLINE)  # tries the old token once more: there is no other
    world.expect(world.state() == ("reauth_required", "outcome_unknown"), f"it is {world.state()}")
    hold()
    world.expect(world.token_calls() - calls <= ENOUGH, "the old token is tried over and over")
    world.expect(world.count(ASKED) - mails == 1, f"{world.count(ASKED) - mails} mails ask for a consent")
    world.stack.connect(world.email, world.token)
    yield


class MailService(http.server.ThreadingHTTPServer):
    """Amazon SES as far as we use it: throttles first, then takes letters."""

    daemon_threads = True

    def __init__(self, port: int, *, throttled: int) -> None:
        super().__init__(("127.0.0.1", port), _Letters)
        self.throttled, self.taken = throttled, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Letters(http.server.BaseHTTPRequestHandler):
    server: MailService

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.throttled -= 1
        if self.server.throttled >= 0:
            return self._answer(429, THROTTLED)
        self.server.taken += 1
        return self._answer(200, json.dumps({"MessageId": f"letter-{self.server.taken}"}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@fault("mail-down", "the mail service refuses connections, then throttles, then takes the letter: once")
def mail_down(world: World) -> Iterator[None]:
    keys = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIDMAILFAULTS",
        "AWS_SECRET_ACCESS_KEY": "mail" * 10,
    }
    address = f"http://127.0.0.1:{world.mail_port}"
    world.restart_worker(EMAIL_PROVIDER="ses", AWS_SES_ENDPOINT_URL=address, **keys)
    with world.stack.api() as api:
        body = {"email": "late@example.org", "password": "correct horse battery staple", "name": "Late"}
        world.expect(api.post("auth/users", json=body).status_code == 202, "signing up depends on mail")
    hold(2)
    service = MailService(world.mail_port, throttled=1)
    with contextlib.closing(service.socket):
        world.stack.wait_for(lambda: service.taken, "the letter")
        hold(1)
        world.expect(service.taken == 1, "the letter went out twice")
        service.shutdown()
    world.restart_worker()
    yield
