"""Tables on their way in, in a real browser: dropped, asked about with examples, corrected, imported."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.test_pages_journey import is_sound, sign_in
from tests.stack import Stack

PHONE: ViewportSize = {"width": 390, "height": 844}
DAYS = "Date,Details,Amount,Currency\n03/04/2026,Corner Market,-23.90,GBP\n05/04/2026,Bus pass,-61.00,GBP\n"
SIDES = "2026-03-04,Cafe Luna,4.50,,\n2026-03-15,Northwind wages,,1800.00,\n2026-03-16,Rent,950.00,,\n"
DROP = """files => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name, {type: "text/csv"}));
  for (const type of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, {dataTransfer: carried, bubbles: true, cancelable: true}));
  }
}"""


def test_t14_tables_are_dropped_answered_and_imported(
    stack: Stack, page: Page, complaints: list[str], pictures: Path
) -> None:
    email, _ = stack.sign_up("Ida")
    sign_in(page, email)
    page.goto("/imports/new")
    page.evaluate(DROP, [["days.csv", DAYS], ["sides.csv", SIDES]])
    expect(page.locator(".files li")).to_have_text([re.compile(r"days\.csv"), re.compile(r"sides\.csv")])
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("2 files are waiting for you to check how they are read.")).to_be_visible()
    is_sound(page, "imports-waiting", pictures)
    page.get_by_role("link", name="days.csv").click()
    question = page.get_by_role("group", name="Which day is 03/04/2026?")
    question.get_by_label("3 Apr 2026").check()
    expect(page.get_by_role("row", name=re.compile("3 Apr 2026 Corner Market"))).to_be_visible()
    expect(page.locator("#shown")).to_contain_text("from 3 Apr 2026 to 5 Apr 2026")
    page.get_by_text("Does a row look wrong?").click()
    page.get_by_label("Details").select_option("ignore")
    expect(page.get_by_role("row", name=re.compile("3 Apr 2026 Corner Market"))).to_have_count(0)
    page.get_by_label("Details").select_option("description")  # still unfolded, and the answer still given
    expect(question.get_by_label("3 Apr 2026")).to_be_checked()
    expect(page.get_by_role("row", name=re.compile("3 Apr 2026 Corner Market"))).to_be_visible()
    page.get_by_text("How days, amounts and the file are read").click()
    for size, name in ((page.viewport_size, "desktop"), (PHONE, "phone")):
        page.set_viewport_size(size or PHONE)
        is_sound(page, f"preview-{name}", pictures)
    page.get_by_label("Which account is it?").select_option("new")
    page.get_by_role("button", name="Import these rows").click()
    expect(page.get_by_text("2 added, 0 known already")).to_be_visible()
    page.get_by_role("link", name="Check sides.csv").click()
    page.get_by_role("group", name="Is 4.50 for “Cafe Luna” money in or money out?").get_by_label(
        "Money out"
    ).check()
    page.get_by_label("Which currency is it in?").select_option("EUR")
    page.get_by_label("Which account is it?").select_option("new")
    expect(page.get_by_text("−€4.50")).to_be_visible()
    page.get_by_role("button", name="Import these rows").click()
    expect(page.get_by_text("3 added, 0 known already")).to_be_visible()
    assert complaints == []


def test_t14_a_phone_without_script_gets_a_table_right(
    stack: Stack, chromium: Browser, tmp_path: Path
) -> None:
    email, _ = stack.sign_up("Jon")
    with chromium.new_context(base_url=stack.origin, viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, email)
        page.goto("/imports/new")
        file = tmp_path / "days.csv"
        file.write_text(DAYS)
        page.get_by_label("Statement files").set_input_files(file)
        page.get_by_role("button", name="Import", exact=True).click()
        page.get_by_role("button", name="Import these rows").click()
        expect(page.get_by_role("alert")).to_contain_text(
            "Which day is 03/04/2026? Please answer this first."
        )
        page.get_by_label("4 Mar 2026").check()
        page.get_by_role("button", name="Show the rows with my answers").click()
        expect(page.get_by_role("row", name=re.compile("4 Mar 2026 Corner Market"))).to_be_visible()
        page.get_by_role("button", name="Import these rows").click()
        expect(page.get_by_text("2 added, 0 known already")).to_be_visible()
