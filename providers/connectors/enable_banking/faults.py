"""Enable Banking's errors in our words. A 401 or 404 about one account says nothing about the session."""

from collections.abc import Callable

import httpx
import msgspec

from providers.connectors.enable_banking.answers import Failure, Status
from providers.errors import (
    ConsentEnded,
    NotSupported,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)

Make = Callable[[], ProviderError]


class PeriodTooLong(ProviderRefused):
    """The bank does not go back that far."""

    code = "period_too_long"


class CursorVoid(ProviderRefused):
    """The key of the next page is no longer known."""

    code = "continuation_void"


def _expired() -> ProviderError:
    return ConsentEnded(code="consent_expired")


def _revoked() -> ProviderError:
    return ConsentEnded(code="revoked_by_user")


def _tomorrow() -> ProviderError:
    return ProviderRateLimited(retry_after=3600)  # the bank's own day is over at an hour that nobody tells


OUTAGES = "ASPSP_ERROR ASPSP_TIMEOUT"
OURS = (
    "WRONG_REQUEST_PARAMETERS WRONG_ASPSP_PROVIDED REDIRECT_URI_NOT_ALLOWED PSU_HEADER_NOT_PROVIDED "
    "PSU_HEADER_INVALID DATE_TO_WITHOUT_DATE_FROM DATE_FROM_IN_FUTURE WRONG_DATE_INTERVAL ACCESS_DENIED "
    "UNAUTHORIZED_ACCESS UNAUTHORIZED_IP AUTHORIZATION_NOT_PROVIDED NO_ACCOUNTS_ADDED INVALID_HOST "
    "WRONG_AUTHORIZATION_CODE EXPIRED_AUTHORIZATION_CODE ALREADY_AUTHORIZED"
)
CODES: dict[str, Make] = {
    **dict.fromkeys(OUTAGES.split(), ProviderUnavailable),
    **dict.fromkeys(OURS.split(), ProviderRefused),
    "EXPIRED_SESSION": _expired,
    "REVOKED_SESSION": _revoked,
    "CLOSED_SESSION": ConsentEnded,
    "SESSION_DOES_NOT_EXIST": ConsentEnded,
    "WRONG_SESSION_STATUS": ConsentEnded,
    "ASPSP_PSU_ACTION_REQUIRED": ConsentEnded,
    "ASPSP_RATE_LIMIT_EXCEEDED": _tomorrow,
    "WRONG_TRANSACTIONS_PERIOD": PeriodTooLong,
    "WRONG_CONTINUATION_KEY": CursorVoid,
    "ACCOUNT_DOES_NOT_EXIST": ProviderRefused,
    "ASPSP_ACCOUNT_NOT_ACCESSIBLE": ProviderRefused,
    "INVALID_ACCOUNT_ID": ProviderRefused,
    "TRANSACTION_DOES_NOT_EXIST": NotSupported,
}
ENDED: dict[str, Make] = {
    "EXPIRED": _expired,
    "REVOKED": _revoked,
    "CANCELLED": _revoked,
    "CLOSED": ConsentEnded,
    "INVALID": ConsentEnded,
}


def fault(answer: httpx.Response) -> ProviderError | None:
    """The error that an answer names, or the end of a session that it states; None leaves the verdict to the status."""
    path = answer.request.url.path
    if answer.is_success:
        return _ended(answer) if "/sessions/" in path and answer.request.method == "GET" else None
    try:
        named = msgspec.json.decode(answer.content, type=Failure).error
    except msgspec.MsgspecError:
        return None
    make = CODES.get(named or "")
    if make is None and "/accounts/" in path and answer.status_code in (401, 404):
        return ProviderRefused()
    return make() if make else None


def _ended(answer: httpx.Response) -> ProviderError | None:
    try:
        make = ENDED.get(msgspec.json.decode(answer.content, type=Status).status)
    except msgspec.MsgspecError:
        return None
    return make() if make else None
