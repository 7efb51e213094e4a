"""The hash of a request's body is the same however the body was cut, and tells different bodies apart."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dashtam.web.body_hash import BodyHash

FORM = "multipart/form-data; boundary={}"
# Few letters, so that beginnings of the boundary are everywhere.
bodies = st.lists(st.sampled_from([b"ab", b"aab", b"a", b"b", b"-", b"\r\n"]), max_size=30).map(b"".join)
cuts = st.lists(st.integers(0, 60), max_size=8).map(sorted)


def hash_of(content_type: str, *pieces: bytes) -> str:
    hashed = BodyHash(content_type)
    for piece in pieces:
        hashed.update(piece)
    return hashed.hexdigest()


@given(bodies, cuts, st.sampled_from(["application/json", FORM.format("aab"), FORM.format('"aab"')]))
def test_m1_where_a_body_is_cut_makes_no_difference(body: bytes, cuts: list[int], content_type: str) -> None:
    ends = [0, *cuts, len(body)]
    pieces = [body[start:end] for start, end in itertools.pairwise(ends)]
    assert hash_of(content_type, *pieces) == hash_of(content_type, body)


@given(bodies, bodies)
def test_m1_bodies_that_differ_have_other_hashes(one: bytes, other: bytes) -> None:
    for content_type in ("application/json", FORM.format("aab")):
        assert (hash_of(content_type, one) == hash_of(content_type, other)) == (one == other)


def test_m1_a_form_is_the_same_with_another_boundary() -> None:
    def form(boundary: str, word: str = "x") -> str:
        part = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{word}\r\n'
        return hash_of(FORM.format(boundary), f"{part}--{boundary}--\r\n".encode())

    assert form("one") == form("quite-another")
    assert form("one") != form("one", "y")


def test_m1_the_kind_of_content_counts() -> None:
    assert hash_of("application/json", b"1") != hash_of("text/plain", b"1")
    assert hash_of("application/json; charset=utf-8", b"1") == hash_of("application/json", b"1")
