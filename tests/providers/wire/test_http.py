"""The one client for all traffic to providers, against a server that misbehaves."""

import asyncio
import gzip
import tracemalloc
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from providers.errors import (
    AnswerLost,
    ConsentEnded,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnreachable,
    ProviderUnreadable,
)
from providers.wire import http
from providers.wire.outage_guard import MAX_ANSWER_BYTES
from tests.providers.wire.canned import Canned, answer, canned, serving

NOWHERE = "http://127.0.0.1:1"


async def get(server: Canned, path: str = "/x") -> Any:
    async with http.client(server.url) as client:
        return await http.request_json(client, "GET", path, type=Any)


async def failure(*answers: bytes) -> ProviderError:
    async with canned(*answers) as server:
        with pytest.raises(ProviderError) as caught:
            await get(server)
    return caught.value


async def test_numbers_with_a_point_arrive_exactly() -> None:
    async with canned(answer('{"a": 0.1, "b": 1e-7, "c": -0.00, "d": 12345678901234567.89}')) as server:
        found = await get(server)
    assert [str(found[key]) for key in "abcd"] == ["0.1", "1E-7", "-0.00", "12345678901234567.89"]
    assert all(type(value) is Decimal for value in found.values())


async def test_nul_is_taken_out_of_texts_since_no_database_stores_it() -> None:
    async with canned(answer(r'{"a\u0000": ["b\u0000c", {"d": "\u0000"}], "e": "\\u0000"}')) as server:
        assert await get(server) == {"a": ["bc", {"d": ""}], "e": r"\u0000"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Maintenance</html>",
        b'{"a": [1, 2',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\xff\xfe"}',
        rb'{"a": "\ud800"}',
        b"1" * 6_000,
        b'{"a": 1} trailing',
    ],
)
async def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    assert type(await failure(answer(body))) is ProviderUnreadable


@pytest.mark.parametrize("header", ["X: " + "x" * 1_000_000, "X: y\r\n" * 100_000])
async def test_f3_headers_without_end_are_no_answer(header: str) -> None:
    failed = await failure(f"HTTP/1.1 200 OK\r\n{header}\r\n\r\n{{}}".encode())
    assert isinstance(failed, ProviderUnavailable)


@pytest.mark.parametrize("depth", [2_000, 100_000, 5_000_000])
async def test_f3_json_nested_without_end_is_unreadable(depth: int) -> None:
    for body in (b"[" * depth, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        assert type(await failure(answer(body))) is ProviderUnreadable


async def test_an_answer_of_the_wrong_shape_is_unreadable() -> None:
    async with canned(answer('{"accounts": {"id": 1}}')) as server, http.client(server.url) as client:
        with pytest.raises(ProviderUnreadable):
            await http.request_json(client, "GET", "/x", type=dict[str, list[str]])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_f3_a_compressed_answer_is_refused_before_it_expands(encoding: str) -> None:
    bomb = answer(gzip.compress(b" " * 200_000_000, 1), Content_Encoding=encoding)
    tracemalloc.start()
    try:
        assert type(await failure(bomb)) is ProviderUnreadable
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def test_f3_an_answer_larger_than_the_cap_is_refused() -> None:
    assert type(await failure(answer(b'"' + b"x" * MAX_ANSWER_BYTES + b'"'))) is ProviderUnreadable


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("302 Found", ProviderUnreadable),
        ("400 Bad Request", ProviderRefused),
        ("401 Unauthorized", ConsentEnded),
        ("403 Forbidden", ProviderRefused),
        ("404 Not Found", ProviderRefused),
        ("429 Too Many Requests", ProviderRateLimited),
        ("500 Oops", ProviderUnavailable),
        ("503 Closed", ProviderUnavailable),
    ],
)
async def test_each_status_has_its_typed_error(status: str, error: type[ProviderError]) -> None:
    assert type(await failure(answer("{}", status, Location="/elsewhere"))) is error


async def test_f2_a_redirect_is_an_error_and_not_followed() -> None:
    async with canned(answer("{}", "302 Found", Location="/elsewhere")) as server:
        with pytest.raises(ProviderUnreadable):
            await get(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999999999999", 3600),
        ("soon", 60),
        ("-5", 60),
        pytest.param(
            format_datetime(datetime.now(UTC) + timedelta(days=3), usegmt=True), 3600, id="in three days"
        ),
        pytest.param(
            format_datetime(datetime.now(UTC) - timedelta(days=3), usegmt=True), 0, id="three days ago"
        ),
    ],
)
async def test_f4_retry_after_is_understood_in_both_forms_up_to_an_hour(given: str, seconds: int) -> None:
    error = await failure(answer("{}", "429 Too Many Requests", Retry_After=given))
    assert error.retry_after == seconds


async def test_f4_a_get_is_tried_three_times_and_heals() -> None:
    async with canned(answer("{}", "502 Bad Gateway"), b"", answer('{"ok": true}')) as server:
        assert await get(server) == {"ok": True}
    assert len(server.requests) == 3


async def test_f4_a_get_is_given_up_after_three_times() -> None:
    async with canned(b"") as server:
        with pytest.raises(AnswerLost):
            await get(server)
    assert len(server.requests) == 3


async def test_f4_a_provider_that_names_a_time_is_not_asked_again_before() -> None:
    async with canned(answer("{}", "503 Closed", Retry_After="30")) as server:
        with pytest.raises(ProviderUnavailable):
            await get(server)
    assert len(server.requests) == 1


async def test_f4_a_post_is_never_sent_twice() -> None:
    async with canned(b"") as server, http.client(server.url) as client:
        with pytest.raises(AnswerLost):
            await http.request_json(client, "POST", "/x", type=Any, json={})
    assert len(server.requests) == 1


async def test_a_closed_port_means_nothing_was_sent() -> None:
    async with http.client(NOWHERE) as client:
        with pytest.raises(ProviderUnreachable):
            await http.request_json(client, "POST", "/x", type=Any)


async def test_f3_a_body_that_comes_too_slowly_ends_at_the_deadline(settings: Any) -> None:
    settings.PROVIDER_DEADLINE_SECONDS = 0.3

    class Dribbling(Canned):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            await reader.read()  # until the client hangs up

    async with serving(Dribbling([])) as server:
        with pytest.raises(AnswerLost):
            await get(server)


async def test_f1_only_the_provider_itself_is_spoken_to() -> None:
    async with canned(answer()) as server, canned(answer()) as elsewhere, http.client(server.url) as client:
        with pytest.raises(ProviderUnreadable) as caught:
            await http.request_json(client, "GET", f"{elsewhere.url}/steal", type=Any)
    assert caught.value.code == "foreign_address"
    assert elsewhere.requests == []


async def test_f2_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    async with canned(answer('"direct"')) as server:
        assert await get(server) == "direct"


async def test_the_providers_own_request_id_is_kept_when_it_is_harmless() -> None:
    assert (await failure(answer("{}", "500 Oops", X_Request_Id="req-7:a"))).provider_request_id == "req-7:a"
    assert (await failure(answer("{}", "500 Oops", X_Request_Id="<script>"))).provider_request_id == ""


async def test_neither_errors_nor_logs_show_addresses_tokens_or_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    for raw in (answer('{"secret-body": "s"}', "500 Oops"), answer("secret-body"), b""):
        async with canned(raw) as server, http.client(server.url, http.BearerAuth("secret-token")) as client:
            with pytest.raises(ProviderError) as caught:
                await http.request_json(client, "GET", "/secret-path", type=Any, params={"q": "secret-query"})
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
    ours = [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]
    assert "secret" not in " ".join(ours)
