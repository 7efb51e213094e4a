"""Outbound HTTP: never into a private network, by no name, and never without a valid certificate."""

import asyncio
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashtam.bridge.doors import look_up
from dashtam.outbound import AddressRefused, Outbound, is_public
from tests.certificates import certificate
from tests.providers.wire.canned import Canned, answer, canned, serving


async def call(url: str, *, context: ssl.SSLContext | None = None, deadline: float = 20) -> httpx.Response:
    """Call a URL that another party has given."""
    wire = Outbound(deadline=deadline, largest=1_000_000, context=context)
    async with httpx.AsyncClient(transport=wire, trust_env=False) as client:
        return await client.get(url)


@pytest.fixture
def nobody_trusted(settings: Any) -> None:
    settings.PRIVATE_HOSTS = []


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """The answers of a name server in turn; the last one repeats."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def ask(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in known:
            return real(host, port, *rest, **more)
        said = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in said
        ]

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    return known


@pytest.mark.usefixtures("nobody_trusted")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "0x7f000001",
        "2130706433",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 an address to be refused
        "inside.example.org",
        "localhost",
        "127.1",
        "[::1]",
        "[::]",
        "10.0.0.5",
        "100.64.0.1",
        "224.0.0.1",
    ],
)
async def test_f1_no_form_of_an_address_of_ours_is_called(host: str, scheme: str, names: Any) -> None:
    names["inside.example.org"] = [["127.0.0.1"]]
    async with canned(answer()) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(AddressRefused):
            await call(f"{scheme}://{host}:{port}/")
    assert server.requests == []


@pytest.mark.usefixtures("nobody_trusted")
@pytest.mark.parametrize("said", [["93.184.216.34", "10.0.0.1"], ["::1", "93.184.216.34"]])
async def test_f1_a_name_with_one_address_of_ours_is_not_called_at_any(said: list[str], names: Any) -> None:
    names["mixed.example.org"] = [said]
    with pytest.raises(AddressRefused):
        await call("https://mixed.example.org/")


@pytest.mark.usefixtures("nobody_trusted")
async def test_f1_without_tls_nobody_is_called(names: Any) -> None:
    names["plain.example.org"] = [["93.184.216.34"]]
    with pytest.raises(AddressRefused):
        await call("http://plain.example.org/")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("::ffff:93.184.216.34", False),
        ("::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fc00::1", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_f1_what_counts_as_the_public_internet(address: str, *, public: bool) -> None:
    assert is_public(address) is public


async def test_f1_a_name_that_moves_while_we_speak_gains_nothing(names: Any, settings: Any) -> None:
    settings.PRIVATE_HOSTS = ["bank.test"]
    names["bank.test"] = [["127.0.0.1"], ["127.0.0.2"]]
    wire = Outbound(deadline=20, largest=1000)
    async with canned(answer()) as server, httpx.AsyncClient(transport=wire, trust_env=False) as client:
        port = server.url.rpartition(":")[2]
        for _ in range(3):
            assert (await client.get(f"http://bank.test:{port}/x")).status_code == 200
    assert len(server.requests) == 3
    assert f"host: bank.test:{port}".encode() in server.requests[0].lower()


async def test_f1_the_next_address_is_tried_where_one_does_not_answer(names: Any, settings: Any) -> None:
    settings.PRIVATE_HOSTS = ["bank.test"]
    names["bank.test"] = [["127.0.0.9", "127.0.0.1"]]
    async with canned(answer()) as server:
        response = await call(f"http://bank.test:{server.url.rpartition(':')[2]}/")
    assert response.status_code == 200
    assert len(server.requests) == 1


# --- certificates -------------------------------------------------------------------------------------


async def test_f1_the_certificate_is_that_of_the_name_and_not_of_the_address(
    names: Any, settings: Any, tmp_path: Path
) -> None:
    settings.PRIVATE_HOSTS = ["bank.test", "other.test"]
    names["bank.test"] = names["other.test"] = [["127.0.0.1"]]
    made = certificate(tmp_path, "bank.test")
    asked: list[str] = []
    made.server.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with serving(Canned([answer()]), tls=made.server) as server:
        port = server.url.rpartition(":")[2]
        assert (await call(f"https://bank.test:{port}/", context=made.client)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            await call(f"https://other.test:{port}/", context=made.client)
    assert asked == ["bank.test", "other.test"]
    assert len(server.requests) == 1


async def test_f2_a_certificate_nobody_vouches_for_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    made = certificate(tmp_path, "localhost")
    async with serving(Canned([answer()]), tls=made.server) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(httpx.ConnectError):
            await call(f"https://localhost:{port}/")
    assert server.requests == []


# --- names and time -----------------------------------------------------------------------------------


async def test_f3_a_name_server_that_hangs_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        answered.wait(20)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        with pytest.raises(TimeoutError):
            await call("https://slow.example.org/", deadline=0.2)
    finally:
        answered.set()


async def test_f3_a_name_nobody_knows_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(httpx.ConnectError):
        await call("https://nowhere.example.org/")


@pytest.mark.parametrize("host", ["a" * 64 + ".example.org", "-".join(["x"] * 200), "ex..ample.org"])
async def test_f3_an_impossible_name_is_no_connection(host: str) -> None:
    with pytest.raises(httpx.ConnectError):
        await call(f"https://{host}/")


async def test_f3_names_are_looked_up_while_asyncios_own_threads_are_busy() -> None:
    free = threading.Event()
    loop = asyncio.get_running_loop()
    busy = [loop.run_in_executor(None, free.wait, 20) for _ in range(64)]
    try:
        async with asyncio.timeout(10):
            assert "127.0.0.1" in await look_up("localhost", 80)
    finally:
        free.set()
        await asyncio.gather(*busy)


async def test_s04_a_call_searches_for_no_module(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    class Watch:
        @staticmethod
        def find_spec(name: str, *_: Any) -> None:
            searched.append(name)

    async with canned(answer()) as server:
        await call(server.url)  # what is imported with the first call stays
        monkeypatch.setattr(sys, "meta_path", [Watch, *sys.meta_path])
        await call(server.url)
    assert searched == []
