"""The SQL that writes transactions. The records are sent as one JSON document, which PostgreSQL takes apart."""

_ROWS = """
rows AS (
    SELECT r.*
    FROM ROWS FROM (
        json_to_recordset(%(rows)s::json) AS (
            id text, date date, posted_at timestamptz, status text, amount numeric, currency text, description text,
            kind text, source_code text, category text, security_id text, quantity numeric, price numeric,
            fees numeric, details jsonb, replaced_pending_id text
        ),
        unnest(%(ids)s::uuid[])
    ) AS r (
        id, date, posted_at, status, amount, currency, description, kind, source_code, category, security_id,
        quantity, price, fees, details, replaced_id, new_id
    )
)"""

SECURITIES = """
INSERT INTO providers_security (id, provider, provider_security_id, name, symbol, type, cusip, isin, currency)
SELECT n.id, %(provider)s, n.name, '', '', '', '', '', n.currency
FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(currencies)s::text[]) AS n (id, name, currency)
ON CONFLICT (provider, provider_security_id) DO NOTHING
"""

# The replaced row gets the id of its heir, so that the upsert finds it as a known row.
TAKE_OVER = f"""
WITH {_ROWS},
heirs AS (SELECT DISTINCT ON (replaced_id) id, replaced_id FROM rows WHERE replaced_id <> '' ORDER BY replaced_id, id)
UPDATE providers_transaction t
SET provider_transaction_id = heirs.id
FROM heirs
WHERE t.account_id = %(account)s AND t.provider_transaction_id = heirs.replaced_id
  AND NOT EXISTS (
    SELECT FROM providers_transaction known
    WHERE known.account_id = %(account)s AND known.provider_transaction_id = heirs.id
  )
"""  # noqa: S608 our own words

_FEED_COLUMNS = (
    *("date", "posted_at", "status", "amount", "currency", "description", "kind", "source_code", "category"),
    *("security_id", "quantity", "price", "fees", "details", "replaced_id"),
)
_COLUMNS = ", ".join(_FEED_COLUMNS)
_NEW_VALUES = ", ".join(f"EXCLUDED.{column}" for column in _FEED_COLUMNS)
# A category that the person chose stays; the provider's is kept beside it.
_OWN = {"category": "CASE WHEN t.feed_category IS NULL THEN EXCLUDED.category ELSE t.category END"}
_SET_VALUES = ", ".join(_OWN.get(column, f"EXCLUDED.{column}") for column in _FEED_COLUMNS)
_FED = {"category": "coalesce(t.feed_category, t.category)"}
_OLD_VALUES = ", ".join(_FED.get(column, f"t.{column}") for column in _FEED_COLUMNS)

# A row that another has replaced stays away when an old page is read again. A row that was withdrawn, or whose
# pending form was, gets back the id and the person's own words that it had.
UPSERT = f"""
WITH {_ROWS},
back AS (
    DELETE FROM providers_withdrawntransaction w
    USING rows
    WHERE w.account_id = %(account)s AND w.provider_transaction_id IN (rows.id, rows.replaced_id)
      AND NOT EXISTS (
        SELECT FROM providers_transaction known
        WHERE known.account_id = %(account)s AND known.provider_transaction_id = rows.id
      )
    RETURNING rows.id, w.transaction_id, w.note, w.category, w.first_seen_at, w.withdrawn_at
),
old AS (SELECT DISTINCT ON (transaction_id) * FROM back ORDER BY transaction_id, id),
upserted AS (
    INSERT INTO providers_transaction AS t (
        id, user_id, account_id, provider_transaction_id, note, feed_category, first_seen_at, updated_at, {_COLUMNS}
    )
    SELECT DISTINCT ON (rows.new_id)
        COALESCE(old.transaction_id, rows.new_id), %(user)s, %(account)s, rows.id, COALESCE(old.note, ''),
        CASE WHEN old.category IS NOT NULL THEN left(rows.category, 80) END,
        COALESCE(old.first_seen_at, %(now)s), %(now)s,
        rows.date, rows.posted_at, rows.status, rows.amount, rows.currency, left(rows.description, 1000),
        left(rows.kind, 32), left(rows.source_code, 64), COALESCE(old.category, left(rows.category, 80)), s.id,
        rows.quantity, rows.price, rows.fees, rows.details,
        rows.replaced_id
    FROM rows
    LEFT JOIN old ON old.id = rows.id
    LEFT JOIN providers_security s ON s.provider = %(provider)s AND s.provider_security_id = rows.security_id
    WHERE NOT EXISTS (
        SELECT FROM providers_transaction heir
        WHERE heir.account_id = %(account)s AND heir.replaced_id = rows.id AND heir.replaced_id <> ''
    )
    ORDER BY rows.new_id, old.withdrawn_at DESC
    ON CONFLICT (account_id, provider_transaction_id) DO UPDATE
    SET ({_COLUMNS}, feed_category, updated_at)
      = ({_SET_VALUES}, CASE WHEN t.feed_category IS NOT NULL THEN EXCLUDED.category END, %(now)s)
    WHERE ({_OLD_VALUES}) IS DISTINCT FROM ({_NEW_VALUES})
    RETURNING (t.xmax = 0) AS added
)
SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM upserted
"""  # noqa: S608 our own words

REMOVE = """
WITH old AS (DELETE FROM providers_withdrawntransaction WHERE account_id = %(account)s AND withdrawn_at < %(old)s),
gone AS (
    DELETE FROM providers_transaction
    WHERE account_id = %(account)s AND provider_transaction_id = ANY(%(gone)s)
    RETURNING id, provider_transaction_id, note, CASE WHEN feed_category IS NOT NULL THEN category END AS category,
        first_seen_at
),
kept AS (
    INSERT INTO providers_withdrawntransaction
        (account_id, provider_transaction_id, transaction_id, note, category, first_seen_at, withdrawn_at)
    SELECT %(account)s, provider_transaction_id, id, note, category, first_seen_at, %(now)s FROM gone
    ON CONFLICT (account_id, provider_transaction_id) DO UPDATE
    SET (transaction_id, note, category, first_seen_at, withdrawn_at)
      = (EXCLUDED.transaction_id, EXCLUDED.note, EXCLUDED.category, EXCLUDED.first_seen_at, EXCLUDED.withdrawn_at)
)
SELECT count(*) FROM gone
"""
