"""Passkeys in the browser, with an authenticator in software."""

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, Passkey, Session, User
from tests.accounts.api.test_reauthentication import age_proofs
from tests.accounts.conftest import Api, Browser, mails
from tests.accounts.pages.software_passkey import PRESENT, SoftwarePasskey
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def _public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "http://localhost:8000"


async def options(browser: Browser, purpose: str, shown_at: str = "/sign-in") -> Any:
    """Fetch options as the script on a page does."""
    answer = await browser.send(f"/passkeys/options/{purpose}", shown_at=shown_at)
    return answer if answer.status_code != 200 else json.loads(answer.content)


async def add(browser: Browser, key: SoftwarePasskey, name: str = "My phone") -> Any:
    """Register a passkey on the page for it."""
    asked = await options(browser, "register", "/settings/security")
    return await browser.send("/settings/security/passkeys/new", name=name, credential=key.create(asked))


async def enrolled(user: User, key: SoftwarePasskey | None = None) -> SoftwarePasskey:
    """Register a passkey of a person, from another browser of theirs."""
    key, own = key or SoftwarePasskey(), Browser()
    await own.sign_in(user.email)
    assert (await add(own, key)).status_code == 200
    return key


async def sign_in(browser: Browser, key: SoftwarePasskey, **fields: str) -> Any:
    """Sign in with the passkey alone."""
    asked = await options(browser, "sign-in")
    return await browser.send("/sign-in/passkey", shown_at="/sign-in", credential=key.get(asked), **fields)


