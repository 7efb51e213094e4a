"""A setup token, the access URL that it is claimed for, and what a grant of it holds."""

import base64
import hashlib
from collections.abc import Iterable, Mapping

import httpx

from providers.connectors.contract.errors import CredentialsRefused
from providers.wire.grants import Grant

USER, PASSWORD, SUBJECT, KNOWN = "user", "password", "subject", "known"
WRONG = "This is not a setup token. Copy the whole token from the bridge's page."
USED = (
    "The bridge says that this token has been used already. If it was not you who used it, somebody else may have it: "
    "disable it on the bridge's page. Then make a new one."
)


def url_of(token: str) -> str:
    """The URL that a setup token holds; an access URL that was pasted in its place stays as it is.

    Raises CredentialsRefused.
    """
    compact = "".join(token.split())
    if compact.startswith(("https://", "http://")):
        return compact
    try:
        found = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True).decode("ascii")
    except ValueError:
        raise CredentialsRefused.of("token", WRONG) from None
    if not found.startswith(("https://", "http://")):
        raise CredentialsRefused.of("token", WRONG)
    return found


def grant_of(access_url: str) -> Grant:
    """The grant of an access URL: user and password, and the address without them. Raises CredentialsRefused."""
    try:
        url = httpx.URL(access_url.strip())
    except (httpx.InvalidURL, UnicodeError):
        raise CredentialsRefused.of("token", WRONG) from None
    if not url.username or not url.host:
        raise CredentialsRefused.of("token", WRONG)
    return Grant(
        {USER: url.username, PASSWORD: url.password},
        origin=str(url.copy_with(userinfo=b"", query=None, fragment=None)).rstrip("/"),
    )


def holds_access(url: str) -> bool:
    """True for an access URL: it has a user in it."""
    try:
        return bool(httpx.URL(url).userinfo)
    except httpx.InvalidURL:
        return False


def named(grant: Grant, accounts: Iterable[str], before: Grant | None) -> Grant:
    """The grant with the person's subject: SimpleFIN knows none, so it is proven by the accounts they have.

    A new access URL that shows an account that the old one showed is the same person's.
    """
    marks = sorted({_mark(grant.origin, account) for account in accounts})
    earlier: Mapping[str, str] = before.secrets if before else {}
    same = bool(set(marks) & set(earlier.get(KNOWN, "").split()))
    subject = (
        earlier.get(SUBJECT, "")
        if same
        else (marks[0] if marks else _mark(grant.origin, grant.secrets[USER]))
    )
    return Grant({**grant.secrets, SUBJECT: subject, KNOWN: " ".join(marks)}, origin=grant.origin)


def _mark(origin: str, name: str) -> str:
    return hashlib.sha256(f"{httpx.URL(origin).host}/{name}".encode()).hexdigest()[:24]
