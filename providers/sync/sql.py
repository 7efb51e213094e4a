"""The SQL of a run's steps. Every run takes them, some several times: as text they are composed once.

`started_at` is the fence: another worker that has claimed the run since has set its own.
"""

from dashtam.bridge.rows import Rows

# A run that waits, or whose worker has been silent, for the worker that asks.
CLAIM = Rows(
    """
WITH claimed AS (
    UPDATE providers_syncrun SET state = 'running', started_at = statement_timestamp(),
        progress_at = statement_timestamp(), accounts_total = 0, accounts_done = 0
    WHERE id = %(id)s
      AND (state = 'queued' OR (state = 'running' AND progress_at < statement_timestamp() - %(silent)s))
    RETURNING *
)
SELECT {claimed}, {place} FROM claimed JOIN providers_connection AS place ON place.id = claimed.connection_id
""",
    claimed="providers.SyncRun",
    place="providers.Connection",
)

PROGRESS = """
UPDATE providers_syncrun SET progress_at = statement_timestamp(),
    accounts_total = accounts_total + %(accounts_total)s, accounts_done = accounts_done + %(accounts_done)s,
    added = added + %(added)s, modified = modified + %(modified)s, removed = removed + %(removed)s
WHERE id = %(id)s AND state = 'running' AND started_at IS NOT DISTINCT FROM %(started_at)s
"""
NOTHING_DONE = dict.fromkeys(("accounts_total", "accounts_done", "added", "modified", "removed"), 0)

FINISH = """
UPDATE providers_syncrun SET state = %s, finished_at = %s, error_code = %s, account_errors = %s, notices = %s,
    provider_request_id = %s
WHERE id = %s AND state = 'running' AND started_at IS NOT DISTINCT FROM %s
RETURNING added, modified, removed
"""

CONNECTION = Rows(
    "SELECT {place} FROM providers_connection AS place WHERE id = %(id)s FOR NO KEY UPDATE",
    place="providers.Connection",
)
ACCOUNTS = Rows(
    """
SELECT {account} FROM providers_financialaccount AS account
WHERE connection_id = %(connection)s AND (%(named)s::text[] IS NULL OR provider_account_id = ANY(%(named)s))
""",
    account="providers.FinancialAccount",
)

# A pull has come to its end: the feeds of accounts without trouble, and of those that they are doors to.
READ_TO_ITS_END = """
WITH read AS (
    SELECT id FROM providers_financialaccount
    WHERE connection_id = %(connection)s AND provider_account_id <> ALL(%(troubled)s)
)
UPDATE providers_source SET complete_at = now()
WHERE kind = 'feed' AND complete_at IS NULL AND starts_with(name, %(connection)s::text)
  AND account_id IN (SELECT id FROM read
                     UNION ALL SELECT into_id FROM providers_accountdoor WHERE account_id IN (SELECT id FROM read))
"""
