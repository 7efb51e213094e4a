"""The SQL that finds what a delivery changes: rows compared by their digests in the database, in sets."""

# Rows that the source has not said before, and observations of the covered windows that it says no more, with those
# held back of the days it tells of. Equal rows are counted: the second of two is new if one is held.
NOVEL = """
WITH stated AS MATERIALIZED (
    SELECT place, hash, row_number() OVER (PARTITION BY hash ORDER BY place) AS nth
    FROM (
        SELECT place, substring(%(hashes)s::bytea FROM place * 16 + 1 FOR 16) AS hash
        FROM generate_series(0, %(rows)s - 1) AS place
    ) AS cut
),
held AS MATERIALIZED (
    SELECT o.id, o.row_hash AS hash, o.state, o.date,
        row_number() OVER (PARTITION BY o.row_hash ORDER BY o.id) AS nth
    FROM providers_observation o
    WHERE o.source_id = %(source)s AND o.state IN (0, 3)
      AND (o.date = ANY(%(days)s::date[]) OR o.date BETWEEN %(first)s AND %(last)s)
)
SELECT stated.place, CASE WHEN stated.place IS NULL THEN held.id END
FROM stated FULL JOIN held USING (hash, nth)
WHERE held.id IS NULL
    OR (stated.place IS NULL AND (held.state = 3 OR held.date BETWEEN %(first)s AND %(last)s))
"""

# Live provisional rows from before a day, or an open question about vanished ones. The status is written out and all
# are counted: only so does every plan read the index of the few provisional rows, and none of the many posted ones.
UNSETTLED = """
SELECT (
    SELECT count(*) > 0 FROM providers_observation
    WHERE source_id = %(source)s AND status < 2 AND state = 0 AND date < %(oldest)s::date
) OR EXISTS (
    SELECT FROM providers_question
    WHERE kind = 'vanished_rows' AND "left" = %(account)s AND "right" = %(named)s AND state <> 'accepted'
)
"""

# All observations of the events that the delivery's new rows may be: by id, by their own links, among provisional
# rows, and by amount near their day, or that of a provisional row which is gone. Each span of days is read once, each
# row looked up in one table of hashes, and events lead to their observations: no statistics, however wrong, make the
# planner compare all with all. Hence the CASE, which keeps the IN from becoming a join, and the OFFSETs, which keep the
# order of what is joined.
NEAR = """
WITH lost AS MATERIALIZED (
    SELECT date, amount, unit FROM providers_observation WHERE id = ANY(%(absent)s) AND status < 2
),
wanted AS MATERIALIZED (
    SELECT DISTINCT n.amount, n.unit, (n.date - DATE '2000-01-01') / 10 + beside AS days
    FROM (
        SELECT * FROM unnest(%(dates)s::date[], %(amounts)s::numeric[], %(units)s::text[]) AS n (date, amount, unit)
        UNION ALL SELECT * FROM lost
    ) AS n, generate_series(-1, 1) AS beside
),
events AS MATERIALIZED (
    SELECT event FROM providers_observation
    WHERE source_id = %(source)s AND row_id = ANY(%(ids)s) AND row_id <> ''
    UNION
    SELECT event FROM providers_observation
    WHERE source_id = %(source)s AND replaces = ANY(%(ids)s) AND replaces <> ''
    UNION
    SELECT event FROM providers_observation
    WHERE source_id = ANY(%(sources)s) AND status < 2 AND (state = 0 OR (state = 2 AND date >= %(oldest)s))
    UNION
    SELECT o.event
    FROM (
        SELECT * FROM unnest(%(lows)s::date[], %(highs)s::date[]) AS span (low, high)
        UNION ALL SELECT date - 10, date + 10 FROM lost
    ) AS span
    CROSS JOIN LATERAL (
        SELECT event FROM providers_observation
        WHERE source_id = ANY(%(sources)s) AND date BETWEEN span.low AND span.high AND state IN (0, 2)
          AND CASE WHEN (amount, unit, (date - DATE '2000-01-01') / 10) IN (SELECT * FROM wanted) THEN true END
        OFFSET 0
    ) AS o
    UNION
    SELECT event FROM providers_observation WHERE id = ANY(%(absent)s)
)
SELECT o.id, o.event, o.source_id, o.row_id, o.date, o.amount, o.unit, o.status, o.text, o.row_hash, o.state, o.at,
    o.replaces, o.until
FROM events
CROSS JOIN LATERAL (SELECT * FROM providers_observation AS told WHERE told.event = events.event OFFSET 0) AS o
WHERE o.source_id = ANY(%(sources)s)
ORDER BY o.id
"""

