"""The dashboard of a person with many accounts, beside the list of the same accounts."""

import statistics
from uuid import UUID

from django.conf import settings

from dashtam.installation.demo.browser import Browser
from tests.benchmarks import load, people
from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene
from tests.stack import PASSWORD

ACCOUNTS, ROWS, DAYS = 50, 20_000, 90
READERS, ROUNDS, SECONDS = 8, 3, 4.0
ALONE = 0.05  # seconds for a page that one person reads, one after the other
PERSON = 1

SNAPSHOTS = """
INSERT INTO providers_balancesnapshot (account_id, date, current, as_of, fetched_at)
SELECT account.id, current_date - n, 1000 + n, now() - n * interval '1 day', now()
FROM providers_financialaccount account, generate_series(0, %(days)s - 1) n
WHERE account.user_id = %(user)s ON CONFLICT DO NOTHING
"""


def measure(scene: Scene) -> list[Row]:
    """Eight readers of either, in turns. The page is a browser's, with its cookie."""
    (token,) = people.make(scene, PERSON)
    user = people.made_id("user", PERSON)
    fill(scene, user, accounts=ACCOUNTS, rows=ROWS, days=DAYS)
    with Browser(scene.stack.origin) as browser:
        browser.submit(browser.open("/sign-in"), "password", email=people.mail_of(PERSON), password=PASSWORD)
        assert browser.open("/").status_code == 200
        name = settings.SESSION_COOKIE_NAME
        cookie = f"{name}={browser.client.cookies[name]}"
    alone = [
        load.read(f"{scene.stack.origin}{path}", readers=1, seconds=SECONDS, cookie=cookie)
        for path in ("/", "/transactions")
    ]
    rates: dict[str, list[float]] = {"page": [], "list": []}
    latest = []
    for _ in range(ROUNDS):
        page = load.read(f"{scene.stack.origin}/", readers=READERS, seconds=SECONDS, cookie=cookie)
        accounts = f"{scene.local}/api/v1/accounts"
        listed = load.read(accounts, token, readers=READERS, seconds=SECONDS)
        assert set(page.answers) == set(listed.answers) == {"200"}, (page.answers, listed.answers)
        rates["page"].append(page.per_second)
        rates["list"].append(listed.per_second)
        latest.append(page.p99)
    page_rate, list_rate = (statistics.median(found) for found in rates.values())
    what = f"dashboard of {ACCOUNTS} accounts and {ROWS:,} rows"
    seconds = [1 / each.per_second for each in alone]
    return [
        row("dashboard.alone", what, seconds[0], "s", yardstick=ALONE, at_most=1),
        row(
            "transactions.alone",
            "the page of all their transactions",
            seconds[1],
            "s",
            yardstick=ALONE,
            at_most=1,
        ),
        row(
            "dashboard.p99",
            f"{what}, p99 at {READERS} readers",
            statistics.median(latest),
            "s",
            yardstick=0.1,
            at_most=1,
        ),
        row("dashboard.rate", f"{what} ÷ list of them", page_rate, "/s", yardstick=list_rate, at_least=0.1),
    ]


def fill(scene: Scene, user: UUID, *, accounts: int, rows: int, days: int) -> None:
    """So many accounts of a person, with transactions and a balance for each of the last days."""
    for _ in range(accounts):
        scene.fill(rows // accounts, user, tidy=False)
    with scene.database() as database:
        database.execute(SNAPSHOTS, {"user": user, "days": days})
        database.execute("VACUUM ANALYZE providers_transaction, providers_balancesnapshot")
