"""A rolling restart of all processes under traffic, through the proxy of docs/deploy, counted from outside."""

import itertools
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests import caddy
from tests.certificates import Certificate, certificate
from tests.faults.rows import GONE, fault, hold
from tests.faults.world import World
from tests.stack import PASSWORD, free_port

LEAST_REQUESTS = 5_000
CLIENTS = 4
EACH_WRITES = 40  # one of so many requests changes something: a session may change 240 things in ten minutes
MOST_PEOPLE = 12
ROUNDS = 20
DRAIN = ("--drain", "3")


class Traffic:
    """What clients asked for through the proxy, and what came of it."""

    def __init__(self, world: World, made: Certificate, port: int) -> None:
        self.world, self.made, self.url = world, made, f"https://localhost:{port}"
        self.answers: Counter[str] = Counter()
        self.people: list[str] = []
        self.syncs: list[str] = []
        self.over = threading.Event()

    def client(self) -> httpx.Client:
        """A client of the proxy, with the person's token."""
        bearer = {"Authorization": f"Bearer {self.world.token}"}
        return httpx.Client(
            base_url=f"{self.url}/api/v1/", headers=bearer, verify=self.made.client, timeout=60
        )

    def use(self) -> None:
        """Read over and over, and now and then change the name."""
        with self.client() as api:
            for number in itertools.count():
                if self.over.is_set():
                    return
                if number % EACH_WRITES:
                    self._count(api, "GET", "accounts" if number % 2 else "auth/me")
                else:
                    self._count(api, "PATCH", "auth/me", json={"name": "Ana"})

    def sign_up(self) -> None:
        """New people, each of whom gets one mail."""
        with self.client() as api:
            while not self.over.wait(3) and len(self.people) < MOST_PEOPLE:
                email = f"new-{secrets.token_hex(4)}@example.org"
                body = {"email": email, "password": PASSWORD, "name": "New"}
                if self._count(api, "POST", "auth/users", json=body):
                    self.people.append(email)

    def ask_for_syncs(self) -> None:
        """One sync after the other, each once the one before has ended."""
        while not self.over.is_set():
            run = self.world.ask_for_a_sync()
            self.syncs.append(run)
            while not self.over.wait(0.5) and self._goes_on(run):
                pass

    def _goes_on(self, run: str) -> bool:
        with self.client() as api:
            runs = api.get(f"connections/{self.world.connection}/syncs").json()["results"]
        return next((each["state"] for each in runs if each["id"] == run), "queued") in {"queued", "running"}

    def _count(self, api: httpx.Client, method: str, path: str, *, json: object = None) -> bool:
        try:
            answer = api.request(method, path, json=json)
            self.answers[str(answer.status_code)] += 1
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return False
        return answer.is_success

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """All of it at once, until the block ends."""
        threads = [threading.Thread(target=self.use) for _ in range(CLIENTS)]
        threads += [threading.Thread(target=work) for work in (self.sign_up, self.ask_for_syncs)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()


@fault(
    "rolling-restart",
    f"all web processes and workers restarted in turn: of {LEAST_REQUESTS:,} requests none fails, nothing is doubled",
    answers=GONE,  # of a person who goes past the proxy
    latest=60,
)
def rolling_restart(world: World) -> Iterator[None]:
    stack, second, port = world.stack, free_port(), free_port()
    ports = {"web": stack.port, "second": second}
    stack.end("web")
    for name, where in ports.items():
        _serve(world, name, where)
    stack.start_worker("another")
    made = certificate(stack.home, "localhost")
    upstreams = [f"127.0.0.1:{where}" for where in ports.values()]
    proxy = caddy.start(stack.home, port=port, certificate=made, upstreams=upstreams)
    traffic = Traffic(world, made, port)
    calls = world.calls("accounts")
    try:
        hold(2)
        with traffic.flowing():
            for _ in range(ROUNDS):
                for name, where in ports.items():
                    stack.end(name)
                    _serve(world, name, where)
                for name in ("worker", "another"):
                    stack.end(name)
                    stack.start_worker(name)
                if sum(traffic.answers.values()) >= LEAST_REQUESTS:
                    break
        hold(5)
        _expect_nothing_lost_or_doubled(world, traffic, world.calls("accounts") - calls)
        yield
    finally:
        proxy.terminate()
        proxy.wait()
        stack.end("another")
        stack.end("second")


def _serve(world: World, name: str, port: int) -> None:
    world.stack.processes.start(name, "manage.py", "serve", "--port", str(port), *DRAIN)
    world.stack.processes.wait_for(name, f"http://127.0.0.1:{port}/readyz")


def _expect_nothing_lost_or_doubled(world: World, traffic: Traffic, calls: int) -> None:
    asked = sum(traffic.answers.values())
    failed = {what: count for what, count in traffic.answers.items() if not what.startswith("2")}
    world.expect(asked >= LEAST_REQUESTS, f"only {asked} requests were made")
    world.expect(not failed, f"of {asked} requests failed {failed}")
    for email in traffic.people:
        letters = world.letters(email)
        world.expect(letters == 1, f"{email} got {letters} mails")
    ended = [world.ended(run, within=60).get("state") for run in traffic.syncs]
    world.expect(set(ended) <= {"succeeded", "interrupted"}, f"syncs ended {Counter(ended)}")
    world.expect(calls <= len(ended), f"{len(ended)} syncs asked the institution {calls} times")
    told = f"{asked} requests, {len(ended)} syncs in {calls} readings, {len(traffic.people)} mails"
    print(f"  {told}", flush=True)
