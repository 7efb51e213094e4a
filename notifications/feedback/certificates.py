"""Certificates that SNS signs with: fetched from the topic's own host, and kept for an hour."""

import re
import time
from datetime import UTC, datetime

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from dashtam import limits
from dashtam.limits import Limit
from dashtam.outbound import TIMEOUT, Outbound
from notifications.errors import FeedbackNotNow, FeedbackRefused
from notifications.feedback.topic import Topic

DEADLINE_SECONDS, LARGEST = 10.0, 65_536
KEPT_SECONDS = 3600.0
MOST_KEPT = 16
SMALLEST_KEY = 2048
# Strangers name certificates too, before any signature is checked. SNS changes its own about once a year.
FETCHED = Limit("certificates of SNS", 10, 60)


class Certificates:
    """The public keys of one topic's host, by URL. A fetch that failed is not remembered."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.kept: dict[str, tuple[float, RSAPublicKey]] = {}

    async def key(self, url: str) -> RSAPublicKey:
        """The key of the certificate at `url`. Raises FeedbackRefused, and FeedbackNotNow while it cannot be had."""
        # The whole URL, as text: nothing that two parsers could read in two ways.
        path = re.fullmatch(
            rf"https://{re.escape(self.topic.host)}(/SimpleNotificationService-[0-9A-Za-z]{{1,80}}\.pem)", url
        )
        if path is None:
            raise FeedbackRefused
        until, key = self.kept.get(url, (0.0, None))
        if key is None or until < time.monotonic():
            await limits.require((FETCHED, self.topic.arn))
            key = _key_of(await self.fetch(path[1]))
            while len(self.kept) >= MOST_KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[url] = time.monotonic() + KEPT_SECONDS, key
        return key

    async def fetch(self, path: str) -> bytes:
        """The answer to a GET at the topic's host, without following it elsewhere. Raises FeedbackNotNow."""
        wire = Outbound(deadline=DEADLINE_SECONDS, largest=LARGEST)
        try:
            async with httpx.AsyncClient(transport=wire, trust_env=False, timeout=TIMEOUT) as client:
                response = await client.get(
                    f"{self.topic.origin}{path}", headers={"Accept-Encoding": "identity"}
                )
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise FeedbackNotNow from error
        if response.status_code != 200:
            raise FeedbackNotNow
        return response.content


def _key_of(pem: bytes) -> RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except ValueError as error:
        raise FeedbackNotNow from error
    valid = certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc
    if not valid or not isinstance(key, RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise FeedbackRefused
    return key
