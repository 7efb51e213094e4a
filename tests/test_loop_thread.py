"""Servers that tests invent end whole: nothing of theirs is left to be told of when Python ends."""

import gc
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.institutions import Institutions


def test_t02_an_institution_that_is_slow_to_answer_ends_with_its_calls(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Institutions([3600.0]) as banks, socket.socket() as call:
        call.connect(("127.0.0.1", urlsplit(banks.origins[0]).port))
        call.sendall(b"GET /accounts HTTP/1.1\r\n\r\n")
        while not banks.calls:
            threading.Event().wait(0.01)
    del banks
    gc.collect()
    assert caplog.text == ""
