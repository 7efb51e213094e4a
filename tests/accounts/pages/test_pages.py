"""Signing up, in and out with a browser."""

import re
from typing import Any

from django.conf import settings as django_settings

from accounts.models import Session, User
from dashtam.crypto import sealed_tokens
from tests.accounts.conftest import Api, Browser, link_token, mails
from tests.conftest import PASSWORD

NEW = "gigantic wombat on a bicycle"


async def test_somebody_signs_up_confirms_elsewhere_and_signs_in(
    browser: Browser, other_browser: Browser, db: None
) -> None:
    sent = await browser.send("/sign-up", name="Zoë", email="zoe@example.org", password=PASSWORD)
    assert (sent.status_code, sent["Location"]) == (303, "/check-your-mail")
    assert (await browser.get("/check-your-mail")).status_code == 200
    token = await link_token("verify_email")
    followed = await other_browser.get(f"/verify-email?token={token}")
    assert (followed.status_code, followed["Location"]) == (303, "/verify-email")
    confirmed = await other_browser.send("/verify-email")
    assert (confirmed.status_code, confirmed["Location"]) == (303, "/sign-in")
    assert "Your address is confirmed" in (await other_browser.get("/sign-in")).content.decode()
    signed_in = await browser.sign_in("zoe@example.org")
    assert (signed_in.status_code, signed_in["Location"]) == (303, "/")
    profile = await browser.get("/settings/profile")
    assert "zoe@example.org" in profile.content.decode()


