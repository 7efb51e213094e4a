"""What log lines carry and what they never carry."""

import logging
from logging.config import dictConfig

import pytest
from django.conf import settings

from dashtam.logs import request_id


def test_lines_carry_the_request_and_never_the_token_of_a_one_time_link(
    capfd: pytest.CaptureFixture[str],
) -> None:
    dictConfig(settings.LOGGING)
    request_id.set("0123456789abcdef")
    logging.getLogger("django.request").warning("%s: %s", "Gone", "/connections/start/AaIDUrc8cbKpYih-_S")
    line = capfd.readouterr().err
    assert "[0123456789abcdef] Gone: /connections/start/…" in line
    assert "AaID" not in line
