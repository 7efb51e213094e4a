"""Settings that EMAIL_PROVIDER needs."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"EMAIL_PROVIDER": "pigeon"}, "EMAIL_PROVIDER must be `outbox`, `smtp` or `ses`"),
        (
            {"EMAIL_PROVIDER": "ses", "AWS_REGION": "eu-central-1"},
            "EMAIL_PROVIDER=ses needs AWS_REGION",
        ),
    ],
)
def test_a_mail_service_that_cannot_work_refuses_to_start_and_says_why(
    environment: dict[str, str], complaint: str
) -> None:
    empty = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    command = [sys.executable, "-c", "import dashtam.settings"]
    started = subprocess.run(
        command, env=os.environ | empty | environment, capture_output=True, text=True, check=False
    )
    assert started.returncode != 0
    assert complaint in started.stderr
