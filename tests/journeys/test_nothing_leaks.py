"""No secret that passes through Dashtam is in anything that it writes."""

import json
import secrets
from collections.abc import Iterator

import httpx
import pytest
from django.conf import settings

from tests import leaks
from tests.journeys import secrets_of_banks as banks
from tests.journeys import secrets_of_people as people
from tests.mail_service import MailService
from tests.stack import Stack


class FromEverywhere(Stack):
    """Sends each request from a new IP address, so that no limit by network applies."""

    def api(self, token: str = "", *, elsewhere: bool = False) -> httpx.Client:
        client = super().api(token)
        client.headers["X-Forwarded-For"] = f"203.0.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        return client


@pytest.fixture(scope="module")
def mail() -> Iterator[MailService]:
    with MailService() as service:
        yield service


EVENTS = {
    "account.registered",
    "email.verified",
    "session.opened",
    "sign_in.refused",
    "password.changed",
    "password.reset",
    "api_key.created",
    "connection.linked",
    "export.taken",
}


def assert_logged(stack: Stack) -> None:
    """Check the log: one object a line, with person, event and time, and task and job in background work."""
    lines = []
    for log in (stack.home / "logs").glob("*.log"):
        told = [line for line in log.read_text().splitlines() if line != "Launching a worker on all queues"]
        lines += [json.loads(line) for line in told]
    assert all(line.keys() >= {"time", "level", "logger", "request_id", "message"} for line in lines)
    events = [line for line in lines if line["logger"] == "dashtam.audit"]
    assert {event["message"] for event in events} >= EVENTS
    assert all(event["user_id"] and event["request_id"] != "-" for event in events)
    tasks = [line for line in lines if line["message"] == "task.ended"]
    assert {"notifications.tasks.deliver_email", "providers.tasks.run_sync"} <= {t["task"] for t in tasks}
    assert all(task["job_id"] and task["outcome"] in {"succeeded", "failed"} for task in tasks)


@pytest.mark.slow
def test_n1_n2_every_event_is_logged_and_no_secret_is_left_anywhere(mail: MailService) -> None:
    seen: people.Seen = {"AWS key": secrets.token_urlsafe(24)}
    stack = FromEverywhere(
        **mail.settings, TRUSTED_PROXIES="127.0.0.1", AWS_SECRET_ACCESS_KEY=str(seen["AWS key"])
    )
    mail.folder = stack.outbox
    with stack:
        seen["client secret"] = stack.bank.client_secret
        seen["SECRET_KEY"] = settings.SECRET_KEY
        seen.update({f"key {name}": key for name, key in settings.ENCRYPTION_KEYS.items()})
        seen.update({f"signing key {name}": key for name, key in settings.JWT_KEYS.items()})
        people.passwords_right_wrong_and_weak(stack, seen)
        people.tokens_used_reused_and_misplaced(stack, seen)
        people.a_forgotten_password(stack, seen)
        people.second_factors(stack, seen)
        people.another_address(stack, seen)
        people.a_letter_that_is_refused(stack, seen, mail)
        token, connection = banks.linking(stack, seen)
        banks.tokens_to_paste(stack, seen, token)
        banks.files_and_a_database_that_quotes_the_row(stack, seen, token)
        told = banks.exported(stack, token)
        banks.a_bank_that_answers_with_what_it_knows(stack, seen, token, connection)
        assert len(seen) > 70
        assert leaks.found(seen, leaks.places(stack)) == set()
        assert leaks.found(seen, iter([("the export", told)])) == set()
        assert_logged(stack)


@pytest.mark.parametrize(
    "written", ["s3cr3t w0rds", "s3cr3t%20w0rds", "czNjcjN0IHcwcmRz", "733363723374207730726473"]
)
def test_a_secret_that_is_left_is_found(written: str) -> None:
    told = iter([("the log", f"so it said {written}!".encode())])
    assert leaks.found({"password": "s3cr3t w0rds"}, told) == {"password in the log"}
