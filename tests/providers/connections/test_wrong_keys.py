"""A web server or a worker that is deployed with the wrong key does not start."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from dashtam.crypto import keys
from dashtam.crypto.fingerprints import KeyFingerprint
from providers.simulator.process import ROOT
from tests.providers.connections.processes import environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "uvicorn", "dashtam.asgi:application", "--port", "0", "--log-level", "warning"),
        ("manage.py", "procrastinate", "worker"),
    ],
)
def test_d6_a_wrong_key_stops_the_start_and_is_named(command: tuple[str, ...], running_bank: Any) -> None:
    KeyFingerprint.objects.require()
    key_id = next(iter(settings.ENCRYPTION_KEYS))
    wrong = keys.generated()["ENCRYPTION_KEYS"].partition(":")[2]
    own = environment(running_bank) | {"ENCRYPTION_KEYS": f"{key_id}:{wrong}"}
    result = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert f"ENCRYPTION_KEYS: the key called {key_id!r} is another one than before" in result.stderr
    assert "Traceback" not in result.stderr
    assert wrong not in result.stderr