async def test_known_and_unknown_addresses_get_the_same_page(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    answers = []
    for one, email in ((browser, ana.email), (other_browser, "zoe@example.org")):
        answer = await one.send("/sign-up", name="Zoe", email=email, password=PASSWORD)
        answers.append((answer.status_code, answer["Location"], answer.content))
    assert answers[0] == answers[1]


async def test_a9_following_a_mailed_link_uses_nothing_up(browser: Browser, ana: User) -> None:
    """Mail scanners follow links before people do."""
    await browser.send("/forgot-password", email=ana.email)
    token = await link_token("reset_password")
    for _ in range(3):
        followed = await Browser().get(f"/reset-password?token={token}")
        assert followed["Referrer-Policy"] == "no-referrer"
        assert followed["Cache-Control"] == "no-store"
        assert token not in followed["Location"]
    await browser.get(f"/reset-password?token={token}")
    done = await browser.send("/reset-password", password=NEW)
    assert (done.status_code, done["Location"]) == (303, "/sign-in")
    assert (await browser.sign_in(ana.email, NEW)).status_code == 303


async def test_a_reset_ends_all_sessions_and_signs_nobody_in(browser: Browser, api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await browser.send("/forgot-password", email=ana.email)
    await browser.get(f"/reset-password?token={await link_token('reset_password')}")
    await browser.send("/reset-password", password=NEW)
    assert (
        "API keys that you did not choose to keep no longer work"
        in (await browser.get("/sign-in")).content.decode()
    )
    assert (await browser.get("/settings/profile")).status_code == 302
    assert (await api.get("auth/me")).status_code == 401


async def test_a_weak_new_password_is_explained_and_the_link_kept(browser: Browser, ana: User) -> None:
    await browser.send("/forgot-password", email=ana.email)
    await browser.get(f"/reset-password?token={await link_token('reset_password')}")
    weak = await browser.send("/reset-password", password="passwordpassword")
    assert weak.status_code == 422
    assert "common passwords" in weak.content.decode()
    assert (await browser.send("/reset-password", password=NEW)).status_code == 303


async def test_used_and_missing_links_say_how_to_go_on(browser: Browser, ana: User) -> None:
    assert "needs the link from our mail" in (await browser.get("/reset-password")).content.decode()
    assert "needs the link from our mail" in (await browser.get("/verify-email")).content.decode()
    await browser.get(f"/verify-email?token={sealed_tokens.seal('verify_email', ana.id)}")
    used = await browser.send("/verify-email")
    assert used.status_code == 422
    assert "does not work any more" in used.content.decode()
    assert "/check-your-mail" in used.content.decode()


async def test_a_link_that_does_not_work_is_not_kept(browser: Browser, ana: User) -> None:
    for path, kind in (("/verify-email", "verify_email"), ("/reset-password", "reset_password")):
        await browser.get(f"{path}?token={sealed_tokens.seal(kind, ana.id)}")
        assert (await browser.send(path, password=NEW)).status_code == 422
        assert "needs the link from our mail" in (await browser.get(path)).content.decode(), path


async def test_all_that_is_wrong_with_a_sign_up_is_said_at_once(browser: Browser, db: None) -> None:
    refused = await browser.send("/sign-up", name="Zoë", email="zoe", password="too short")
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Enter an email address" in page
    assert "Use at least 15 characters" in page
    named = await browser.send("/sign-up", name="Zoë", email="zoe@example.org", password="zoe@example.org")
    assert named.content.decode().count("built from common passwords, your name") == 2  # summary and field


async def test_all_that_is_wrong_with_a_password_change_is_said_at_once(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    page = (
        await browser.send("/settings/security", current_password="", new_password="short")
    ).content.decode()
    assert "Enter a password." in page
    assert "Use at least 15 characters" in page


async def test_whoever_has_signed_up_reads_which_address_was_written_to(browser: Browser, db: None) -> None:
    await browser.send("/sign-up", name="Zoë", email="zoe@example.org", password=PASSWORD)
    page = (await browser.get("/check-your-mail")).content.decode()
    assert "written to <strong>zoe@example.org</strong>" in page
    assert 'value="zoe@example.org"' in page


async def test_new_people_start_in_the_time_zone_of_their_browser(browser: Browser, db: None) -> None:
    assert "data-browser-zone" in (await browser.get("/sign-up")).content.decode()
    for name, said, zone in (("zoe", "Asia/Tokyo", "Asia/Tokyo"), ("yan", "Mars/Olympus", "UTC")):
        email = f"{name}@example.org"
        await browser.send("/sign-up", name="N. N.", email=email, password=PASSWORD, time_zone=said)
        assert (await User.objects.aget(email=email)).time_zone == zone


async def test_pages_say_which_time_zone_their_reader_has(browser: Browser, ana: User) -> None:
    assert "data-zone" not in (await browser.get("/sign-in")).content.decode()
    await browser.sign_in(ana.email)
    await browser.send("/settings/profile", name="Ana", time_zone="Asia/Tokyo", base_currency="JPY")
    page = (await browser.get("/settings/sessions")).content.decode()
    assert '<html lang="en" data-zone="Asia/Tokyo">' in page
    assert " JST" in page


async def test_a_wrong_password_keeps_the_address_and_not_the_password(browser: Browser, ana: User) -> None:
    refused = await browser.sign_in(ana.email, "certainly not the one")
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "We could not sign you in" in page
    assert ana.email in page
    assert "certainly not the one" not in page
    assert django_settings.SESSION_COOKIE_NAME not in refused.cookies


async def test_all_failures_to_sign_in_look_alike(browser: Browser, ana: User) -> None:
    seen = set()
    await User.objects.filter(id=ana.id).aupdate(is_active=False)
    for email in (ana.email, "ana9999@example.org"):
        page = (await browser.sign_in(email)).content.decode()
        seen.add(page.replace(email, "somebody").split("<form")[1].split("csrfmiddlewaretoken")[0])
    assert len(seen) == 1


async def test_a12_the_session_cookie_is_new_at_sign_in_and_well_kept(browser: Browser, ana: User) -> None:
    browser.client.cookies["session"] = "planted"
    await browser.sign_in(ana.email)
    cookie = browser.client.cookies["session"]
    assert cookie.value != "planted"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) < 4096
    assert str(ana.email) not in cookie.value


async def test_a_forged_cookie_opens_nothing(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    browser.client.cookies["session"] = browser.client.cookies["session"].value[:-3] + "abc"
    assert (await browser.get("/settings/profile")).status_code == 302


async def test_a13_forms_need_their_token_and_our_own_origin(browser: Browser, ana: User) -> None:
    body = {"email": ana.email, "password": PASSWORD}
    assert (await browser.client.post("/sign-in", body)).status_code == 403
    page = (await browser.get("/sign-in")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    foreign = await browser.client.post(
        "/sign-in", {**body, "csrfmiddlewaretoken": token}, headers={"origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert "page was open too long" in foreign.content.decode()
    assert not await Session.objects.aexists()


async def test_a_second_sign_in_page_leads_on_once_somebody_is_signed_in(browser: Browser, ana: User) -> None:
    page = (await browser.get("/sign-in")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    await browser.sign_in(ana.email)
    body = {"email": ana.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    late = await browser.client.post("/sign-in", body)
    assert (late.status_code, late["Location"]) == (303, "/")


async def test_a_stale_form_leads_back_to_its_page_and_nowhere_else(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    for referer, back in (
        ("http://testserver/settings/sessions?a=1", "/settings/sessions"),
        ("https://evil.example/settings", "/settings/profile"),
        ("http://testserver//evil.example", "/"),
        ("http://[", "/settings/profile"),
        ("", "/settings/profile"),
    ):
        stale = await browser.client.post("/settings/profile", {}, headers={"referer": referer})
        assert stale.status_code == 403
        assert f'href="{back}">Reload the page</a>' in stale.content.decode(), referer


async def test_a_form_sent_after_signing_out_elsewhere_says_that_nothing_was_done(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    page = (await browser.get("/settings/sessions")).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    await other_browser.sign_in(ana.email)
    await other_browser.send("/settings/sessions/end-others", shown_at="/settings/sessions")
    late = await browser.client.post(
        "/settings/sessions/end-others",
        {"csrfmiddlewaretoken": token},
        headers={"referer": "http://testserver/settings/sessions"},
    )
    assert (late.status_code, late["Location"]) == (302, "/sign-in?next=%2Fsettings%2Fsessions")
    shown = (await browser.get(late["Location"])).content.decode()
    assert "You were signed out, so that was not done." in shown
    assert "Please sign in to continue." not in shown


async def test_whoever_is_sent_to_sign_in_is_told_why(browser: Browser, db: None) -> None:
    sent_away = await browser.get("/settings/profile")
    assert "Please sign in to continue." in (await browser.get(sent_away["Location"])).content.decode()
    assert "Please sign in to continue." not in (await browser.get("/sign-in")).content.decode()


async def test_people_come_back_to_where_they_wanted_to_go(browser: Browser, ana: User) -> None:
    sent_away = await browser.get("/settings/security?tab=1")
    assert sent_away["Location"] == "/sign-in?next=%2Fsettings%2Fsecurity%3Ftab%3D1"
    back = await browser.send(
        "/sign-in",
        shown_at=sent_away["Location"],
        email=ana.email,
        password=PASSWORD,
        next="/settings/security?tab=1",
    )
    assert back["Location"] == "/settings/security?tab=1"
    assert (await browser.get("/sign-in?next=/settings/profile"))["Location"] == "/settings/profile"


async def test_e9_nobody_is_sent_to_a_foreign_page(browser: Browser, ana: User) -> None:
    foreign = ["//evil.example", "/\\evil.example", "https:evil", "javascript:alert(1)", "https://evil.example/",
               "http://testserver@evil.example/", "\x00//evil.example", "///evil.example"]  # fmt: skip
    for wanted in foreign:
        answer = await Browser().sign_in(ana.email, next=wanted)
        assert answer.get("Location", "/") == "/", wanted
    await browser.sign_in(ana.email)
    for wanted in ("//evil.example", "https://evil.example/"):
        assert (await browser.get(f"/sign-in?next={wanted}"))["Location"] == "/"


async def test_a_place_to_go_that_is_no_address_leads_home(browser: Browser, ana: User) -> None:
    for wanted in ("nowhere", "sign-out", "settings/profile"):
        answer = await Browser().sign_in(ana.email, next=wanted)
        assert (answer.status_code, answer["Location"]) == (303, "/"), wanted
    await browser.sign_in(ana.email)
    answer = await browser.get("/sign-in?next=nowhere")
    assert (answer.status_code, answer["Location"]) == (302, "/")


async def test_c9_signing_out_is_a_post_and_ends_the_session(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert (await browser.get("/sign-out")).status_code == 405
    assert (await browser.get("/settings/profile")).status_code == 200
    kept = browser.client.cookies["session"].value
    out = await browser.send("/sign-out", shown_at="/settings/profile")
    assert (out.status_code, out["Location"]) == (303, "/sign-in")
    assert out["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.client.cookies["session"].value == ""
    browser.client.cookies["session"] = kept
    again = await browser.get("/settings/profile")
    assert again.status_code == 302
    assert again.cookies["session"].value == ""
    assert (await Session.objects.aget()).revoke_reason == "signed_out"


async def test_pages_for_signed_in_people_are_closed_to_others(browser: Browser, ana: User) -> None:
    for path in ("/settings/profile", "/settings/security", "/settings/sessions"):
        answer = await browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={path.replace('/', '%2F')}")


async def test_signed_in_people_are_led_past_the_sign_up_page(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    assert (await browser.get("/sign-up"))["Location"] == "/"


async def test_people_change_their_profile(browser: Browser, ana: User) -> None:
    await browser.sign_in(ana.email)
    saved = await browser.send(
        "/settings/profile", name="Ana María", time_zone="Asia/Tokyo", base_currency="JPY"
    )
    assert saved.status_code == 303
    page = (await browser.get("/settings/profile")).content.decode()
    assert "Your profile is saved." in page
    assert 'value="Ana María"' in page
    assert '<option value="Asia/Tokyo" selected>' in page
    refused = await browser.send("/settings/profile", name="", time_zone="Mars", base_currency="JPY")
    assert refused.status_code == 422
    assert "Choose a time zone by its name" in refused.content.decode()


async def test_people_change_their_password_and_stay_signed_in_here(
    browser: Browser, other_browser: Browser, ana: User
) -> None:
    await browser.sign_in(ana.email)
    await other_browser.sign_in(ana.email)
    wrong = await browser.send("/settings/security", current_password="no, not this", new_password=NEW)
    assert wrong.status_code == 422
    assert "not your current password" in wrong.content.decode()
    done = await browser.send("/settings/security", current_password=PASSWORD, new_password=NEW)
    assert done.status_code == 303
    assert (await browser.get("/settings/profile")).status_code == 200
    assert (await other_browser.get("/settings/profile")).status_code == 302
    assert len(await mails("password_changed")) == 1


async def test_people_end_a_session_they_do_not_know(
    browser: Browser, other_browser: Browser, ana: User, ben: User
) -> None:
    await other_browser.sign_in(ana.email)
    other = await Session.objects.aget()
    await browser.sign_in(ana.email)
    assert "This device" in (await browser.get("/settings/sessions")).content.decode()
    ended = await browser.send(f"/settings/sessions/{other.id}/end", shown_at="/settings/sessions")
    assert (ended.status_code, ended["Location"]) == (303, "/settings/sessions")
    assert (await other_browser.get("/settings/profile")).status_code == 302
    bens = Browser()
    await bens.sign_in(ben.email)
    hers = await Session.objects.aget(user=ana, revoked_at=None)
    refused = await bens.send(f"/settings/sessions/{hers.id}/end", shown_at="/settings/profile")
    assert refused.status_code == 404
    assert (await browser.get("/settings/profile")).status_code == 200


async def test_people_end_all_other_sessions(browser: Browser, api: Api, ana: User) -> None:
    await api.sign_in(ana.email)
    await browser.sign_in(ana.email)
    await browser.send("/settings/sessions/end-others", shown_at="/settings/sessions")
    assert "1 other session ended" in (await browser.get("/settings/sessions")).content.decode()
    assert (await api.get("auth/me")).status_code == 401


async def test_what_a_client_calls_itself_is_shown_as_text(browser: Browser, ana: User) -> None:
    page = await browser.get("/sign-in")
    token = page.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    body = {"email": ana.email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    await browser.client.post("/sign-in", body, headers={"user-agent": "<script>alert(1)</script>"})
    shown = (await browser.get("/settings/sessions")).content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)&lt;" in shown


async def test_every_page_forbids_foreign_content_framing_and_storing(browser: Browser, db: None) -> None:
    for path in (
        "/sign-in",
        "/sign-up",
        "/forgot-password",
        "/verify-email",
        "/reset-password",
        "/check-your-mail",
    ):
        page: Any = await browser.get(path)
        assert page.status_code == 200, path
        assert "default-src 'none'" in page["Content-Security-Policy"]
        assert page["Cache-Control"] == "no-store"
        assert page["X-Frame-Options"] == "DENY"
        for mark in (" style=", "<style", " onclick=", "javascript:"):
            assert mark not in page.content.decode(), path


async def test_a9_the_page_of_a_mailed_link_loads_nothing_from_elsewhere(browser: Browser, ana: User) -> None:
    await browser.send("/forgot-password", email=ana.email)
    await browser.get(f"/reset-password?token={await link_token('reset_password')}")
    page = await browser.get("/reset-password")
    assert page["Referrer-Policy"] == "same-origin"  # and there is no token in the URL any more
    loaded = re.findall(r'(?:src|href|action)="([^"]+)"', page.content.decode())
    assert loaded
    assert [url for url in loaded if not re.match(r"/(?!/)|#", url)] == []
