"""Messages of Amazon SNS, read and verified (https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html)."""

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from notifications.errors import FeedbackRefused

NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
MAY_HAVE_LINES = ("Message", "Subject")


class SnsMessage(msgspec.Struct, frozen=True):
    """One message, not yet verified."""

    Type: str
    MessageId: str
    TopicArn: str
    Timestamp: str
    Message: str
    SignatureVersion: str
    Signature: str
    SigningCertURL: str
    Subject: str | None = None
    SubscribeURL: str | None = None
    Token: str | None = None

    @property
    def signed(self) -> bytes:
        """The bytes that SNS has signed: names and values of fields, each on a line. Raises FeedbackRefused."""
        lines = []
        for name in SIGNED.get(self.Type, ()):
            value = getattr(self, name)
            if value is None:
                if name != "Subject":
                    raise FeedbackRefused
                continue
            if "\n" in value and name not in MAY_HAVE_LINES:
                raise FeedbackRefused  # a line end would let one field speak for another
            lines += [name, value]
        if not lines:
            raise FeedbackRefused
        return "".join(f"{line}\n" for line in lines).encode()


def read(body: bytes) -> SnsMessage:
    """The message in the body of a request. Raises FeedbackRefused."""
    try:
        return msgspec.json.decode(body, type=SnsMessage)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise FeedbackRefused from error


def verify(message: SnsMessage, key: RSAPublicKey) -> None:
    """Check the signature, version 1 (SHA-1) or 2 (SHA-256). Raises FeedbackRefused."""
    # Version 1 is what SNS uses unless a topic is told otherwise; a forger would need a second preimage.
    hashes: dict[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303
    try:
        signature = base64.b64decode(message.Signature, validate=True)
        key.verify(signature, message.signed, PKCS1v15(), hashes[message.SignatureVersion])
    except (InvalidSignature, KeyError, binascii.Error, ValueError) as error:
        raise FeedbackRefused from error
