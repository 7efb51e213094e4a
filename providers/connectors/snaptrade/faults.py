"""SnapTrade's errors in our words."""

import httpx

from providers.errors import (
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
    """The error of a status that means something else here than elsewhere; None for all others."""
    status = answer.status_code
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


def _wait(answer: httpx.Response) -> int | None:
    """The seconds until the limit that is used up is whole again; the headers may be missing."""
    for left, reset in zip(LEFT, RESETS, strict=True):
        value = answer.headers.get(reset, "")
        if answer.headers.get(left) == "0" and value.isascii() and value.isdigit():
            return min(int(value[:9]), 3600)
    return None
