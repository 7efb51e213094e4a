"""Plaid's errors in our words, by `error_type`, `error_code` and `error_code_reason`."""

from collections.abc import Callable

import httpx
import msgspec

from providers.connectors.contract.batches import StartAgain
from providers.connectors.plaid.answers import Failure
from providers.errors import (
    ConsentEnded,
    NotSupported,
    PaymentRequired,
    ProviderError,
    ProviderRateLimited,
    ProviderRefused,
    ProviderUnavailable,
)

PRODUCT_LATER = 300  # seconds until an Item that is being read for the first time may be ready
Make = Callable[[], ProviderError]
SIGN_IN = (
    "ITEM_LOGIN_REQUIRED INVALID_CREDENTIALS INVALID_MFA INVALID_UPDATED_USERNAME INSUFFICIENT_CREDENTIALS "
    "ITEM_LOCKED USER_SETUP_REQUIRED ACCESS_NOT_GRANTED ITEM_NOT_FOUND INVALID_ACCESS_TOKEN "
    "ADDITIONAL_CONSENT_REQUIRED NO_ACCOUNTS PASSWORD_RESET_REQUIRED ITEM_CONCURRENTLY_DELETED"
)
NOT_OFFERED = (
    "PRODUCTS_NOT_SUPPORTED PRODUCT_NOT_ENABLED NO_INVESTMENT_ACCOUNTS NO_INVESTMENT_AUTH_ACCOUNTS "
    "INSTITUTION_NO_LONGER_SUPPORTED ITEM_NOT_SUPPORTED MFA_NOT_SUPPORTED"
)


def _revoked() -> ProviderError:
    return ConsentEnded(code="revoked_by_user")


def _expired() -> ProviderError:
    return ConsentEnded(code="consent_expired")


def _not_read_yet() -> ProviderError:
    return ProviderUnavailable(retry_after=PRODUCT_LATER)


REASONS: dict[str | None, Make] = {"OAUTH_USER_REVOKED": _revoked, "OAUTH_CONSENT_EXPIRED": _expired}
CODES: dict[str, Make] = {
    **dict.fromkeys(SIGN_IN.split(), ConsentEnded),
    **dict.fromkeys(NOT_OFFERED.split(), NotSupported),
    "USER_PERMISSION_REVOKED": _revoked,
    "USER_ACCOUNT_REVOKED": _revoked,
    "PRODUCT_NOT_READY": _not_read_yet,
    "ITEM_PRODUCT_NOT_READY": _not_read_yet,
    "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION": StartAgain,
    "TRIAL_LIMIT_REACHED": PaymentRequired,
}
TYPES: dict[str, Make] = {
    "RATE_LIMIT_EXCEEDED": ProviderRateLimited,
    "INSTITUTION_ERROR": ProviderUnavailable,
    "API_ERROR": ProviderUnavailable,
    "INVALID_REQUEST": ProviderRefused,
    "INVALID_INPUT": ProviderRefused,
    "INVALID_RESULT": ProviderRefused,
}


def fault(answer: httpx.Response) -> ProviderError | None:
    """The error that an answer names; None leaves the verdict to the status."""
    if answer.is_success:
        return None
    try:
        named = msgspec.json.decode(answer.content, type=Failure)
    except msgspec.MsgspecError:
        return None
    make = REASONS.get(named.error_code_reason) or CODES.get(named.error_code) or TYPES.get(named.error_type)
    return make() if make else None
