"""Authenticator apps and recovery codes, over the API."""

import asyncio
from typing import Any

from accounts.models import AuditEvent, FailedProof, RecoveryCode, Session, Totp, User
from accounts.models.failed_proof import subject_of
from dashtam.crypto.sealed_fields import sealed_columns
from tests.accounts.api.test_reauthentication import age_proofs
from tests.accounts.conftest import Api, link_token, mails
from tests.accounts.second_factors import code, enrol, forget_failures, sign_in_with
from tests.conftest import PASSWORD


async def _audited(action: str) -> int:
    return await AuditEvent.objects.filter(action=action).acount()


async def test_a10_a_code_is_asked_for_after_a_right_password_and_only_then(
    api: Api, other_api: Api, ana: User
) -> None:
    secret, _ = await enrol(api, ana)
    wrong = await sign_in_with(other_api, ana, code(secret), "certainly not the one")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    asked = await other_api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    assert (asked.status_code, asked.json()["code"]) == (401, "otp_required")
    assert await Session.objects.acount() == 1
    right = await sign_in_with(other_api, ana, f" {code(secret)[:3]} {code(secret)[3:]} ", PASSWORD)
    assert right.status_code == 200
    assert (await Session.objects.alatest("created_at")).mfa


async def test_a10_a_code_counts_once(api: Api, other_api: Api, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    otp = code(secret)
    assert (await sign_in_with(other_api, ana, otp, PASSWORD)).status_code == 200
    again = await sign_in_with(other_api, ana, otp, PASSWORD)
    assert (again.status_code, again.json()["code"]) == (401, "otp_invalid")
    earlier = await sign_in_with(other_api, ana, code(secret, seconds=-30), PASSWORD)
    assert earlier.status_code == 401
    later = await sign_in_with(other_api, ana, code(secret, seconds=30), PASSWORD)
    assert later.status_code == 200


async def test_a10_of_twenty_uses_of_one_code_at_once_exactly_one_counts(api: Api, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    before = await Session.objects.acount()
    body = {"email": ana.email, "password": PASSWORD, "otp": code(secret)}
    answers = await asyncio.gather(*(Api().post("auth/tokens", body) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1, statuses
    assert set(statuses) <= {200, 401, 429, 503}
    assert await Session.objects.acount() == before + 1


async def test_a10_codes_from_too_long_ago_or_ahead_do_not_count(api: Api, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    for seconds in (-90, 90):
        refused = await sign_in_with(Api(), ana, code(secret, seconds=seconds), PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (401, "otp_invalid"), seconds
    assert (await sign_in_with(Api(), ana, code(secret, seconds=-30), PASSWORD)).status_code == 200


async def test_a10_guessing_is_throttled_by_account(api: Api, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    right = code(secret)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    answers = [await sign_in_with(Api(), ana, wrong, PASSWORD) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0
    assert (await sign_in_with(Api(), ana, right, PASSWORD)).status_code == 429
    assert 0 < await _audited("mfa.code_refused") <= 10


async def test_b5_after_a_hundred_wrong_codes_only_a_recovery_code_counts(api: Api, ana: User) -> None:
    secret, codes = await enrol(api, ana)
    await FailedProof.objects.acreate(subject_hash=subject_of("code", ana.id), total=100)
    refused = await sign_in_with(Api(), ana, code(secret), PASSWORD)
    assert (refused.status_code, refused.json()["code"]) == (401, "otp_invalid")
    assert (await sign_in_with(Api(), ana, codes[0], PASSWORD)).status_code == 200
    assert (await sign_in_with(Api(), ana, code(secret, seconds=30), PASSWORD)).status_code == 200


async def test_a10_a_recovery_code_stands_in_once_and_its_person_is_told(api: Api, ana: User) -> None:
    _, codes = await enrol(api, ana)
    assert len(set(codes)) == 10
    used = await sign_in_with(Api(), ana, codes[3].upper().replace("-", " "), PASSWORD)
    assert used.status_code == 200
    again = await sign_in_with(Api(), ana, codes[3], PASSWORD)
    assert (again.status_code, again.json()["code"]) == (401, "otp_invalid")
    mail = (await mails("second_factor_changed"))[-1]
    assert (mail.to, mail.context["change"], mail.context["left"]) == (ana.email, "recovery_code_used", "9")
    assert await _audited("mfa.recovery_code_used") == 1
    answers = await asyncio.gather(*(sign_in_with(Api(), ana, codes[4], PASSWORD) for _ in range(5)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_a10_the_secret_is_sealed_and_codes_are_kept_as_keyed_hashes(api: Api, ana: User) -> None:
    secret, codes = await enrol(api, ana)
    totp = await Totp.objects.aget()
    assert secret.encode() not in bytes(totp.secret)
    assert "accounts_totp.secret" in {str(column) for column in sealed_columns()}
    kept = [bytes(each.code_hash) async for each in RecoveryCode.objects.all()]
    assert {len(each) for each in kept} == {32}
    assert not any(each.replace("-", "").encode() in b"".join(kept) for each in codes)


async def test_a10_somebody_else_s_codes_do_not_count(api: Api, ana: User, ben: User) -> None:
    secret, codes = await enrol(api, ana)
    await enrol(Api(), ben)
    for otp in (code(secret), codes[0]):
        assert (await sign_in_with(Api(), ben, otp, PASSWORD)).status_code == 401


async def test_a_secret_counts_once_its_first_code_is_confirmed(api: Api, other_api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    assert (await api.post("auth/mfa/totp/confirm", {"otp": "123456"})).status_code == 404
    first = (await api.post("auth/mfa/totp")).json()
    await other_api.sign_in(ana.email)  # nothing is asked for yet
    second = (await api.post("auth/mfa/totp")).json()
    assert second["secret"] != first["secret"]
    assert second["otpauth_uri"].startswith("otpauth://totp/Dashtam:")
    assert f"secret={second['secret']}" in second["otpauth_uri"]
    stale = await api.post("auth/mfa/totp/confirm", {"otp": code(first["secret"])})
    assert (stale.status_code, stale.json()["code"]) == (401, "otp_invalid")
    assert (await api.post("auth/mfa/totp/confirm", {"otp": code(second["secret"])})).status_code == 200
    taken = await api.post("auth/mfa/totp")
    assert (taken.status_code, taken.json()["code"]) == (409, "factor_exists")
    assert (
        await other_api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    ).status_code == 401
    assert [mail.context["change"] for mail in await mails("second_factor_changed")] == ["totp_added"]
    assert (await Session.objects.filter(mfa=True).acount()) == 1


async def test_a_removed_app_is_asked_for_no_more(api: Api, other_api: Api, ana: User) -> None:
    await enrol(api, ana)
    assert (await api.call("DELETE", "auth/mfa/totp")).status_code == 204
    assert (await api.call("DELETE", "auth/mfa/totp")).status_code == 404
    await other_api.sign_in(ana.email)
    assert not await RecoveryCode.objects.aexists()
    assert (await mails("second_factor_changed"))[-1].context["change"] == "totp_removed"
    assert await _audited("mfa.totp_removed") == 1


async def test_recovery_codes_are_made_anew(api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    assert (await api.post("auth/mfa/recovery-codes")).status_code == 404
    _, old = await enrol(api, ana)
    made = await api.post("auth/mfa/recovery-codes")
    assert made.status_code == 201
    new = made.json()["recovery_codes"]
    assert (await sign_in_with(Api(), ana, old[0], PASSWORD)).status_code == 401
    assert (await sign_in_with(Api(), ana, new[0], PASSWORD)).status_code == 200
    changes = [mail.context["change"] for mail in await mails("second_factor_changed")]
    assert changes == ["totp_added", "recovery_codes_renewed", "recovery_code_used"]


async def test_a11_second_factors_change_after_a_fresh_proof_only(api: Api, ana: User) -> None:
    secret, _ = await enrol(api, ana)
    await age_proofs()
    for method, path, body in (
        ("POST", "auth/mfa/totp", None),
        ("POST", "auth/mfa/totp/confirm", {"otp": "123456"}),
        ("DELETE", "auth/mfa/totp", None),
        ("POST", "auth/mfa/recovery-codes", None),
    ):
        refused = await api.call(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required"), path
    password_alone = await api.post("auth/reauthentications", {"password": PASSWORD})
    assert (password_alone.status_code, password_alone.json()["code"]) == (401, "otp_required")
    assert (await api.call("DELETE", "auth/mfa/totp")).status_code == 403
    await forget_failures()
    proof = {"password": PASSWORD, "otp": code(secret)}
    assert (await api.post("auth/reauthentications", proof)).status_code == 204
    assert (await api.call("DELETE", "auth/mfa/totp")).status_code == 204


async def test_a8_a_new_password_by_mail_does_not_skip_the_second_factor(api: Api, ana: User) -> None:
    await enrol(api, ana)
    api.token = ""
    await api.post("auth/password-resets", {"email": ana.email})
    new = "gigantic wombat on a bicycle"
    reset = {"token": await link_token("reset_password"), "password": new}
    assert (await api.post("auth/password-resets/confirm", reset)).status_code == 204
    asked = await api.post("auth/tokens", {"email": ana.email, "password": new})
    assert (asked.status_code, asked.json()["code"]) == (401, "otp_required")


async def test_staff_keep_a_second_factor(api: Api, make_user: Any, ana: User) -> None:
    await enrol(api, ana)
    await User.objects.filter(id=ana.id).aupdate(is_staff=True)
    refused = await api.call("DELETE", "auth/mfa/totp")
    assert (refused.status_code, refused.json()["code"]) == (409, "factor_required")
    assert await Totp.objects.aexists()


async def test_a10_whose_second_factor_is_guessed_is_told_once_that_somebody_has_the_password(
    api: Api, ana: User
) -> None:
    await enrol(api, ana)
    for _ in range(5):
        assert (await sign_in_with(Api(), ana, "000000", PASSWORD)).status_code == 401
    assert (await sign_in_with(Api(), ana, "000000", PASSWORD)).status_code == 429
    told = [mail.context["change"] for mail in await mails("second_factor_changed")]
    assert told == ["totp_added", "codes_refused"]
    event = await AuditEvent.objects.aget(action="mfa.codes_refused", user_id=ana.id)
    assert event.actor_id is None


async def test_a11_a_proof_from_before_there_was_a_second_factor_is_none_any_more(
    api: Api, other_api: Api, ana: User
) -> None:
    await other_api.sign_in(ana.email)  # by a stranger who has the password, a moment before
    assert (await other_api.get("auth/me")).status_code == 200
    await enrol(api, ana)
    refused = await other_api.call("DELETE", "auth/mfa/totp")
    assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert (await other_api.get("auth/me")).status_code == 200
    assert (await api.call("DELETE", "auth/mfa/totp")).status_code == 204