async def test_a_passkey_is_added_and_signs_in_alone(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    key = SoftwarePasskey()
    await browser.sign_in(ana.email)
    before = browser.client.cookies["session"].value
    added = await add(browser, key)
    assert "Your recovery codes" in added.content.decode()
    assert browser.client.cookies["session"].value != before
    assert "My phone" in (await browser.get("/settings/security")).content.decode()
    done = await sign_in(other_browser, key, next="/settings/profile")
    assert (done.status_code, done["Location"]) == (303, "/settings/profile")
    assert (await other_browser.get("/settings/profile")).status_code == 200
    assert (await Session.objects.alatest("created_at")).mfa
    assert [mail.context["change"] for mail in await mails("second_factor_changed")] == ["passkey_added"]
    opened = await AuditEvent.objects.filter(action="session.opened").alatest("id")
    assert opened.detail["factor"] == "passkey"


async def test_a10_after_the_password_a_passkey_is_asked_for(browser: Browser, api: Api, ana: User) -> None:
    key = await enrolled(ana)
    step = await browser.sign_in(ana.email, next="/settings/profile")
    assert step["Location"] == "/sign-in/second-step"
    assert (await browser.get("/settings/profile")).status_code == 302
    page = (await browser.get("/sign-in/second-step")).content.decode()
    assert 'data-passkey="second"' in page
    asked = await options(browser, "second", "/sign-in/second-step")
    done = await browser.send(
        "/sign-in/second-step/passkey", shown_at="/sign-in/second-step", credential=key.get(asked)
    )
    assert (done.status_code, done["Location"]) == (303, "/settings/profile")
    by_api = await api.post("auth/tokens", {"email": ana.email, "password": PASSWORD})
    assert (by_api.status_code, by_api.json()["code"]) == (401, "otp_required")


@pytest.mark.parametrize("counts", [True, False])
async def test_a10_a_signed_challenge_counts_once(
    browser: Browser, other_browser: Browser, ana: User, counts: bool
) -> None:
    key = await enrolled(ana, SoftwarePasskey(counts=counts))
    signed = key.get(await options(browser, "sign-in"))
    other_browser.client.cookies["session"] = browser.client.cookies[
        "session"
    ].value  # copied with the answer
    done = await browser.send("/sign-in/passkey", shown_at="/sign-in", credential=signed)
    assert done["Location"] == "/"
    again = await other_browser.send("/sign-in/passkey", shown_at="/sign-in", credential=signed)
    assert again["Location"] == "/sign-in"
    assert (await other_browser.get("/settings/profile")).status_code == 302


async def test_a_counter_that_goes_back_is_refused_and_kept(ana: User) -> None:
    key = await enrolled(ana)
    await sign_in(Browser(), key)
    await sign_in(Browser(), key)
    key.counter = 0  # a copy of the key, made before
    refused = await sign_in(Browser(), key)
    assert refused["Location"] == "/sign-in"
    kept = await AuditEvent.objects.aget(action="mfa.passkey_refused")
    assert (kept.user_id, kept.detail["reason"]) == (ana.id, "counter_went_back")


async def test_other_people_s_and_foreign_signatures_are_refused(
    browser: Browser, ana: User, ben: User
) -> None:
    key, bens = await enrolled(ana), await enrolled(ben)
    await browser.sign_in(ana.email)
    asked = await options(browser, "second", "/sign-in/second-step")
    hers = await browser.send(
        "/sign-in/second-step/passkey", shown_at="/sign-in/second-step", credential=bens.get(asked)
    )
    assert hers["Location"] == "/sign-in/second-step"
    phished = SoftwarePasskey(origin="https://dashtam.evil.example")
    phished.key, phished.id = key.key, key.id
    elsewhere = SoftwarePasskey(host="evil.example")
    elsewhere.key, elsewhere.id, elsewhere.counter = key.key, key.id, 50
    unverified = SoftwarePasskey()
    unverified.key, unverified.id, unverified.counter, unverified.flags = key.key, key.id, 90, PRESENT
    forged = SoftwarePasskey()
    forged.id, forged.counter = key.id, 99
    for each in (phished, elsewhere, unverified, forged, SoftwarePasskey()):
        assert (await sign_in(Browser(), each))["Location"] == "/sign-in"
    assert await Session.objects.filter(mfa=True, revoked_at=None).acount() == 2  # of the enrolments


async def test_whatever_else_is_sent_is_refused_and_never_a_crash(browser: Browser, ana: User) -> None:
    key = await enrolled(ana)
    own = json.loads(key.get(await options(browser, "sign-in")))
    for sent in ("", "null", "[]", "{", "[" * 100_000, '{"id": 5}', json.dumps({"id": own["id"]}),
                 json.dumps({**own, "response": dict.fromkeys(own["response"], "AAAA")}),
                 json.dumps({**own, "rawId": "\u0000"}), json.dumps({"id": "\u0000"})):  # fmt: skip
        await options(browser, "sign-in")
        refused = await browser.send("/sign-in/passkey", shown_at="/sign-in", credential=sent)
        assert (refused.status_code, refused["Location"]) == (303, "/sign-in"), sent[:60]
    unasked = await Browser().send("/sign-in/passkey", shown_at="/sign-in", credential=json.dumps(own))
    assert unasked["Location"] == "/sign-in"


async def test_a_challenge_counts_in_its_browser_and_for_its_purpose(browser: Browser, ana: User) -> None:
    key = await enrolled(ana)
    asked = await options(browser, "sign-in")
    elsewhere = await Browser().send("/sign-in/passkey", shown_at="/sign-in", credential=key.get(asked))
    assert elsewhere["Location"] == "/sign-in"
    await browser.sign_in(ana.email)
    asked = await options(browser, "sign-in")
    other = await browser.send(
        "/sign-in/second-step/passkey", shown_at="/sign-in/second-step", credential=key.get(asked)
    )
    assert other["Location"] == "/sign-in/second-step"


async def test_a13_what_sets_a_cookie_takes_our_own_forms_only(browser: Browser, ana: User) -> None:
    key = await enrolled(ana)
    asked = await options(browser, "sign-in")
    page = (await browser.get("/sign-in")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    body = {"credential": key.get(asked)}
    for path in ("/sign-in/passkey", "/passkeys/options/sign-in", "/sign-in/second-step", "/reauthenticate"):
        assert (await browser.client.post(path, body)).status_code == 403, path
        foreign = {**body, "csrfmiddlewaretoken": token}
        evil = {"origin": "https://evil.example"}
        assert (await browser.client.post(path, foreign, headers=evil)).status_code == 403, path
    assert (await browser.get("/settings/profile")).status_code == 302


async def test_a11_passkeys_change_after_a_fresh_proof_only(browser: Browser, ana: User) -> None:
    key = await enrolled(ana)
    await sign_in(browser, key)
    passkey = await Passkey.objects.aget()
    await age_proofs()
    for path in ("/settings/security/passkeys/new", f"/settings/security/passkeys/{passkey.id}/remove"):
        asked = await browser.get(path)
        assert asked["Location"].startswith("/reauthenticate?next="), path
    refused = await options(browser, "register", "/settings/security")
    assert (refused.status_code, json.loads(refused.content)["code"]) == (403, "reauth_required")
    tried = await browser.send(
        "/reauthenticate/passkey", shown_at="/reauthenticate?next=/settings/leave&back=/", credential="{}"
    )
    assert tried["Location"] == "/reauthenticate?next=%2Fsettings%2Fleave&back=%2F"  # nothing is forgotten
    shown = await options(browser, "reauthenticate", "/reauthenticate")
    proved = await browser.send(
        "/reauthenticate/passkey",
        shown_at="/reauthenticate?next=/settings/security",
        credential=key.get(shown),
    )
    assert proved["Location"] == "/settings/security"
    path = f"/settings/security/passkeys/{passkey.id}/remove"
    assert "My phone" in (await browser.get(path)).content.decode()
    assert (await browser.send(path))["Location"] == "/settings/security"
    assert not await Passkey.objects.aexists()
    assert (await mails("second_factor_changed"))[-1].context["change"] == "passkey_removed"


async def test_people_see_and_remove_their_own_passkeys_only(browser: Browser, ana: User, ben: User) -> None:
    await enrolled(ana)
    await browser.sign_in(ben.email)
    hers = await Passkey.objects.aget()
    assert "My phone" not in (await browser.get("/settings/security")).content.decode()
    assert (await browser.get(f"/settings/security/passkeys/{hers.id}/remove")).status_code == 404


async def test_a_disabled_person_s_passkey_opens_nothing(browser: Browser, ana: User) -> None:
    key = await enrolled(ana)
    await User.objects.filter(id=ana.id).aupdate(is_active=False)
    assert (await sign_in(browser, key))["Location"] == "/sign-in"


async def test_passkeys_are_listed_and_removed_over_the_api(
    api: Api, other_api: Api, ana: User, ben: User
) -> None:
    await api.sign_in(ana.email)
    await other_api.sign_in(ben.email)
    await enrolled(ana)
    listed = (await api.get("auth/mfa/passkeys")).json()
    (row,) = listed["results"]
    assert (row["name"], row["last_used_at"], row["synced"]) == ("My phone", None, False)
    path = f"auth/mfa/passkeys/{row['id']}"
    assert (await other_api.get("auth/mfa/passkeys")).json()["results"] == []
    assert (await other_api.call("DELETE", path)).status_code == 404
    await age_proofs()
    assert (await api.call("DELETE", path)).json()["code"] == "reauth_required"
    await age_proofs(minutes=0)
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.call("DELETE", path)).status_code == 404
