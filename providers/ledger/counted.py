"""The accounts, days and rows that sums count: every such sum begins here."""

from datetime import UTC, date, datetime, timedelta, timezone

from django.utils.timezone import now

FURTHEST_AHEAD = timezone(timedelta(hours=14))  # where each day begins first (Line Islands)

# The rows of the person `%(user)s` that totals count: pending ones too, unless the person has said no.
COUNTED_ROWS = """(status = 'posted' OR NOT EXISTS (
    SELECT FROM providers_ledgersettings s WHERE s.user_id = %(user)s AND NOT s.count_pending
))"""

_COUNTED = """
SELECT id, currency, balances_version, created_at, coalesce(closed_at::date, 'infinity') AS closes
FROM providers_financialaccount AS account
WHERE user_id = %(user)s AND in_net_worth
    AND NOT EXISTS (SELECT FROM providers_accountdoor AS door WHERE door.account_id = account.id)"""


def counted_accounts() -> str:
    """SQL for the accounts of the person `%(user)s` that net worth counts, each until the day it `closes`.

    Those of ended connections are among them: a person still owns what Dashtam no longer reads. Those that the
    person leaves out are not, and neither are further entrances to an account that is counted already.
    """
    return _COUNTED


def newest_day(moment: datetime | None = None) -> date:
    """The latest day that has begun anywhere. A balance of a later day cannot be so, and counts nowhere."""
    return (moment or now().astimezone(UTC)).astimezone(FURTHEST_AHEAD).date()
