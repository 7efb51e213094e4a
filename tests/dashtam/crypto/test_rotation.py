"""Key rotation: every envelope under the newest key, none lost, and a proof that the old one is unused."""

import os
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from accounts.models import User
from dashtam.crypto.encryption_service import EncryptionService
from dashtam.crypto.rotation import rotate
from dashtam.crypto.sealed_fields import SealedField, keys_in_use, place, sealed_columns
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken

pytestmark = pytest.mark.django_db
OLD, NEW = {"old1": os.urandom(32)}, {"new1": os.urandom(32)}
before, after = EncryptionService(keys=OLD), EncryptionService(keys=NEW | OLD)


def token(user: User, text: bytes = b"an access token", by: EncryptionService = before) -> ProviderToken:
    connection = Connection.objects.create(user=user, provider="sandbox", state=Connection.State.ACTIVE)
    return ProviderToken.objects.create(
        connection=connection,
        access_token=by.encrypt(text, row=place(ProviderToken, connection.id, "access_token")),
        refresh_token=by.encrypt(text[::-1], row=place(ProviderToken, connection.id, "refresh_token")),
        version=7,
    )


def opened(by: EncryptionService, connection_id: UUID, column: str = "access_token") -> bytes:
    envelope = bytes(getattr(ProviderToken.objects.get(connection_id=connection_id), column))
    return by.decrypt(envelope, row=place(ProviderToken, connection_id, column))


def rotated(settings: Any, *rings: dict[str, bytes]) -> str:
    settings.ENCRYPTION_KEYS = {key_id: key for ring in rings for key_id, key in ring.items()}
    said = StringIO()
    call_command("rotate_encryption_keys", stdout=said)
    return said.getvalue()


def test_g3_every_sealed_column_of_every_table_is_rotated(ana: User, settings: Any) -> None:
    connection_id = token(ana).pk
    request = AuthorizationRequest(user=ana, provider="sandbox", expires_at="2030-01-01T00:00Z")
    request.code_verifier = before.encrypt(
        b"verifier", row=place(AuthorizationRequest, request.id, "code_verifier")
    )
    request.save()
    revocation = PendingRevocation(provider="sandbox", hint="refresh_token")
    revocation.token = before.encrypt(b"revoked", row=place(PendingRevocation, revocation.id, "token"))
    revocation.save()
    assert keys_in_use() == {"old1": 4}
    said = rotated(settings, NEW, OLD)
    assert "Nothing needs 'old1'" in said
    assert "providers_providertoken.refresh_token: 'new1' 1" in said
    assert keys_in_use() == {"new1": 4}
    new_alone = EncryptionService(keys=NEW)
    assert opened(new_alone, connection_id) == b"an access token"
    assert opened(new_alone, connection_id, "refresh_token") == b"nekot ssecca na"


def test_g3_a_second_run_finds_nothing_to_do_and_writes_nothing(ana: User, settings: Any) -> None:
    row = token(ana)
    rotated(settings, NEW, OLD)
    row.refresh_from_db()
    assert "Sealed anew: 0." in rotated(settings, NEW, OLD)
    assert ProviderToken.objects.filter(pk=row.pk, access_token=row.access_token).exists()


def test_g3_a_run_that_was_stopped_goes_on_with_what_is_left(ana: User) -> None:
    rows = [token(ana, b"%d" % number) for number in range(5)]

    class Killed(BaseException):
        pass

    def stop(column: Any, seen: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        rotate(after, stop, batch_size=2)
    assert 0 < keys_in_use()["new1"] < 10
    assert sorted(opened(after, row.pk) for row in rows) == [b"0", b"1", b"2", b"3", b"4"]
    rotate(after)
    assert keys_in_use() == {"new1": 10}
    assert sorted(opened(after, row.pk) for row in rows) == [b"0", b"1", b"2", b"3", b"4"]


def test_g3_a_token_refreshed_in_the_middle_is_kept_with_its_lease_and_version(ana: User) -> None:
    row = token(ana)
    fresh = before.encrypt(b"refreshed", row=place(ProviderToken, row.pk, "access_token"))

    class Overtaken(EncryptionService):
        """A service between whose reading and writing another writer renews the row."""

        def encrypt(self, plaintext: bytes, *, row: str) -> bytes:
            ProviderToken.objects.update(access_token=fresh, version=8)
            return super().encrypt(plaintext, row=row)

    done = rotate(Overtaken(keys=NEW | OLD))
    assert done.overtaken >= 1
    assert opened(after, row.pk) == b"refreshed"
    assert ProviderToken.objects.get().version == 8
    rotate(after)
    assert keys_in_use() == {"new1": 2}


def test_g3_what_cannot_be_opened_is_left_counted_and_named(ana: User, ben: User, settings: Any) -> None:
    lost = token(ana, by=EncryptionService(keys={"lost": os.urandom(32)}))
    kept = token(ben)
    settings.ENCRYPTION_KEYS = NEW | OLD
    said = StringIO()
    with pytest.raises(CommandError, match="left as they are"):
        call_command("rotate_encryption_keys", stdout=said)
    assert "2 sealed with 'lost' cannot be opened (key_unknown)" in said.getvalue()
    assert opened(EncryptionService(keys=NEW), kept.pk) == b"an access token"
    again = ProviderToken.objects.get(pk=lost.pk)
    assert bytes(again.access_token) == bytes(lost.access_token)


def test_g3_bytes_that_are_no_envelope_stop_neither_rotation_nor_proof(ana: User) -> None:
    row = token(ana)
    for junk in (b"", b"\x01", b"\x01\xff", b"\x02abc", b"\x01\x00", os.urandom(40)):
        ProviderToken.objects.filter(pk=row.pk).update(access_token=junk)
        assert sum(keys_in_use().values()) == 2
        assert sum(rotate(after).unopened.values()) == 1


def test_g3_bytes_that_only_begin_like_an_envelope_spoil_the_proof_and_are_told_apart(
    ana: User, settings: Any
) -> None:
    row = token(ana)
    settings.ENCRYPTION_KEYS = NEW | OLD
    ProviderToken.objects.filter(pk=row.pk).update(access_token=after.header)
    with pytest.raises(CommandError, match="left as they are"):
        call_command("rotate_encryption_keys", stdout=StringIO())


def test_g4_the_same_value_is_never_sealed_with_the_same_nonce(ana: User) -> None:
    row = token(ana)
    seen = set()
    for _ in range(20):
        ProviderToken.objects.filter(pk=row.pk).update(
            access_token=before.encrypt(b"same", row=place(ProviderToken, row.pk, "access_token"))
        )
        rotate(after)
        seen.add(bytes(ProviderToken.objects.get(pk=row.pk).access_token)[6:18])
    assert len(seen) == 20


def test_a_place_is_given_out_for_sealed_columns_only() -> None:
    with pytest.raises(TypeError):
        place(ProviderToken, 1, "scope")
    assert all(
        isinstance(column.model._meta.get_field(column.column), SealedField) for column in sealed_columns()
    )


def test_to_the_database_a_sealed_column_is_bytes() -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_name = 'providers_providertoken' AND column_name = 'access_token'"
        )
        assert cursor.fetchone() == ("bytea",)
