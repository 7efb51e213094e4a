"""Secrets in requests, reads that are POSTs, XML, and more than one origin."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import ConsentEnded, ProviderRateLimited, ProviderUnreadable
from providers.wire import http
from providers.wire.placing import GrantAuth, Placement, Signature
from tests.providers.wire.canned import answer, canned

TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
EVERYWHERE = Placement(
    header={"X-Key": "key"},
    query={"t": "token"},
    body={"access": "access"},
    sign=lambda request, secrets, now: Signature({"X-Signed": request.url.params["t"]}, {"n": "1"}),
)


@given(key=TEXT, token=TEXT, access=TEXT)
def test_t02_secrets_are_in_the_copy_that_is_sent_and_nowhere_else(key: str, token: str, access: str) -> None:
    made = httpx.Request("POST", "https://bank.example/x?a=b", json={"c": 1.5})
    before = (str(made.url), dict(made.headers), made.content)
    asked = EVERYWHERE.authorise(made, {"key": f"k{key}", "token": f"t{token}", "access": f"a{access}"})
    sent = asked.extensions["place"](asked)
    assert (str(made.url), dict(made.headers), made.content) == before
    assert sent.headers["X-Key"] == f"k{key}"
    assert dict(sent.url.params) == {"a": "b", "t": f"t{token}", "n": "1"}
    assert json.loads(sent.content) == {"c": 1.5, "access": f"a{access}"}
    assert sent.headers["X-Signed"] == f"t{token}"
    assert sent.headers["Content-Length"] == str(len(sent.content))


def test_t02_a_grant_without_a_secret_that_is_needed_has_ended() -> None:
    with pytest.raises(ConsentEnded):
        EVERYWHERE.authorise(httpx.Request("GET", "https://bank.example"), {"key": "k"})


async def test_t02_a_read_that_is_a_post_is_repeated_and_carries_its_secret_each_time() -> None:
    auth = GrantAuth({"s": "x"}, Placement(body={"secret": "s"}))
    async with (
        canned(b"", answer("{}", "502 Bad Gateway"), answer('"ok"')) as peer,
        http.client(peer.url, auth) as client,
    ):
        assert await http.request_json(client, "POST", "/r", type=str, json={"q": 1}, safe=True) == "ok"
    assert [json.loads(each.partition(b"\r\n\r\n")[2]) for each in peer.requests] == 3 * [
        {"q": 1, "secret": "x"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<a>",
        "<a></b>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://x/y"><a/>',
    ],
)
async def test_t02_what_is_no_plain_xml_is_unreadable(body: str) -> None:
    async with canned(answer(body)) as peer, http.client(peer.url) as client:
        with pytest.raises(ProviderUnreadable):
            await http.request_xml(client, "GET", "/x")


async def test_t02_a_second_host_is_reached_and_a_third_is_not() -> None:
    async with (
        canned(answer('"one"')) as one,
        canned(answer('"two"')) as two,
        canned(answer('"three"')) as three,
        http.client(one.url, hosts=(two.url,)) as client,
    ):
        assert await http.request_json(client, "GET", f"{two.url}/x", type=str) == "two"
        with pytest.raises(ProviderUnreadable):
            await http.request_json(client, "GET", f"{three.url}/x", type=str)
    assert three.requests == []


async def test_t02_a_fault_in_a_200_is_an_error_and_one_that_cannot_read_is_none() -> None:
    def limited(response: httpx.Response) -> Any:
        return ProviderRateLimited(retry_after=7) if http.decoded(response, dict[str, str])["e"] else None

    replies = (answer('{"e": "SLOW"}'), answer("no JSON"), answer('{"e": ""}'))
    async with canned(*replies) as peer, http.client(peer.url, fault=limited) as client:
        with pytest.raises(ProviderRateLimited) as caught:
            await http.request(client, "GET", "/x")
        assert caught.value.retry_after == 7
        assert (await http.request(client, "GET", "/x")).text == "no JSON"
        assert (await http.request(client, "GET", "/x")).is_success
