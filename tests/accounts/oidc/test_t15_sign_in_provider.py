"""Signing in through an OpenID provider: linked by choice and proof, and nothing else is believed."""

import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import OctKey

from accounts.models import AuditEvent, Identity, OneTimeLink, Session, User
from accounts.models.one_time_link import OneTimeLink as Link
from accounts.wiring import _provider
from dashtam.bridge.doors import run_db
from dashtam.crypto.base64url import base64url
from dashtam.doctor.checkup import examine
from dashtam.installation.server_urls import require_issuer
from tests.accounts.api.test_reauthentication import age_proofs
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.accounts.oidc.issuers import CLIENT_ID, SECRET, Liar, Person, certified, liar, query_of
from tests.accounts.second_factors import code, enrol

LINK, SECURITY = "/settings/security/provider/link", "/settings/security"


def use(settings: Any, issuer: str) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_NAME = issuer, CLIENT_ID, "Corp"
    settings.OIDC_CLIENT_SECRET = SECRET
    _provider.cache_clear()


async def left(answer: Any) -> str:
    """The provider's URL, on the page that leads there."""
    assert answer.status_code == 200, (answer.status_code, answer.headers)
    found = re.search(r'content="0;url=([^"]+)"', answer.content.decode())
    assert found
    return html.unescape(found[1])


async def leave(browser: Browser) -> str:
    return await left(await browser.send("/sign-in/provider", shown_at="/sign-in"))


async def leave_to_link(browser: Browser) -> str:
    return await left(await browser.send(LINK, shown_at=SECURITY))


# --- a certified provider ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def corp() -> Iterator[str]:
    with certified() as issuer:
        yield issuer


async def test_t15_with_a_certified_provider_an_account_is_linked_signed_in_to_and_unlinked(
    corp: str, settings: Any, ana: User, browser: Browser, other_browser: Browser, api: Api
) -> None:
    use(settings, corp)
    zoe = Person("zoe")
    # Nobody is linked yet, and the provider's word for an address links nothing.
    await User.objects.filter(id=ana.id).aupdate(email="zoe@corp.example")
    stranger = await browser.get(zoe.agree(await leave(browser)))
    assert (stranger.status_code, stranger["Location"]) == (303, "/sign-in")
    assert "No account here is linked" in (await browser.get("/sign-in")).content.decode()
    assert not await Session.objects.aexists()

    await browser.sign_in("zoe@corp.example")
    linked = await browser.get(zoe.agree(await leave_to_link(browser)))
    assert linked["Location"] == SECURITY
    assert "Your account is linked" in (await browser.get(SECURITY)).content.decode()
    (mail,) = await mails("identity_changed")
    assert (mail.to, mail.context["change"]) == ("zoe@corp.example", "linked")

    back = zoe.agree(await leave(other_browser))
    assert (await other_browser.get(back))["Location"] == "/"
    assert (await other_browser.get("/settings/profile")).status_code == 200
    replayed = await Browser().get(back)
    assert replayed["Location"] == "/sign-in"
    await other_browser.send("/sign-out", shown_at="/settings/profile")
    assert (await other_browser.get("/settings/profile")).status_code == 302

    await api.sign_in("zoe@corp.example")
    (row,) = (await api.get("auth/identities")).json()["results"]
    assert (row["issuer"], row["label"], row["last_used_at"] is None) == (corp, "zoe@corp.example", False)
    gone = await browser.send(f"/settings/security/provider/{row['id']}/unlink", shown_at=SECURITY)
    assert gone.status_code == 303
    assert (await other_browser.get(zoe.agree(await leave(other_browser))))["Location"] == "/sign-in"
    actions = [event.action async for event in AuditEvent.objects.filter(action__startswith="identity.")]
    assert sorted(actions) == ["identity.linked", "identity.unlinked"]


# --- one that lies ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _liar() -> Iterator[Liar]:
    with liar() as issuer:
        yield issuer


@pytest.fixture
def issuer(_liar: Liar, settings: Any) -> Liar:
    _liar.reset()
    use(settings, _liar.issuer)
    return _liar


