"""Faults that tests order in advance: each spoils the next few calls to one endpoint."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

DATA_ENDPOINTS = ("token", "revoke", "customer", "accounts", "transactions", "holdings", "balances")
HUGE_CHUNKS, HUGE_CHUNK = 64, b'"' + b"x" * (1024 * 1024 - 3) + b'",'  # 64 MiB of valid JSON
MAINTENANCE = b"<!doctype html><title>Maintenance</title><h1>We will be back shortly</h1>"

Target = Literal[
    "authorize", "token", "revoke", "customer", "accounts", "transactions", "holdings", "balances", "any"
]
HeaderText = Annotated[str, msgspec.Meta(pattern=r"\A[ -~]{1,100}\Z")]
Mode = Literal[
    "status_500",
    "status_502",
    "status_503",
    "status_429",
    "invalid_grant",
    "garbage",
    "empty",
    "html",
    "huge",
    "gzip_bomb",
    "edited",
    "truncated",
    "dribble",
    "drop",
    "drop_after",
    "hang",
    "evil_issuer",
    "no_issuer",
]


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault for the next `times` calls. `account` narrows it to one account's endpoints.

    `retry_after` is sent as it is: seconds, a date, or what is neither. "edited" writes `by` in place of what the
    regular expression `pattern` finds first in the bank's own answer.
    """

    target: Target
    mode: Mode
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | HeaderText | None = None
    account: str | None = None
    pattern: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError("The pattern is no regular expression.") from error

    def hits(self, endpoint: str, account: str | None) -> bool:
        """True for a call to this endpoint that the fault is meant for."""
        if self.account is not None and self.account != account:
            return False
        return self.target == endpoint or (self.target == "any" and endpoint in DATA_ENDPOINTS)


class Faults:
    """The faults still to come, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.closing = asyncio.Event()

    def take(self, endpoint: str, account: str | None) -> Fault | None:
        """The fault for this call, used up by one."""
        for fault in self.waiting:
            if fault.hits(endpoint, account):
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
                return fault
        return None

    async def commit(self, fault: Fault, app: App, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call the way the fault says."""
        if reply := _instead(fault):
            await _reply(send, *reply)
        elif fault.mode == "huge":
            await _huge(send)
        elif fault.mode == "gzip_bomb":
            await _bomb(send)
        elif fault.mode == "hang":
            await self._until_gone(receive)
        elif fault.mode != "drop":
            await self._work_then_spoil(fault, app, scope, receive, send)
        if fault.mode in ("hang", "drop", "drop_after"):
            scope["state"]["transport"].abort()
            await _disconnect(receive)

    async def _work_then_spoil(
        self, fault: Fault, app: App, scope: Message, receive: Receive, send: Send
    ) -> None:
        """Let the bank do what was asked, then spoil the reply."""
        start, body = await _captured(app, scope, receive)
        if fault.mode == "drop_after":
            return
        if fault.mode.endswith("issuer"):
            await send(
                {**start, "headers": [_sent_by_another(fault, *header) for header in start["headers"]]}
            )
            await send({"type": "http.response.body", "body": body})
            return
        if fault.mode == "edited":
            body = re.sub(fault.pattern, fault.by, body.decode(), count=1).encode()
        headers = [*start["headers"], (b"content-length", b"%d" % len(body))]
        await send({**start, "headers": headers})
        if fault.mode == "edited":
            await send({"type": "http.response.body", "body": body})
            return
        if fault.mode == "truncated":
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            scope["state"]["transport"].close()
            await _disconnect(receive)
            return
        await self._dribble(body, receive, send)
        scope["state"]["transport"].close()
        await _disconnect(receive)

    async def _dribble(self, body: bytes, receive: Receive, send: Send) -> None:
        """One byte every fifth of a second, for as long as the client listens."""
        gone = asyncio.ensure_future(self._until_gone(receive))
        for index in range(len(body)):
            last = index + 1 == len(body)
            await send({"type": "http.response.body", "body": body[index : index + 1], "more_body": not last})
            if (await asyncio.wait({gone}, timeout=0.2))[0]:
                return
        gone.cancel()

    async def _until_gone(self, receive: Receive) -> None:
        """Wait until the client hangs up or the bank closes."""
        waits = {asyncio.ensure_future(_disconnect(receive)), asyncio.ensure_future(self.closing.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _instead(fault: Fault) -> tuple[int, bytes, bytes, int | str | None] | None:
    """Status, type, body and Retry-After of a reply that needs no work at all."""
    json, text = b"application/json", b"text/html; charset=utf-8"
    wait = fault.retry_after
    return {
        "status_500": (500, json, b'{"error":{"code":"internal","message":"Something broke."}}', wait),
        "status_502": (502, text, b"<html><title>502 Bad Gateway</title><h1>Bad Gateway</h1></html>", wait),
        "status_503": (503, json, b'{"error":{"code":"unavailable","message":"Come back later."}}', wait),
        "status_429": (429, json, b'{"error":{"code":"rate_limited","message":"Slow down."}}', wait),
        "invalid_grant": (400, json, b'{"error":"invalid_grant","error_description":"Refused."}', None),
        "garbage": (200, json, b'{"accounts": [\x00\xff\xfe, NaN, "\xc3\x28', None),
        "empty": (200, json, b"", None),
        "html": (200, text, MAINTENANCE, None),
    }.get(fault.mode)


def _sent_by_another(fault: Fault, name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """The redirect to the client with the issuer of another server, or none (RFC 9207 section 1)."""
    if name.lower() != b"location":
        return name, value
    url, _, query = value.decode().partition("?")
    answer = [(key, text) for key, text in parse_qsl(query) if key != "iss"]
    answer += [("iss", "https://evil.example")] if fault.mode == "evil_issuer" else []
    return name, f"{url}?{urlencode(answer)}".encode()


async def _reply(
    send: Send, status: int, content_type: bytes, body: bytes, retry_after: int | str | None
) -> None:
    headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
    headers += [(b"cache-control", b"no-store")]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _huge(send: Send) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"padding":[', "more_body": True})
    for _ in range(HUGE_CHUNKS):
        await send({"type": "http.response.body", "body": HUGE_CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": b'""]}'})


async def _captured(app: App, scope: Message, receive: Receive) -> tuple[Message, bytes]:
    """The reply the bank would have given."""
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])


async def _bomb(send: Send) -> None:
    """A gzip body of a thousandth of its unpacked size, sent without being asked for (RFC 9110 section 12.5.3)."""
    body = gzip.compress(b"[" + b" " * (HUGE_CHUNKS * 1024 * 1024) + b"]")
    headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
