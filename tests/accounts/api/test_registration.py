"""Signing up over the API."""

from accounts.models import OneTimeLink, User
from tests.accounts.conftest import Api, link_token, mails
from tests.conftest import PASSWORD
from tests.jobs import queued

NEWCOMER = {"email": "Zoe@Example.org", "password": PASSWORD, "name": "Zoë"}


async def test_somebody_signs_up_confirms_the_address_and_signs_in(api: Api, db: None) -> None:
    assert (await api.post("auth/users", NEWCOMER)).status_code == 202
    before = await api.post("auth/tokens", {"email": NEWCOMER["email"], "password": PASSWORD})
    assert before.status_code == 401
    confirmed = await api.post("auth/email-verifications", {"token": await link_token("verify_email")})
    assert (confirmed.status_code, confirmed.content) == (204, b"")
    await api.sign_in("zoe@example.org")
    me = (await api.get("auth/me")).json()
    assert (me["email"], me["name"]) == ("zoe@example.org", "Zoë")


async def test_b3_the_mail_is_queued_and_not_sent_in_the_request(api: Api, db: None) -> None:
    await api.post("auth/users", NEWCOMER)
    mail = (await mails("verify_email"))[0]
    assert mail.to == "zoe@example.org"
    assert mail.state == "queued"


def test_the_job_that_sends_it_names_the_mail_only(client: object, db: None) -> None:
    before = len(queued())
    User.objects.register(email="zoe@example.org", password_hash="x", name="Zoë")
    ((name, arguments),) = queued()[before:]
    assert name.endswith("deliver_email")
    assert set(arguments) == {"email_id"}


async def test_b3_a_known_address_gets_the_same_answer_and_its_owner_a_mail(api: Api, ana: User) -> None:
    known = await api.post("auth/users", NEWCOMER | {"email": ana.email})
    unknown = await api.post("auth/users", NEWCOMER)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert [mail.to for mail in await mails("address_known")] == [ana.email]
    assert [mail.to for mail in await mails("verify_email")] == ["zoe@example.org"]
    assert await User.objects.acount() == 2


async def test_the_owner_s_password_survives_a_second_sign_up(api: Api, ana: User) -> None:
    await api.post("auth/users", NEWCOMER | {"email": ana.email, "password": "an entirely other phrase"})
    await api.sign_in(ana.email)


async def test_until_the_address_is_confirmed_a_squatter_s_password_opens_nothing(api: Api, db: None) -> None:
    squatter = NEWCOMER | {"password": "the squatter knows this one"}
    await api.post("auth/users", squatter)
    await api.post("auth/users", NEWCOMER)
    confirmation = {"token": await link_token("verify_email"), "password": PASSWORD}
    assert (await api.post("auth/email-verifications", confirmation)).status_code == 204
    credentials = {name: squatter[name] for name in ("email", "password")}
    assert (await api.post("auth/tokens", credentials)).status_code == 401
    await api.sign_in(NEWCOMER["email"])


async def test_a_link_works_once(api: Api, db: None) -> None:
    await api.post("auth/users", NEWCOMER)
    token = {"token": await link_token("verify_email")}
    assert (await api.post("auth/email-verifications", token)).status_code == 204
    again = await api.post("auth/email-verifications", token)
    assert (again.status_code, again.json()["code"]) == (410, "link_not_valid")


async def test_a_newer_link_replaces_the_older(api: Api, db: None) -> None:
    await api.post("auth/users", NEWCOMER)
    older = {"token": await link_token("verify_email")}
    assert (
        await api.post("auth/email-verifications/resend", {"email": NEWCOMER["email"]})
    ).status_code == 202
    assert (await api.post("auth/email-verifications", older)).status_code == 410
    newer = {"token": await link_token("verify_email")}
    assert (await api.post("auth/email-verifications", newer)).status_code == 204


async def test_a_link_is_void_after_the_address_changed(api: Api, db: None) -> None:
    await api.post("auth/users", NEWCOMER)
    await User.objects.aupdate(email="other@example.org")
    token = {"token": await link_token("verify_email")}
    assert (await api.post("auth/email-verifications", token)).status_code == 410


async def test_a_link_for_another_purpose_or_made_up_is_refused(api: Api, ana: User) -> None:
    await api.post("auth/password-resets", {"email": ana.email})
    reset = await link_token("reset_password")
    for token in (reset, reset[:-4] + "AAAA", "x", "é", "A" * 75):
        assert (await api.post("auth/email-verifications", {"token": token})).status_code == 410


async def test_b3_asking_for_a_link_tells_nobody_which_addresses_are_known(api: Api, ana: User) -> None:
    answers = [
        await api.post("auth/email-verifications/resend", {"email": email})
        for email in (ana.email, "nobody@example.org")
    ]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2
    assert await mails("verify_email") == []
    assert not await OneTimeLink.objects.aexists()


async def test_a5_weak_passwords_are_refused_with_the_remedy(api: Api, db: None) -> None:
    expected = {
        "fourteen chars": "password_too_short",
        "passwordpassword": "password_too_common",
        "dashtamdashtam123": "password_too_common",
        "zoe@example.org": "password_too_common",
        "aaaaaaaaaaaaaaaa": "password_too_simple",
        "qwertyuiopasdfghjkl": "password_too_simple",
        "abcabcabcabcabcabc": "password_too_simple",
    }
    for password, code in expected.items():
        answer = await api.post("auth/users", NEWCOMER | {"password": password})
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "validation_failed"), password
        assert [(error["field"], error["code"]) for error in problem["errors"]] == [("password", code)], (
            password
        )
    assert not await User.objects.aexists()


async def test_input_that_is_not_what_it_should_be_names_its_field(api: Api, db: None) -> None:
    wrong = [
        ("email", 12),
        ("email", None),
        ("email", "ana"),
        ("email", "ana@exam ple.org"),
        ("email", "a\u0000na@example.org"),
        ("email", "ſana@example.org"),
        ("email", f"{'a' * 250}@example.org"),
        ("password", 123456789012345),
        ("password", True),
        ("password", ["correct horse battery staple"]),
        ("password", {"a": 1}),
        ("password", "correct horse\u0000 battery staple"),
        ("password", "x" * 1025),
        ("password", ""),
        ("name", ""),
        ("name", "Zoë\r\nBcc: everybody@example.org"),
        ("name", "x" * 151),
    ]
    for field, value in wrong:
        answer = await api.post("auth/users", NEWCOMER | {field: value})
        assert answer.status_code == 400, (field, value)
        assert answer["Content-Type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field], (field, value)
    assert not await User.objects.aexists()


async def test_missing_fields_are_all_named_at_once(api: Api, db: None) -> None:
    answer = await api.post("auth/users", {})
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "password", "name"}


async def test_international_domains_are_stored_in_their_ascii_spelling(api: Api, db: None) -> None:
    assert (await api.post("auth/users", NEWCOMER | {"email": "Zoe@Bücher.example"})).status_code == 202
    assert (await User.objects.aget()).email == "zoe@xn--bcher-kva.example"
