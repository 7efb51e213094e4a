"""SnapTrade's errors in our words."""

import httpx
import msgspec

from providers.connectors.snaptrade.answers import Authorization
from providers.errors import (
    ConsentEnded,
    NotSupported,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)

RESETS = ("X-RateLimit-Account-Reset", "X-RateLimit-Reset")
LEFT = ("X-RateLimit-Account-Remaining", "X-RateLimit-Remaining")


class ConnectionDisabled(ProviderRefused):
    """The brokerage no longer lets SnapTrade in: the person has to connect it anew at SnapTrade."""

    code = "connection_disabled"
    title = "SnapTrade has lost its access to this institution."
    detail = "Reconnect it here: SnapTrade then asks for your sign-in at that institution."
    retry_after = None


def fault(answer: httpx.Response) -> ProviderError | None:
    """The error of a status that means something else here than elsewhere, or the end of all access; else None."""
    status = answer.status_code
    if answer.is_success:
        return _ended(answer) if answer.request.url.path.endswith("/authorizations") else None
    if status == 402:
        return ConnectionDisabled()
    if status == 410:
        return NotSupported()  # an endpoint that newer keys have no access to
    if status == 425:
        return ProviderUnavailable(retry_after=300)  # the brokerage is being read for the first time
    if status == 429:
        wait = _wait(answer)
        return ProviderRateLimited() if wait is None else ProviderRateLimited(retry_after=wait)
    return None


def _ended(answer: httpx.Response) -> ProviderError | None:
    """The end of access: nothing is connected any more, or all of it is disabled."""
    try:
        held = msgspec.json.decode(answer.content, type=list[Authorization])
    except msgspec.MsgspecError:
        return None
    if not held:
        return ConsentEnded(code="revoked_by_user")
    return ConsentEnded() if all(each.disabled for each in held) else None


def _wait(answer: httpx.Response) -> int | None:
    """The seconds until the limit that is used up is whole again; the headers may be missing."""
    for left, reset in zip(LEFT, RESETS, strict=True):
        value = answer.headers.get(reset, "")
        if answer.headers.get(left) == "0" and value.isascii() and value.isdigit():
            return min(int(value[:9]), 3600)
    return None