@pytest.fixture
def linked(issuer: Liar, ana: User) -> User:
    """Ana's account is linked with the provider's `p-1`."""
    Identity.objects.link(user_id=ana.id, issuer=issuer.issuer, subject="p-1", label="ana")
    return ana


def back(url: str, **changed: str) -> str:
    """Where an honest provider would send the browser; the code of `Liar` is the nonce."""
    asked = query_of(url)
    answer = {"code": asked["nonce"], "state": asked["state"], **changed}
    return "/sign-in/provider/callback?" + urlencode({k: v for k, v in answer.items() if v})


async def outcome(browser: Browser, path: str) -> bool:
    """True if this return signs in."""
    answer = await browser.get(path)
    assert answer.status_code == 303
    return bool((await browser.get("/settings/profile")).status_code == 200)


async def test_t15_what_is_asked_is_bound_to_this_browser_and_proved_by_the_client(
    issuer: Liar, linked: User, browser: Browser
) -> None:
    url = await leave(browser)
    asked = query_of(url)
    assert asked["code_challenge_method"] == "S256"
    assert {"openid"} <= set(asked["scope"].split())
    assert len(asked["state"]) >= 43
    assert await outcome(browser, back(url))
    (form,) = issuer.forms
    assert form["authorization"][0].startswith("Basic ")
    assert "client_secret" not in form
    assert len(form["code_verifier"][0]) == 43
    session = await Session.objects.aget(user=linked)
    assert (session.mfa, session.kind) == (False, "browser")


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"iss": "https://another.example"}},
        {"claims": {"aud": "another"}},
        {"claims": {"aud": [CLIENT_ID, "another"]}},
        {"claims": {"aud": [CLIENT_ID, "another"], "azp": "another"}},
        {"claims": {"azp": "another"}},
        {"claims": {"nonce": "of another sign-in"}},
        {"claims": {"nonce": 7}},
        {"claims": {"exp": 1_700_000_000}},
        {"claims": {"exp": "4000000000"}},
        {"claims": {"iat": 4_000_000_000}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": ["p-1"]}},
        {"claims": {"sub": "p-1\n"}},
        {"claims": {"sub": "p-2", "email": "ana@example.org", "email_verified": True}},
        *({"without": (name,)} for name in ("iss", "sub", "aud", "exp", "iat", "nonce")),
        {"token": ""},
        {"token": "a.b.c"},
        {"token": "x" * 300_000},
        {"keys": []},
        {"keys": ["k1"]},
        {"keys": [{"kid": ["k1"]}]},
        {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k1"}]},
        {"status": 400},
        {"status": 500},
        {"metadata": {"authorization_response_iss_parameter_supported": True}},
        {"metadata": {"token_endpoint": "http://127.0.0.1:1/token"}},
    ],
    ids=lambda lie: str(lie)[:50],
)
async def test_t15_a_lie_of_the_provider_signs_nobody_in(
    lie: dict[str, Any], issuer: Liar, linked: User, browser: Browser
) -> None:
    for name, value in lie.items():
        setattr(issuer, name, value)
    assert not await outcome(browser, back(await leave(browser)))
    assert not await Session.objects.aexists()


async def test_t15_no_other_algorithm_or_key_signs(issuer: Liar, linked: User, browser: Browser) -> None:
    def forged(header: dict[str, Any], key: Any, nonce: str) -> str:
        now = int(timezone.now().timestamp())
        claims = {"iss": issuer.issuer, "aud": CLIENT_ID, "sub": "p-1", "iat": now, "exp": now + 60}
        if header["alg"] == "none":
            parts = (json.dumps(each).encode() for each in (header, {**claims, "nonce": nonce}))
            return f"{'.'.join(map(base64url, parts))}."
        return jwt.encode(header, {**claims, "nonce": nonce}, key, algorithms=[header["alg"]])

    public = issuer.key.as_pem(private=False)
    forgeries: list[Callable[[str], str]] = [
        lambda nonce: forged({"alg": "HS256", "kid": "k1"}, OctKey.import_key(SECRET), nonce),
        lambda nonce: forged({"alg": "HS256"}, OctKey.import_key(base64url(public)), nonce),
        lambda nonce: forged({"alg": "none"}, OctKey.import_key("x" * 32), nonce),
        lambda nonce: forged({"alg": "RS256", "kid": "k1"}, issuer.other, nonce),
    ]
    for make in forgeries:
        url = await leave(browser)
        issuer.token = make(query_of(url)["nonce"])
        assert not await outcome(browser, back(url))
    issuer.token = None
    assert await outcome(browser, back(await leave(browser)))


