"""Faults of the mail service: away, throttled, slow, unwilling; and what it tells us twice, late or not at all."""

import asyncio
import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.utils import timezone

from tests.faults.rows import ANEW, GONE, fault, hold
from tests.faults.world import World
from tests.notifications.feedback.sns_host import TOPIC, sns_host
from tests.stack import PASSWORD

KEYS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIDMAILFAULTS",
    "AWS_SECRET_ACCESS_KEY": "mail" * 10,
}
THROTTLED = b'{"__type": "TooManyRequestsException", "message": "slow down"}'
REJECTED = b'{"__type": "MessageRejected", "message": "no"}'
SLOW_SECONDS = 12.0
PROMPT_SECONDS = 10.0  # for an answer to a sign-up on a busy machine, a hash included
GIVEN_UP = "SELECT count(*) FROM notifications_email WHERE state = 'failed' AND error_code = 'mail_rejected'"


class MailService(http.server.ThreadingHTTPServer):
    """Amazon SES as far as we use it. It treats letters as `script` says, one word each, and takes all after those."""

    daemon_threads = True

    def __init__(self, port: int, *script: str) -> None:
        super().__init__(("127.0.0.1", port), _Letters)
        self.script, self.taken = list(script), 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Letters(http.server.BaseHTTPRequestHandler):
    server: MailService

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        word = self.server.script.pop(0) if self.server.script else "take"
        if word == "throttle":
            return self._answer(429, THROTTLED)
        if word == "reject":
            return self._answer(400, REJECTED)
        if word == "slow":
            hold(SLOW_SECONDS)
        self.server.taken += 1
        return self._answer(200, json.dumps({"MessageId": f"letter-{self.server.taken}"}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _by_ses(world: World) -> None:
    """A worker that sends through that service."""
    address = f"http://127.0.0.1:{world.mail_port}"
    world.restart_worker(EMAIL_PROVIDER="ses", AWS_SES_ENDPOINT_URL=address, **KEYS)


def _sign_up(world: World, name: str) -> None:
    """A stranger signs up, and is answered as always."""
    started = time.monotonic()
    with world.stack.api(elsewhere=True) as api:
        body = {"email": f"{name}-{time.time_ns()}@example.org", "password": PASSWORD, "name": name}
        status = api.post("auth/users", json=body).status_code
    took = time.monotonic() - started
    world.expect(status == 202, f"signing up depends on mail: {status}")
    world.expect(took < PROMPT_SECONDS, f"a sign-up waited {took:.1f} s for mail")


@fault(
    "mail-down",
    "the mail service refuses connections, then throttles, then takes the letter: once",
    well_within=ANEW,
)
def mail_down(world: World) -> Iterator[None]:
    _by_ses(world)
    _sign_up(world, "late")
    hold(2)
    service = MailService(world.mail_port, "throttle")
    with contextlib.closing(service.socket):
        world.stack.wait_for(lambda: service.taken, "the letter")
        hold(1)
        world.expect(service.taken == 1, "the letter went out twice")
        service.shutdown()
    world.restart_worker()
    yield


@fault(
    "mail-refused",
    "the mail service refuses one letter for good and takes the next slowly: the admin shows the first, one goes",
    well_within=ANEW,
)
def mail_refused(world: World) -> Iterator[None]:
    service, before = MailService(world.mail_port, "reject", "slow"), world.count(GIVEN_UP)
    with contextlib.closing(service.socket):
        _by_ses(world)
        _sign_up(world, "refused")
        world.stack.wait_for(lambda: world.count(GIVEN_UP) > before, "the letter to be given up")
        _sign_up(world, "slow")
        world.stack.wait_for(lambda: service.taken, "the letter")
        hold(1)
        world.expect(service.taken == 1, f"{service.taken} letters were taken, not one")
        service.shutdown()
    with _staff(world) as admin:
        page = admin.get("/admin/notifications/email/?state__exact=failed")
        shown = page.status_code == 200 and "mail_rejected" in page.text and "send_again" in page.text
        world.expect(shown, f"the admin does not show the letter that was given up ({page.status_code})")
    world.restart_worker()
    yield


@contextmanager
def _staff(world: World) -> Iterator[httpx.Client]:
    """The browser of a superuser, signed in with a second factor."""
    from accounts.models import User
    from tests.staff import Staff

    world.past_all_that_is_broken()
    person = User.objects.create_superuser(
        email=f"staff-{time.time_ns()}@example.org", password=PASSWORD, name="Staff"
    )
    name = settings.SESSION_COOKIE_NAME
    cookie = asyncio.run(Staff.arrives(person)).client.cookies[name].value
    headers = {"Cookie": f"{name}={cookie}"}
    with httpx.Client(base_url=world.stack.origin, headers=headers, timeout=30, trust_env=False) as client:
        yield client


AT_ONCE = 4


@fault(
    "mail-feedback",
    f"a bounce is told {AT_ONCE} times at once, then an older one, and forged ones: it counts once, those never",
    answers=GONE,
    well_within=ANEW,
)
def mail_feedback(world: World) -> Iterator[None]:
    email, token = world.stack.sign_up("Bo")
    with sns_host() as host:
        world.restart_web(AWS_SES_TOPIC_ARN=TOPIC, AWS_SNS_ENDPOINT_URL=host.url)
        now = timezone.now()
        genuine = host.message(_bounce(email, now.isoformat()))
        older = host.message(_bounce(email, (now - timedelta(days=1)).isoformat()), MessageId="older")
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        forged = [
            host.message(_bounce(world.email, now.isoformat()), key=stranger),
            {**genuine, "Message": _bounce(world.email, now.isoformat())},
            host.message(_bounce(world.email, now.isoformat()), TopicArn=f"{TOPIC}-of-another"),
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = list(pool.map(lambda one: _post(world, one), [genuine] * AT_ONCE))
        statuses += [_post(world, older), _post(world, genuine)]
        world.expect(set(statuses) == {204}, f"genuine words were answered {statuses}")
        refused = [_post(world, one) for one in forged]
        world.expect(set(refused) == {403}, f"forged words were answered {refused}")
        for address, expected in ((email, 1), (world.email, 0)):
            noted = _noted(world, address)
            world.expect(noted == (expected, expected), f"{noted} suppressions and events, not {expected}")
        with world.stack.api(token) as api:
            stopped = api.get("auth/me").json().get("mail_stopped")
        world.expect(stopped == "bounce", f"the person is told {stopped}")
    world.restart_web()
    yield


def _noted(world: World, address: str) -> tuple[int, int]:
    """Suppressions of an address, and events of its person that tell of a bounce."""
    from accounts.models import AuditEvent, User
    from notifications.models import Suppression

    world.past_all_that_is_broken()
    person = User.objects.get(email=address)
    events = AuditEvent.objects.filter(user_id=person.id, action="email.bounce")
    return Suppression.objects.filter(address=address).count(), events.count()


def _bounce(address: str, when: str) -> str:
    people = [{"emailAddress": address, "status": "5.1.1"}]
    told = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "timestamp": when,
        "bouncedRecipients": people,
    }
    return json.dumps({"notificationType": "Bounce", "bounce": told, "mail": {"messageId": "m-1"}})


def _post(world: World, message: dict[str, str]) -> int:
    with world.stack.api() as api:
        headers = {"Content-Type": "text/plain; charset=UTF-8"}
        return api.post("mail/sns", content=json.dumps(message), headers=headers).status_code
