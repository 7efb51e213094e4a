"""Authenticator apps in tests: their codes, and people who have one."""

import base64
import time
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from accounts.models import FailedProof, Totp, User
from tests.accounts.conftest import Api


def code(secret: str, *, seconds: int = 0) -> str:
    """The code that the app shows, or showed or will show some seconds from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return TOTP(key, 6, SHA1(), 30).generate(int(time.time()) + seconds).decode()  # noqa: S303 as apps do


async def enrol(api: Api, user: User) -> tuple[str, list[str]]:
    """Sign in and set an app up; returns its secret and the recovery codes. No code has been used since."""
    await api.sign_in(user.email)
    started = await api.post("auth/mfa/totp")
    assert started.status_code == 200, started.content
    secret: str = started.json()["secret"]
    confirmed = await api.post("auth/mfa/totp/confirm", {"otp": code(secret)})
    assert confirmed.status_code == 200, confirmed.content
    await Totp.objects.filter(user=user).aupdate(last_step=0)
    return secret, confirmed.json()["recovery_codes"]


async def sign_in_with(api: Api, user: User, otp: str | None, password: str) -> Any:
    """The answer to a sign-in with a second factor."""
    return await api.post("auth/tokens", {"email": user.email, "password": password, "otp": otp})


async def forget_failures() -> None:
    """Forget all failures to prove who one is."""
    await FailedProof.objects.all().adelete()