async def test_t15_another_browser_s_answer_a_late_one_a_second_one_and_a_mix_up_are_refused(
    issuer: Liar, linked: User, browser: Browser, other_browser: Browser
) -> None:
    url = await leave(browser)
    assert not await outcome(other_browser, back(url))  # a stranger's browser, given the answer
    await leave(other_browser)
    assert not await outcome(other_browser, back(url))
    for changed in ({"state": "x"}, {"state": ""}, {"code": ""}, {"error": "access_denied"}):
        assert not await outcome(browser, back(await leave(browser), **changed))
    assert not await outcome(browser, back(await leave(browser), iss="https://another.example"))
    late = await leave(browser)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert not await outcome(browser, back(late))
    assert issuer.forms == []  # no code was sent anywhere
    once = await leave(browser)
    assert await outcome(browser, back(once, iss=issuer.issuer))
    assert (await browser.get(back(once)))["Location"] == SECURITY  # signed in, and nothing more
    assert not await outcome(other_browser, back(once))


async def test_t15_who_turns_back_at_the_provider_is_told_so_and_keeps_their_way(
    issuer: Liar, ana: User, browser: Browser
) -> None:
    async def told(answer: Any, at: str) -> str:
        assert (answer.status_code, answer["Location"]) == (303, at)
        return html.unescape((await browser.get(at)).content.decode())

    gone = {"code": "", "error": "access_denied"}
    url = await left(await browser.send("/sign-in/provider", shown_at="/sign-in?next=/transactions"))
    page = await told(await browser.get(back(url, **gone)), "/sign-in?next=%2Ftransactions")
    assert "You did not finish signing in there." in page
    assert '<input type="hidden" name="next" value="/transactions"' in page
    away = await browser.get(back(await leave(browser), code="", error="server_error"))
    assert "does not answer at the moment" in await told(away, "/sign-in")
    await browser.sign_in(ana.email)
    page = await told(await browser.get(back(await leave_to_link(browser), **gone)), SECURITY)
    assert "You did not finish signing in there. Nothing was linked" in page
    url = await leave_to_link(browser)
    await age_proofs()
    page = await told(await browser.get(back(url)), f"/reauthenticate?next={SECURITY.replace('/', '%2F')}")
    assert "nothing is linked yet" in page


async def test_t15_keys_may_change_and_are_looked_up_again_but_not_without_end(
    issuer: Liar, linked: User, browser: Browser
) -> None:
    assert await outcome(browser, back(await leave(browser)))
    issuer.header["kid"], issuer.asked = "unknown", []
    for _ in range(4):
        other = Browser()
        assert not await outcome(other, back(await leave(other)))
    assert issuer.asked.count("/jwks") <= 1


async def test_t15_metadata_of_another_issuer_or_none_is_told_as_an_outage(
    issuer: Liar, linked: User, browser: Browser, settings: Any
) -> None:
    for metadata in ({"issuer": "https://another.example"}, {"jwks_uri": "ftp://x/"}, {"token_endpoint": 7}):
        use(settings, issuer.issuer)
        issuer.metadata = metadata
        answer = await browser.send("/sign-in/provider", shown_at="/sign-in")
        assert (answer.status_code, answer["Location"]) == (303, "/sign-in")
    use(settings, "http://127.0.0.1:1")
    answer = await browser.send("/sign-in/provider", shown_at="/sign-in")
    assert answer["Location"] == "/sign-in"
    assert "does not answer" in (await browser.get("/sign-in")).content.decode()


