"""Blocks: the new rows of one delivery, as JSON, compressed and sealed in one piece."""

import zlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

from dashtam.crypto.sealed_fields import open_field, seal_field
from dashtam.wiring import encryption_service
from providers.ledger.observations.models import Delivery
from providers.records import TransactionRecord

_decoder = msgspec.json.Decoder(list[TransactionRecord])


def seal(delivery_id: UUID, records: Sequence[TransactionRecord]) -> bytes:
    """The block of these records, for this delivery and no other."""
    packed = zlib.compress(msgspec.json.encode(list(records)), 1)
    return seal_field(encryption_service(), Delivery, delivery_id, "block", packed)


def unseal(delivery: Delivery) -> list[TransactionRecord]:
    """The records of a delivery, in their places. Raises DecryptionFailed."""
    return _decoder.decode(zlib.decompress(open_field(encryption_service(), delivery, "block")))
