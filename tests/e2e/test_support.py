"""A member of the support staff finds a person, says why, sees their numbers; and the person sees that."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.second_factors import code
from tests.e2e.test_pages_journey import is_sound, sign_in
from tests.stack import PASSWORD, Stack

WHY = "Ana asked us why the balance of her account is old."
MONEY = re.compile(r"\d[\d,]*\.\d\d")


@pytest.fixture(scope="module")
def ana(stack: Stack) -> str:
    """A person with accounts."""
    email, token = stack.sign_up("Ana")
    stack.connect(email, token)
    stack.synced(token)
    return email


@dataclass
class Colleague:
    """A person with the role Support, and the recovery codes that they printed."""

    email: str
    codes: list[str]


@pytest.fixture(scope="module")
def sam(stack: Stack) -> Colleague:
    """A colleague who has never signed in as such."""
    email, _ = stack.sign_up("Sam")
    with psycopg.connect(stack.database_url) as database:
        database.execute("UPDATE accounts_user SET is_staff = true WHERE email = %s", [email])
        database.execute(
            "INSERT INTO accounts_user_groups (user_id, group_id) SELECT u.id, g.id FROM accounts_user u, "
            "auth_group g WHERE u.email = %s AND g.name = 'Support'",
            [email],
        )
    return Colleague(email, [])


@pytest.fixture
def staff(page: Page, sam: Colleague) -> Page:
    """The colleague's browser, in the admin: the first time they have to set up a second factor."""
    page.goto("/sign-in?next=/admin/")
    page.get_by_label("Email address").fill(sam.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main form:has([name=password]) button[type=submit]").click()
    if sam.codes:
        page.locator("[name=otp]").fill(sam.codes.pop())
        page.locator("main form:has([name=otp]) button[type=submit]").click()
        expect(page).to_have_url(re.compile("/admin/$"))
        return page
    expect(page.get_by_text("Staff need a second factor")).to_be_visible()
    page.get_by_role("button", name="Set up an authenticator app").click()
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    page.locator("[name=otp]").fill(code(secret))
    page.get_by_role("button", name="Turn it on").click()
    sam.codes += page.locator("#codes").inner_text().split()
    page.goto("/admin/")
    return page


def test_k2_a_reasoned_look_from_both_sides(
    stack: Stack, staff: Page, chromium: Browser, ana: str, complaints: list[str], pictures: Path
) -> None:
    staff.screenshot(path=pictures / "admin-index.png", full_page=True)
    staff.get_by_label("Find a person").fill(ana)
    staff.get_by_label("Find a person").press("Enter")
    staff.get_by_role("link", name=ana).click()
    expect(staff.get_by_text("This person's numbers are hidden.")).to_be_visible()
    staff.screenshot(path=pictures / "admin-person.png", full_page=True)
    staff.locator(".staff-panel").get_by_role("link", name="Accounts", exact=True).click()
    expect(staff.locator("#result_list")).to_contain_text("••••")
    assert not MONEY.search(staff.locator("#result_list").inner_text())
    staff.screenshot(path=pictures / "admin-accounts-hidden.png", full_page=True)
    staff.locator("#result_list tbody tr a").first.click()
    staff.get_by_role("link", name="Give a reason to see them").click()
    staff.get_by_label("Reason").fill(WHY)
    staff.get_by_label("Ticket").fill("HELP-12")
    staff.get_by_role("button", name="Show them").click()
    expect(staff.locator("#content")).to_contain_text(WHY)
    assert MONEY.search(staff.locator("#content").inner_text())
    staff.screenshot(path=pictures / "admin-account-shown.png", full_page=True)
    assert complaints == []
    staff.go_back()
    is_sound(staff, "admin-reason", pictures)  # axe itself complains of our policy

    context = chromium.new_context(base_url=stack.origin)
    hers = context.new_page()
    sign_in(hers, ana)
    hers.goto("/settings/activity")
    expect(hers.get_by_text("Support looked at your accounts").first).to_be_visible()
    expect(hers.get_by_text(WHY).first).to_be_visible()
    expect(hers.get_by_text("HELP-12").first).to_be_visible()
    assert "sam" not in hers.locator("main").inner_text().lower()
    is_sound(hers, "activity-with-a-look", pictures)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_admin_s_pages_are_sound_on_a_phone_and_a_desk(
    staff: Page, ana: str, complaints: list[str], pictures: Path, scheme: str
) -> None:
    staff.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    staff.goto(f"/admin/accounts/user/?q={ana}")
    person = staff.locator("#result_list tbody tr a").first.get_attribute("href") or ""
    staff.goto(f"/admin/providers/connection/?q={ana}")
    connection = staff.locator("#result_list tbody tr a").first.get_attribute("href") or ""
    pages = {
        "index": "/admin/",
        "people": f"/admin/accounts/user/?q={ana}",
        "person": person,
        "connection": connection,
        "transactions": f"/admin/providers/transaction/?q={ana}",
        "look": person.replace("change/", "look/"),
        "disable": person.replace("change/", "help/disable/"),
        "mail": f"/admin/notifications/email/?q={ana}",
    }
    for size, viewport in {"desk": (1440, 900), "phone": (390, 844)}.items():
        staff.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        for name, path in pages.items():
            response = staff.goto(path)
            assert response is not None
            assert response.status == 200, path
            staff.screenshot(path=pictures / f"admin-{name}-{size}-{scheme}.png", full_page=True)
    assert complaints == []
