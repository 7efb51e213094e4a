"""SnapTrade's two ways to authorise a request: a bearer token, or a personal key's signature, and never both."""

import base64
import hashlib
import hmac
import json
from datetime import datetime

from providers.wire.grants import ACCESS
from providers.wire.placing import Secrets, Signature, Unsigned

CLIENT, KEY = "client_id", "consumer_key"
ROOT = "/api/v1"


def signed(request: Unsigned, secrets: Secrets, now: datetime) -> Signature:
    """The header of a bearer, or the query and the signature (HMAC-SHA256) of a key. Raises KeyError, ValueError."""
    if ACCESS in secrets:
        return Signature(header={"Authorization": f"Bearer {secrets[ACCESS]}"})
    query = {"clientId": secrets[CLIENT], "timestamp": str(int(now.timestamp()))}
    url = request.url.copy_merge_params(query)
    content = canonical(url.path, url.query.decode(), request.body)
    digest = hmac.digest(secrets[KEY].encode(), content.encode(), hashlib.sha256)
    return Signature(header={"Signature": base64.b64encode(digest).decode()}, query=query)


def canonical(path: str, query: str, body: bytes) -> str:
    """The text that is signed: JSON with sorted names, without white space; the path begins at the API's root."""
    content = json.loads(body) if body else None
    own = path[path.index(ROOT) :]
    return json.dumps(
        {"content": content, "path": own, "query": query}, separators=(",", ":"), sort_keys=True
    )
