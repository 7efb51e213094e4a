"""Access tokens: the accepted form, and the refusal of every other."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from accounts.models import Session, User
from accounts.models.session import cache_name
from accounts.services.jwt_service import JWTService
from accounts.wiring import jwt_service
from dashtam.bridge.doors import run_db
from dashtam.cache import cache
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
    """Show that the refusals below are not refusals of everything."""
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
        {"exp": now - 66},
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
    assert await _status(api, _signed(claims | {"iat": now + 60, "nbf": now + 60})) == 200
    assert await _status(api, _signed(claims | {"exp": now - 60})) == 200


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
    in_the_url = await api.get(f"auth/me?access_token={token}")
    assert (in_the_url.status_code, in_the_url["WWW-Authenticate"]) == (401, "Bearer")
    assert (await api.get("auth/me", authorization=f"Basic {token}")).status_code == 401
    assert (await api.get("auth/me", authorization=f"bearer {token}")).status_code == 200


def test_d4_a_new_key_signs_while_the_old_one_still_verifies() -> None:
    parts = {"issuer": "https://d.example", "audience": "https://d.example", "lifetime": 60}
    before = JWTService(keys={"old": OLD}, **parts)  # type: ignore[arg-type]
    during = JWTService(keys={"new": NEW, "old": OLD}, **parts)  # type: ignore[arg-type]
    after = JWTService(keys={"new": NEW}, **parts)  # type: ignore[arg-type]
    ids = {"user_id": User().id, "session_id": Session().id}
    old_token = before.create_access_token(user_id=ids["user_id"], session_id=ids["session_id"]).token
    assert during.decode_access_token(old_token).session_id == ids["session_id"]
    new_token = during.create_access_token(user_id=ids["user_id"], session_id=ids["session_id"]).token
    assert jwt.get_unverified_header(new_token)["kid"] == "new"
    assert after.decode_access_token(new_token).user_id == ids["user_id"]
    with pytest.raises(InvalidToken):
        after.decode_access_token(old_token)


async def test_d4_no_request_fails_while_the_keys_of_a_fleet_change(
    api: Api, ana: User, settings: Any
) -> None:
    """Two processes restart one after the other, at each step of the way; tokens of either work at both."""
    old, new = {"old": OLD}, {"new": NEW}
    steps = [old, old | new, new | old, new | old, new]  # as docs/operations.md has it
    fleet = [old, old]
    settings.JWT_KEYS = old
    pair = await api.sign_in(ana.email)
    tokens = [pair["access_token"]]
    for step in steps:
        if step == new:  # a quarter of an hour later
            tokens = tokens[-1:]
        for restarted in (0, 1):
            fleet[restarted] = step
            for keys in fleet:
                settings.JWT_KEYS = keys
                for token in tokens:
                    assert await _status(api, token) == 200, (list(keys), jwt.get_unverified_header(token))
            for keys in fleet:
                settings.JWT_KEYS = keys
                body = {"refresh_token": pair["refresh_token"]}
                pair = (await api.post("auth/tokens/refresh", body)).json()
                tokens.append(pair["access_token"])
    assert {jwt.get_unverified_header(token)["kid"] for token in tokens} == {"new"}
    assert await _status(api, _signed(await _claims(ana), key=OLD, kid="old")) == 401


def _respelt(token: str) -> dict[str, str]:
    """The same bytes, or nearly, in spellings that a lax reader would take (RFC 7515 §2, RFC 4648 §3)."""
    header, claims, signature = token.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    return {
        "trailing bits": f"{header}.{claims}.{signature[:-1]}{alphabet[last ^ 1]}",
        "padding": f"{token}=",
        "padding in the middle": f"{header}=.{claims}.{signature}",
        "the other alphabet": f"{header}.{claims}.{signature[:-2]}+/",
        "a sign of no alphabet": f"{header}.{claims}.{signature[:9]}!{signature[9:]}",
        "a full stop at the end": f"{token}.",
        "a full stop in front": f".{token}",
        "four parts": f"{token}.{signature}",
        "no signature": f"{header}.{claims}.",
        "two parts": f"{header}.{claims}",
        "a shorter signature": f"{header}.{claims}.{signature[:-4]}",
        "a longer signature": f"{header}.{claims}.{signature}AAAA",
        "a signature of zeros": f"{header}.{claims}.{'A' * len(signature)}",
        "the parts swapped": f"{claims}.{header}.{signature}",
        "JSON serialisation": json.dumps({"protected": header, "payload": claims, "signature": signature}),
    }


async def test_d5_a_genuine_token_in_another_spelling_is_refused(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    genuine = _signed(await _claims(ana))
    assert await _status(api, genuine) == 200
    for name, token in _respelt(genuine).items():
        assert token != genuine, name
        assert await _status(api, token) == 401, name


async def test_d5_every_altered_bit_of_a_signature_counts(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    header, claims, signature = _signed(await _claims(ana)).split(".")
    raw = base64.urlsafe_b64decode(signature + "=")
    for bit in range(0, 256, 5):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(bytes(altered)).decode().rstrip("=")
        with pytest.raises(InvalidToken):
            jwt_service().decode_access_token(f"{header}.{claims}.{text}")


@pytest.mark.parametrize("claims", [[], "text", 7, None, True, [{"sub": "x"}]])
async def test_d5_claims_that_are_no_object_are_refused(api: Api, ana: User, claims: object) -> None:
    await api.sign_in(ana.email)
    assert await _status(api, _signed(claims)) == 401  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header", [b"[]", b"7", b"null", b"{", b'"x"', "\ufeff{}".encode(), b"\xff", b"", b"{}"]
)
async def test_d5_headers_that_are_no_json_object_are_refused(api: Api, ana: User, header: bytes) -> None:
    await api.sign_in(ana.email)
    _, claims, signature = _signed(await _claims(ana)).split(".")
    part = base64.urlsafe_b64encode(header).decode().rstrip("=")
    assert await _status(api, f"{part}.{claims}.{signature}") == 401


async def test_of_many_who_come_when_the_cache_has_forgotten_one_asks_the_database(
    api: Api, ana: User, statements: Any
) -> None:
    await api.sign_in(ana.email)
    async with statements() as said:
        answers = await asyncio.gather(*(api.get("connections") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len([each for each in said if "accounts_session" in each and "revoke_reason" in each]) == 1


async def test_who_waits_for_the_answer_of_a_session_that_ends_meanwhile_is_refused(
    api: Api, ana: User
) -> None:
    await api.sign_in(ana.email)
    session = await Session.objects.aget(user=ana)
    name = cache_name(session.id)
    with cache().finding_out(name):
        waiting = asyncio.create_task(api.get("auth/me"))
        while not cache().sought[name]._waiters:  # noqa: ASYNC110 until it waits
            await asyncio.sleep(0)
        await run_db(Session.objects.end, id=session.id, reason="ended_by_user")
        await cache().set(name, None, seconds=60)
    assert (await waiting).status_code == 401