async def test_t15_linking_needs_a_fresh_proof_and_the_same_session_and_one_account(
    issuer: Liar, ana: User, ben: User, browser: Browser, other_browser: Browser
) -> None:
    await browser.sign_in(ana.email)
    url = await leave_to_link(browser)
    assert query_of(url)["prompt"] == "login"
    await age_proofs()
    assert "/reauthenticate" in (await browser.get(back(url)))["Location"]
    assert "/reauthenticate" in (await browser.send(LINK, shown_at=SECURITY))["Location"]
    await other_browser.sign_in(ben.email)
    url = await leave_to_link(other_browser)
    await run_db(Identity.objects.link, user_id=ana.id, issuer=issuer.issuer, subject="p-1", label="")
    assert (await other_browser.get(back(url)))["Location"] == SECURITY
    assert "cannot be linked" in (await other_browser.get(SECURITY)).content.decode()
    assert not await Identity.objects.filter(user=ben).aexists()
    third = Browser()
    url = await leave(third)  # a departure to sign in does not link, and the other way round
    await third.sign_in(ben.email)
    assert not await Identity.objects.filter(user=ben).aexists()
    await third.get(back(url))
    assert not await Identity.objects.filter(user=ben).aexists()


async def test_t15_the_provider_stands_in_for_the_password_and_not_for_the_second_factor(
    issuer: Liar, linked: User, browser: Browser, api: Api
) -> None:
    secret, _ = await enrol(api, linked)
    step = await browser.get(back(await leave(browser)))
    assert step["Location"] == "/sign-in/second-step"
    assert (await browser.get("/settings/profile")).status_code == 302
    done = await browser.send("/sign-in/second-step", otp=code(secret))
    assert done.status_code == 303
    assert (await browser.get("/settings/profile")).status_code == 200


async def test_t15_a_disabled_account_stays_shut_and_a_reset_password_unlinks(
    issuer: Liar, linked: User, browser: Browser, api: Api
) -> None:
    await User.objects.filter(id=linked.id).aupdate(is_active=False)
    assert not await outcome(browser, back(await leave(browser)))
    await User.objects.filter(id=linked.id).aupdate(is_active=True)
    await api.post("auth/password-resets", {"email": linked.email})
    assert await OneTimeLink.objects.filter(purpose=Link.Purpose.RESET_PASSWORD).aexists()
    reset = {"token": await link_token("reset_password"), "password": "an entirely other phrase"}
    assert (await api.post("auth/password-resets/confirm", reset)).status_code == 204
    assert not await outcome(browser, back(await leave(browser)))
    assert not await Identity.objects.aexists()


def test_t15_the_doctor_tries_the_provider_and_tells_of_a_door_without_a_first_person(
    issuer: Liar, settings: Any, db: None
) -> None:
    assert dict(examine(full=False))["who may come in"] == []
    settings.SIGN_UP, issuer.metadata = "closed", {"issuer": "https://another.example"}
    use(settings, issuer.issuer)
    nobody, wrong = dict(examine(full=False))["who may come in"]
    assert ("first person" in nobody.text, nobody.trouble) == (True, False)
    assert ("OIDC_ISSUER" in wrong.text, wrong.trouble) == (True, True)


async def test_t15_without_a_provider_there_is_no_such_page(
    browser: Browser, ana: User, settings: Any
) -> None:
    assert "provider" not in (await browser.get("/sign-in")).content.decode()
    answer = await browser.client.post(
        "/sign-in/provider", {"csrfmiddlewaretoken": browser.client.cookies["csrf"].value}
    )
    assert answer.status_code == 404
    for url in ("http://corp.example", "corp.example", "https://", "https://corp.example/?a=b"):
        with pytest.raises(ImproperlyConfigured):
            require_issuer(url, CLIENT_ID, plain_hosts=[])
    with pytest.raises(ImproperlyConfigured):
        require_issuer("https://corp.example", "", plain_hosts=[])
    require_issuer("https://corp.example/realms/a", CLIENT_ID, plain_hosts=[])
