"""The host of SNS, over real HTTP: a key that signs as SNS does, its certificate, and confirmations that it got."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-central-1:123456789012:mail-feedback"
PEM = "/SimpleNotificationService-0123456789abcdef.pem"
URL = f"https://sns.eu-central-1.amazonaws.com{PEM}"


HASHES: dict[str, Any] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 as SNS does


class SnsHost:
    """What one region of SNS shows to the world."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.files = {PEM: self.certificate()}
        self.asked: list[str] = []
        self.status = 200

    def certificate(self, *, key: Any = None, days: int = 30) -> bytes:
        """A certificate of `key`, ours unless told, that ends in so many days."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
        made = made.public_key((key or self.key).public_key()).serial_number(7)
        made = made.not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
        return made.sign(key or self.key, SHA256()).public_bytes(Encoding.PEM)

    def confirmed(self) -> list[dict[str, list[str]]]:
        """The queries of the confirmations that it got."""
        return [parse_qs(urlsplit(path).query) for path in self.asked if path.startswith("/?")]

    def message(self, text: str, *, version: str = "2", key: Any = None, **fields: str) -> dict[str, str]:
        """A message as SNS sends it, signed."""
        sent = {
            "Type": "Notification",
            "MessageId": "7f0a4c2e-0001",
            "TopicArn": TOPIC,
            "Message": text,
            "Timestamp": "2026-11-29T08:00:00.000Z",
            "SignatureVersion": version,
            "SigningCertURL": URL,
            **fields,
        }
        names = ["Message", "MessageId"]
        names += ["Subject"] if sent["Type"] == "Notification" and "Subject" in sent else []
        names += ["SubscribeURL"] if sent["Type"] != "Notification" else []
        names += ["Timestamp", *(["Token"] if sent["Type"] != "Notification" else []), "TopicArn", "Type"]
        signed = "".join(f"{name}\n{sent[name]}\n" for name in names).encode()
        signature = (key or self.key).sign(signed, PKCS1v15(), HASHES[version])
        return {**sent, "Signature": base64.b64encode(signature).decode()}


@contextmanager
def sns_host() -> Iterator[SnsHost]:
    """The host, in a thread of the test."""
    host = SnsHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            body = host.files.get(self.path, b"<ConfirmSubscriptionResponse/>")
            self.send_response(host.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    yield host
    server.shutdown()
    server.server_close()
    thread.join()