OBSERVATIONS = """
COPY providers_observation (
    source_id, delivery_id, place, event, row_id, replaces, date, amount, unit, status, text, row_hash, state, reason,
    at
) FROM STDIN
"""

TRANSACTIONS = """
COPY providers_transaction (
    id, user_id, account_id, provider_transaction_id, date, posted_at, status, amount, currency, description, kind,
    source_code, category, feed_category, note, security_id, quantity, price, fees, details, replaced_id,
    first_seen_at, updated_at
) FROM STDIN
"""

# Of each event, what its sources say today: the most certain first, a feed before files, and of one kind the latest.
TODAY = """
SELECT o.event, o.delivery_id, o.place, o.status, s.provider, o.at,
    (SELECT min(f.at) FROM providers_observation f
     WHERE f.event = o.event AND (f.reason <> 'stale' OR f.id = o.id)) AS first_seen_at,
    o.row_id, s.id, s.kind, s.name,
    o.row_id <> '' AND o.event = (
        SELECT (array_agg(f.event ORDER BY f.id))[1] FROM providers_observation f
        WHERE f.source_id = o.source_id AND f.row_id = o.row_id AND f.row_id <> ''
    ) AS is_first
FROM providers_observation o
JOIN providers_source s ON s.id = o.source_id
WHERE o.event = ANY(%(events)s) AND o.state = 0
ORDER BY o.event, o.status DESC, s.kind, o.id DESC
"""

# Of ids, those that have named an event of the source before.
SAID_IDS = """
SELECT DISTINCT row_id FROM providers_observation
WHERE source_id = %(source)s AND row_id = ANY(%(ids)s) AND row_id <> ''
"""

# Open questions about events that nothing is left of: an amount that is held back no more, an event that has become
# another, or two that one feed has booked. A file takes nothing back, so that what it has twice may yet be one.
SETTLED = """
SELECT q.id FROM providers_question q
WHERE q.account_id = %(account)s AND q.state <> 'accepted' AND q.kind IN ('same_event', 'sudden_change')
  AND (q."left" = ANY(%(events)s) OR q."right" = ANY(%(events)s))
  AND CASE WHEN q.kind = 'sudden_change'
    THEN NOT EXISTS (SELECT FROM providers_observation o WHERE o.event = q."left" AND o.state = 3)
    ELSE q.state = 'open' AND (
        NOT EXISTS (SELECT FROM providers_observation o WHERE o.event = q."left")
        OR NOT EXISTS (SELECT FROM providers_observation o WHERE o.event = q."right")
        OR EXISTS (
            SELECT FROM providers_observation o
            JOIN providers_observation p USING (source_id)
            JOIN providers_source s ON s.id = source_id AND s.kind = 'feed'
            WHERE o.event = q."left" AND o.state = 0 AND o.status = 2
              AND p.event = q."right" AND p.state = 0 AND p.status = 2
        )
    ) END
"""

SECURITIES = """
INSERT INTO providers_security (id, provider, provider_security_id, name, symbol, type, cusip, isin, currency)
SELECT n.id, %(provider)s, n.name, '', '', '', '', '', n.currency
FROM unnest(%(ids)s::uuid[], %(names)s::text[], %(currencies)s::text[]) AS n (id, name, currency)
ON CONFLICT (provider, provider_security_id) DO NOTHING
"""

TAKE_AWAY = """
DELETE FROM providers_transaction WHERE user_id = %(user)s AND id = ANY(%(events)s) RETURNING id
"""

# Words that a person wrote straight into rows become edits, which outlive them.
WORDS = """
INSERT INTO providers_edit (account_id, event, field, value, at)
SELECT t.account_id, t.id, w.field, w.value, t.updated_at
FROM providers_transaction t
CROSS JOIN LATERAL (VALUES
    ('note', nullif(t.note, '')), ('category', CASE WHEN t.feed_category IS NOT NULL THEN t.category END)
) AS w (field, value)
WHERE t.account_id = %(account)s AND w.value IS NOT NULL
  AND (%(events)s::uuid[] IS NULL OR t.id = ANY(%(events)s))
ON CONFLICT (event, field) DO NOTHING
"""
