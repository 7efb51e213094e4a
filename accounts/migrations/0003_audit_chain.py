"""The audit log becomes append-only, and each event carries the hash of the one before it.

The chain is made when a transaction commits, by a deferred trigger: the lock that keeps the events in one order is
taken last, and is held for no longer than the commit itself, however slow the client is.
"""

from django.db import migrations, models

CHAIN = """
CREATE FUNCTION accounts_audit_field(value text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN value IS NULL THEN '-' ELSE octet_length(value) || ':' || value END
$$;

CREATE FUNCTION accounts_audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
    field text := format('%I.accounts_audit_field', TG_TABLE_SCHEMA);
    before record;
    said text;
BEGIN
    PERFORM pg_advisory_xact_lock(4919114620014);
    EXECUTE format('SELECT seq, hash FROM %s WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1', here) INTO before;
    before.seq := coalesce(before.seq, 0) + 1;
    before.hash := coalesce(before.hash, decode(repeat('00', 32), 'hex'));
    EXECUTE format('SELECT string_agg(%s(part), '''' ORDER BY place) FROM unnest($1) WITH ORDINALITY AS t(part, place)',
                   field)
        INTO said
        USING ARRAY[before.seq::text, (extract(epoch FROM NEW.at) * 1000000)::bigint::text, NEW.action,
                    NEW.user_id::text, NEW.actor_id::text, NEW.ip, NEW.request_id, NEW.detail::text];
    EXECUTE format('UPDATE %s SET seq = $1, prev_hash = $2, hash = $3 WHERE id = $4', here)
        USING before.seq, before.hash, sha256(before.hash || convert_to(said, 'UTF8')), NEW.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION accounts_audit_unchained() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.seq := NULL;
    NEW.prev_hash := NULL;
    NEW.hash := NULL;
    RETURN NEW;
END
$$;

CREATE FUNCTION accounts_audit_refuse() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL AND
           ROW(NEW.id, NEW.at, NEW.action, NEW.user_id, NEW.actor_id, NEW.ip, NEW.request_id, NEW.detail)
           IS NOT DISTINCT FROM
           ROW(OLD.id, OLD.at, OLD.action, OLD.user_id, OLD.actor_id, OLD.ip, OLD.request_id, OLD.detail) THEN
            RETURN NEW;  -- accounts_audit_chain puts it into the chain, once
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit log is only ever added to.' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_unchained BEFORE INSERT ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_unchained();
CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON accounts_auditevent DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_chain();
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_audit_refuse();
"""

# Events from before there was a chain, in the order they came in.
TAKE_IN = """
CREATE TEMPORARY TABLE audit_before ON COMMIT DROP AS SELECT * FROM accounts_auditevent ORDER BY id;
DELETE FROM accounts_auditevent;
"""
CHAIN_THEM = """
INSERT INTO accounts_auditevent (id, at, action, user_id, actor_id, ip, request_id, detail)
    SELECT id, at, action, user_id, actor_id, ip, request_id, detail FROM audit_before ORDER BY id;
SET CONSTRAINTS audit_chain IMMEDIATE;
"""

GONE = """
DROP FUNCTION accounts_audit_chain, accounts_audit_unchained, accounts_audit_refuse CASCADE;
DROP FUNCTION accounts_audit_field(text);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_fresh_proof_and_audit'),
    ]

    operations = [
        migrations.RunSQL(TAKE_IN, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='auditevent',
            name='seq',
            field=models.BigIntegerField(editable=False, help_text='Its place in the chain: 1, 2, 3 without a gap.', null=True, unique=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='prev_hash',
            field=models.BinaryField(help_text='The hash of the event before it.', null=True),
        ),
        migrations.AddField(
            model_name='auditevent',
            name='hash',
            field=models.BinaryField(help_text='SHA-256 over prev_hash and all that the event says.', null=True),
        ),
        migrations.AlterField(
            model_name='auditevent',
            name='ip',
            field=models.CharField(blank=True, help_text='The network that it came from.', max_length=45),
        ),
        migrations.RunSQL(CHAIN, GONE),
        migrations.RunSQL(CHAIN_THEM, migrations.RunSQL.noop),
    ]
