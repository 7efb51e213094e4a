"""Access tokens: what is accepted, and all that is not."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from accounts.models import Session, User
from accounts.services.jwt_service import JWTService
from accounts.wiring import jwt_service
from dashtam.errors import InvalidToken
from tests.accounts.conftest import Api

OLD, NEW = b"o" * 32, b"n" * 32


async def _claims(user: User) -> dict[str, Any]:
    service = jwt_service()
    session = await Session.objects.aget(user=user)
    now = int(time.time())
    return {
        "iss": service.issuer,
        "aud": service.audience,
        "sub": str(user.id),
        "sid": str(session.id),
        "jti": "one",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    }


def _signed(
    claims: dict[str, Any], *, key: bytes | None = None, algorithm: str = "HS256", **headers: Any
) -> str:
    key_id, our_key = next(iter(jwt_service().keys.items()))
    headers = {"typ": "at+jwt", "kid": key_id} | headers
    headers = {name: value for name, value in headers.items() if value is not None}
    return _encoded(claims, key or our_key, algorithm, headers)


def _encoded(claims: Any, key: bytes, algorithm: str, headers: dict[str, Any]) -> str:
    """Signed by hand: the library refuses to make many of these."""
    parts = [_part({"alg": algorithm, **headers}), _part(claims)]
    signing_input = ".".join(parts).encode()
    signature = b"" if algorithm == "none" else jwt.get_algorithm_by_name("HS256").sign(signing_input, key)
    return ".".join([*parts, base64.urlsafe_b64encode(signature).decode().rstrip("=")])


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def _status(api: Api, token: str) -> int:
    api.token = token
    answer = await api.get("auth/me")
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["code"] == "invalid_token"
    status: int = answer.status_code
    return status


async def test_d1_a_token_signed_as_ours_is_accepted(api: Api, ana: User) -> None:
    """Or the refusals below would prove nothing."""
    await api.sign_in(ana.email)
    assert await _status(api, _signed(await _claims(ana))) == 200


async def test_d1_other_algorithms_are_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims = await _claims(ana)
    public = generate_private_key(65537, 2048).public_key()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("none", "None", "HS384", "HS512", "RS256", "", 7):
        assert await _status(api, _signed(claims, algorithm=algorithm)) == 401, algorithm  # type: ignore[arg-type]
    assert await _status(api, _signed(claims, key=pem)) == 401
    assert await _status(api, _signed(claims, key=b"wrong" * 8)) == 401


async def test_d2_keys_are_found_in_our_own_map_only(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims = await _claims(ana)
    for key_id in ("../../dev/null", "' OR 1=1--", "x" * 10_000, 7, True, None, ["a"], {"a": 1}, ""):
        assert await _status(api, _signed(claims, kid=key_id)) == 401, key_id


async def test_d2_headers_that_point_elsewhere_are_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims = await _claims(ana)
    for header in (
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "oct"}},
        {"x5u": "https://evil.example"},
    ):
        assert await _status(api, _signed(claims, **header)) == 401, header
    assert await _status(api, _signed(claims, crit=["exp"])) == 401
    assert await _status(api, _signed(claims, b64=False)) == 401


async def test_d3_other_types_of_token_are_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims = await _claims(ana)
    for typ in ("JWT", "id+jwt", None, 7, ""):
        assert await _status(api, _signed(claims, typ=typ)) == 401, typ


async def test_d3_every_claim_is_required_and_checked(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims = await _claims(ana)
    now = int(time.time())
    for name in claims:
        without = {key: value for key, value in claims.items() if key != name}
        assert await _status(api, _signed(without)) == 401, name
        assert await _status(api, _signed(claims | {name: None})) == 401, name
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "https://evil.example"},
        {"aud": [claims["aud"], "https://evil.example"]},
        {"exp": now - 61},
        {"nbf": now + 120},
        {"iat": now + 120},
        {"exp": str(now + 300)},
        {"exp": now + 300.5},
        {"exp": True},
        {"exp": float("inf")},
        {"sub": "nobody"},
        {"sub": 7},
        {"sid": str(ana.id)},
        {"sid": 7},
        {"jti": 7},
    ]
    for change in wrong:
        assert await _status(api, _signed(claims | change)) == 401, change


async def test_d3_clocks_may_differ_by_a_minute(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    claims, now = await _claims(ana), int(time.time())
    assert await _status(api, _signed(claims | {"iat": now + 50, "nbf": now + 50})) == 200
    assert await _status(api, _signed(claims | {"exp": now - 50})) == 200


async def test_d3_somebody_else_s_session_is_refused(api: Api, other_api: Api, ana: User, ben: User) -> None:
    await api.sign_in(ana.email)
    await other_api.sign_in(ben.email)
    mixed = await _claims(ana) | {"sid": (await _claims(ben))["sid"]}
    assert await _status(api, _signed(mixed)) == 401


async def test_d5_junk_is_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    for token in ("x", "a.b.c", "..", "é.é.é", "x" * 100_000, _signed(await _claims(ana)) + ",Bearer x"):
        assert await _status(api, token) == 401, token[:50]


async def test_c8_the_header_is_the_only_place_for_a_token(api: Api, ana: User) -> None:
    token = (await api.sign_in(ana.email))["access_token"]
    both = await api.get(f"auth/me?access_token={token}")
    assert (both.status_code, both.json()["code"]) == (400, "invalid_request")
    form = {"authorization": f"Bearer {token}"}
    in_a_form = await api.client.generic(
        "POST",
        "/api/v1/events/tickets",
        f"access_token={token}",
        content_type="application/x-www-form-urlencoded",
        headers=form,
    )
    assert (in_a_form.status_code, in_a_form.json()["code"]) == (400, "invalid_request")
    api.token = ""
    in_the_address = await api.get(f"auth/me?access_token={token}")
    assert (in_the_address.status_code, in_the_address["WWW-Authenticate"]) == (401, "Bearer")
    assert (await api.get("auth/me", authorization=f"Basic {token}")).status_code == 401
    assert (await api.get("auth/me", authorization=f"bearer {token}")).status_code == 200


def test_d4_a_new_key_signs_while_the_old_one_still_verifies() -> None:
    parts = {"issuer": "https://d.example", "audience": "https://d.example", "lifetime": 60}
    before = JWTService(keys={"old": OLD}, **parts)  # type: ignore[arg-type]
    during = JWTService(keys={"new": NEW, "old": OLD}, **parts)  # type: ignore[arg-type]
    after = JWTService(keys={"new": NEW}, **parts)  # type: ignore[arg-type]
    ids = {"user_id": User().id, "session_id": Session().id}
    old_token = before.create_access_token(**ids).token
    assert during.decode_access_token(old_token).session_id == ids["session_id"]
    new_token = during.create_access_token(**ids).token
    assert jwt.get_unverified_header(new_token)["kid"] == "new"
    assert after.decode_access_token(new_token).user_id == ids["user_id"]
    with pytest.raises(InvalidToken):
        after.decode_access_token(old_token)
