"""The steps of access over the API: questions, answers, pages to visit, and the facts of the catalogue."""

from typing import Any

import pytest

from accounts.models import User
from providers.connections.models import Connection
from providers.simulator.process import SandboxBank
from providers.wiring import connection_service
from tests.providers.api.test_api_connections import Program, program_of
from tests.providers.connections.linking import BROWSER, connect
from tests.providers.connections.test_t02_access import Hosted
from tests.providers.connectors import toys
from tests.providers.connectors.toys import NO, Request
from tests.providers.wire.canned import answer

NEW = {"provider": "toy"}


@pytest.fixture
def hers(ana: User) -> Program:
    return program_of(ana)


def xml_bank(asked: Request) -> bytes:
    return answer('<Report account="ana"/>') if asked.query == {"t": "right"} else NO


async def test_t02_without_credentials_a_program_is_told_what_to_ask_for(hers: Program) -> None:
    with toys.registered(toys.PastedToken()):
        answer = await hers.post("connections", NEW)
    told = answer.json()
    assert (answer.status_code, told["state"], told["step"]) == (201, "pending", "ask")
    assert [(field["name"], field["hidden"]) for field in told["fields"]] == [("token", True)]
    assert told["where"] == "https://bridge.example/new"
    assert told["authorization_url"].startswith("http://testserver/connections/start/")


async def test_t02_with_credentials_a_connection_is_active_at_once(hers: Program) -> None:
    async with toys.open_for_business(xml_bank) as server:
        with toys.registered(toys.QueryToken(server.url)):
            answer = await hers.post("connections", NEW | {"credentials": {"token": "right"}})
            told = answer.json()
            assert (answer.status_code, told["state"], told["step"]) == (201, "active", "done")
            assert told["authorization_url"] is None
            assert "right" not in answer.content.decode()
            renewal = f"connections/{told['id']}/reauthorizations"
            again = await hers.post(renewal, {"credentials": {"token": "right"}})
            assert (again.json()["id"], again.json()["step"]) == (told["id"], "done")


@pytest.mark.parametrize(
    ("credentials", "status", "code"),
    [
        ({"token": "wrong"}, 422, "credentials_refused"),
        ({"token": " "}, 400, "validation_failed"),
        ({"token": "right", "more": "x"}, 400, "validation_failed"),
        ({"token": ["x"]}, 400, "validation_failed"),
        ("right", 400, "validation_failed"),
    ],
)
async def test_t02_wrong_credentials_are_a_typed_problem_and_leave_nothing(
    credentials: Any, status: int, code: str, hers: Program
) -> None:
    async with toys.open_for_business(xml_bank) as server:
        with toys.registered(toys.QueryToken(server.url)):
            answer = await hers.post("connections", NEW | {"credentials": credentials})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not await Connection.objects.aexists()


async def test_t02_a_question_may_be_answered_later_and_again(hers: Program) -> None:
    async with toys.open_for_business(xml_bank) as server:
        with toys.registered(toys.QueryToken(server.url)):
            steps = f"connections/{(await hers.post('connections', NEW)).json()['id']}/steps"
            wrong = await hers.post(steps, {"credentials": {"token": "wrong"}})
            assert (wrong.status_code, wrong.json()["code"]) == (422, "credentials_refused")
            right = await hers.post(steps, {"credentials": {"token": "right"}})
            assert (right.status_code, right.json()["state"], right.json()["step"]) == (200, "active", "done")
            over = await hers.post(steps, {"credentials": {"token": "right"}})
            assert (over.status_code, over.json()["code"]) == (409, "nothing_asked")


async def test_t02_a_program_looks_whether_a_page_is_done_with(ana: User, hers: Program) -> None:
    rules = Hosted()
    async with toys.open_for_business(rules) as server:
        with toys.registered(toys.HostedPage(server.url)):
            told = (await hers.post("connections", NEW)).json()
            assert told["step"] == "visit"
            steps = f"connections/{told['id']}/steps"
            assert (await hers.post(steps, {})).json()["code"] == "nothing_asked"
            token = told["authorization_url"].rpartition("/")[2]
            await connection_service().leave(user_id=ana.id, link_token=token, browser_key=BROWSER)
            assert (await hers.post(steps, {})).json()["step"] == "visit"
            rules.access = "acc-1"
            assert (await hers.post(steps, {})).json()["state"] == "active"


async def test_t02_an_institution_that_is_visited_takes_no_credentials(
    hers: Program, bank: SandboxBank
) -> None:
    answer = await hers.post("connections", {"provider": "sandbox", "credentials": {"token": "x"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_supported")


async def test_t02_a_second_consent_is_answered_with_the_connection_there_is(
    ana: User, hers: Program, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    told = (await hers.post("connections", {"provider": "sandbox"})).json()
    assert told["alike"] == [str(connection.id)]
    assert told["step"] == "visit"


async def test_t02_the_catalogue_tells_facts_and_null_for_what_is_not_known(
    hers: Program, bank: SandboxBank
) -> None:
    with toys.registered(toys.PastedToken()):
        rows = {row["slug"]: row["facts"] for row in (await hers.get("providers")).json()["results"]}
    assert (rows["sandbox"]["consent_days"], rows["sandbox"]["ids"]) == (180, "stable")
    assert (rows["toy"]["cost"], rows["toy"]["look_back_days"]) == ("About $15 a year.", 45)
    assert rows["toy"]["history_days"] is rows["toy"]["consent_days"] is None
