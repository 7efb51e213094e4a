"""EncryptionService: AES-256-GCM envelopes that know their key and their place."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashtam.crypto.encryption_service import EncryptionService
from dashtam.errors import DecryptionFailed

ROW = "providers_providertoken/1/access_token"
OLD, NEW = {"old": os.urandom(32)}, {"new1": os.urandom(32)}
service = EncryptionService(keys=NEW | OLD)


def refusal(envelope: bytes, row: str = ROW, by: EncryptionService = service) -> str:
    with pytest.raises(DecryptionFailed) as caught:
        by.decrypt(envelope, row=row)
    return caught.value.code


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_again(plaintext: bytes) -> None:
    assert service.decrypt(service.encrypt(plaintext, row=ROW), row=ROW) == plaintext


def test_the_same_plaintext_never_gives_the_same_envelope() -> None:
    assert len({service.encrypt(b"same", row=ROW) for _ in range(50)}) == 50


def test_the_envelope_does_not_show_the_plaintext() -> None:
    assert b"canary" not in service.encrypt(b"canary", row=ROW)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "providers_providertoken/2/access_token",
        "providers_providertoken/1/refresh_token",
        "providers_pendingrevocation/1/access_token",
        "",
    ],
)
def test_an_envelope_moved_to_another_row_column_or_table_does_not_open(elsewhere: str) -> None:
    assert refusal(service.encrypt(b"token", row=ROW), elsewhere) == "envelope_invalid"


def test_an_envelope_with_any_bit_flipped_does_not_open() -> None:
    envelope = service.encrypt(b"token", row=ROW)
    for position in range(len(envelope)):
        altered = bytearray(envelope)
        altered[position] ^= 1
        assert refusal(bytes(altered)) in ("envelope_invalid", "key_unknown")


def test_an_envelope_cut_short_anywhere_does_not_open() -> None:
    envelope = service.encrypt(b"", row=ROW)
    for length in range(len(envelope)):
        assert refusal(envelope[:length]) in ("envelope_invalid", "key_unknown")


@given(st.binary(max_size=80))
def test_bytes_that_are_no_envelope_are_refused_without_a_traceback(junk: bytes) -> None:
    assert refusal(junk) in ("envelope_invalid", "key_unknown")


def test_the_first_key_seals_and_every_key_opens() -> None:
    sealed_before = EncryptionService(keys=OLD).encrypt(b"token", row=ROW)
    assert service.key_id_of(sealed_before) == "old"
    assert service.decrypt(sealed_before, row=ROW) == b"token"
    assert service.key_id_of(service.encrypt(b"token", row=ROW)) == "new1"


def test_a_key_that_is_gone_fails_that_row_alone_and_says_so() -> None:
    after_rotation = EncryptionService(keys=NEW)
    sealed_before = EncryptionService(keys=OLD).encrypt(b"token", row=ROW)
    assert refusal(sealed_before, by=after_rotation) == "key_unknown"
    assert after_rotation.key_id_of(sealed_before) == "old"
    assert after_rotation.decrypt(service.encrypt(b"other", row=ROW), row=ROW) == b"other"


def test_another_key_under_the_same_id_is_never_tried_twice_nor_believed() -> None:
    impostor = EncryptionService(keys={"new1": os.urandom(32)} | OLD)
    assert refusal(service.encrypt(b"token", row=ROW), by=impostor) == "envelope_invalid"
