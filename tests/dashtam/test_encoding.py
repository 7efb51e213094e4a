"""Unpadded base64url."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashtam.crypto.base64url import base64url, from_base64url


@given(st.binary())
def test_bytes_come_back_and_the_text_fits_into_a_url(data: bytes) -> None:
    text = base64url(data)
    assert from_base64url(text) == data
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum() or not data


@pytest.mark.parametrize("text", ["a", "a b=", "AA!A", "ÄÄÄÄ", "\ud800"])
def test_other_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the one error, whatever is wrong
        from_base64url(text)
