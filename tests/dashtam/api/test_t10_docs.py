"""The document and its page are made once, compressed once, and sent only to those who do not have them."""

import gzip
import re
from typing import Any

import pytest

PATHS = ["/api/v1/docs", "/api/v1/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
async def test_t10_what_a_client_has_is_not_sent_again(async_client: Any, path: str) -> None:
    first = await async_client.get(path)
    assert first.status_code == 200
    assert first["ETag"].startswith('W/"')
    for known in (first["ETag"], first["ETag"].removeprefix("W/"), f'"other", {first["ETag"]}', "*"):
        again = await async_client.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert "Content-Type" not in again
    assert (await async_client.get(path, headers={"if-none-match": 'W/"other"'})).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_t10_who_can_unpack_it_gets_it_packed(async_client: Any, path: str) -> None:
    plain = await async_client.get(path)
    packed = await async_client.get(path, headers={"accept-encoding": "br, gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 4
    assert packed["ETag"] == plain["ETag"]
    assert "Accept-Encoding" in plain["Vary"]


async def test_t10_the_page_is_the_very_same_object_each_time(async_client: Any) -> None:
    one, other = await async_client.get("/api/v1/docs"), await async_client.get("/api/v1/docs")
    assert one.content == other.content
    assert "nonce" not in one.content.decode()


async def test_t10_the_page_has_a_section_for_each_noun_and_a_table_of_contents(async_client: Any) -> None:
    page = (await async_client.get("/api/v1/docs")).content.decode()
    document = (await async_client.get("/api/v1/openapi.json")).json()
    contents = page[page.index('aria-labelledby="contents"') : page.index("</nav>")]
    operations = [each for path in document["paths"].values() for each in path.values()]
    for operation in operations:
        assert f'href="#{operation["operationId"]}"' in contents
    assert page.count("<details") == len(operations)
    titles = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
    assert {
        "Basics",
        "Contents",
        "Connections",
        "API keys",
        "Second factors",
        "Shapes",
        "Error codes",
    } <= set(titles)
    assert "API key with scope read" in page
