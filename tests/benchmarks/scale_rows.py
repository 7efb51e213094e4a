"""The rows of a large installation: a hundred thousand connections, and as much of everything else as goes with them.

Each table has its size of every day, so that what ends tonight is a day's worth.
"""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.models import FailedProof, IdempotencyKey, OneTimeLink, Session, SignUp, User
from dashtam.ids import uuid7
from notifications.models import Email
from providers.connections.models import AuthorizationRequest, CallCount, Connection
from providers.imports.models import FileImport
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Holding, Security, Transaction
from providers.sync.models import SyncRun
from tests.benchmarks.copying import ago, copies, key, made, run
from tests.benchmarks.dashboard import SNAPSHOTS
from tests.benchmarks.scene import ACCOUNT, FILL, ROWS

PEOPLE, CONNECTIONS = 50_000, 100_000
OF_EACH, DAYS, YEARS = 10, 10, 10  # transactions and balances of each account; balances of one person
RUNS, SESSIONS, MAILS, CALLS, JOBS, SHARES = 1_000_000, 300_000, 300_000, 300_000, 400_000, 50_000
INSTITUTIONS = ("enable-banking", "ibkr", "plaid", "simplefin", "snaptrade")
OVERDUE = 20_000  # connections, as after an hour without a worker
DAY = timedelta(days=1)
ANYBODY = key("person", f"mod(n, {PEOPLE}) + 1")
ANY_CONNECTION = key("connection", f"mod(n, {CONNECTIONS}) + 1")
NUMBER = f"mod(n, {CONNECTIONS}) + 1"


def fill() -> UUID:
    """All of it, in some minutes; returns the person who has a million transactions."""
    _people()
    _connections()
    user = heavy()
    _rows()
    _ended()
    _sent_and_asked()
    _files_and_shares()
    _jobs()
    return user


def _people() -> None:
    """People who have been here for years, and some who never confirmed."""
    now = timezone.now()
    made_up = {"password": "!", "name": "Made"}
    here = User(email="made@example.org", email_verified_at=now, last_login=now, **made_up)
    copies(here, PEOPLE, id=key("person"), email="'at-scale-' || n || '@example.org'")
    when = ago(31, 5_000)
    never = User(email="never@example.org", **made_up)
    copies(never, 5_000, id=made(when), email="'never-' || n || '@example.org'", created_at=when)


def _connections() -> None:
    """Two for each person, each with an account; of those whose consent ends soon, a fiftieth is still to be told."""
    owner, now = User.objects.get(email="at-scale-1@example.org"), timezone.now()
    names = ", ".join(f"'{name}'" for name in INSTITUTIONS)
    life = "interval '1 day' * (CASE WHEN mod(n, 3) = 0 THEN 90 ELSE 180 END)"
    end = f"(now() + {life} * (mod(n * 7919, {CONNECTIONS}) / {CONNECTIONS}.0))"
    link = Connection(user=owner, provider="made", state="active")
    copies(
        link,
        CONNECTIONS,
        id=key("connection"),
        user_id=ANYBODY,
        provider=f"(ARRAY[{names}])[mod(n, {len(INSTITUTIONS)}) + 1]",
        provider_subject="'subject-' || n",
        next_sync_at=f"now() + interval '6 hours' * ((n - {OVERDUE}) / {CONNECTIONS}.0)",
        consent_expires_at=end,
        consent_given_at=f"{end} - {life}",
        warned_of=f"CASE WHEN mod(n, 50) > 0 AND {end} < now() + {life} / 13 THEN {end} END",
    )
    account = FinancialAccount(
        user=owner, connection=link, provider_account_id="made", name="Current account", type="depository",
        currency="EUR", balance_current=1, balance_as_of=now, balance_fetched_at=now,
    )  # fmt: skip
    ids = {"id": key("account"), "connection_id": key("connection"), "user_id": ANYBODY}
    copies(account, CONNECTIONS, provider_account_id="'account-' || n", **ids)


def heavy() -> UUID:
    """One person with a million transactions in one account, and years of balances."""
    with connection.cursor() as cursor:
        name = f"Account of {ROWS}"
        cursor.execute("SELECT user_id FROM providers_financialaccount WHERE name = %s", [name])
        found = cursor.fetchone()
    if found is None:
        user = User.objects.get(email="at-scale-1@example.org").id
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNT, {"user": user, "name": name})
            (account,) = cursor.fetchone()
            cursor.execute("SET statement_timeout = 0")
            cursor.execute(FILL, {"user": user, "account": account, "rows": ROWS})
        found = (user,)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(SNAPSHOTS, {"user": found[0], "days": YEARS * 365})
    return UUID(str(found[0]))


def _rows() -> None:
    """Transactions and balances of everybody else."""
    now = timezone.now()
    account = FinancialAccount.objects.get(provider_account_id="account-1")
    row = Transaction(
        user_id=account.user_id, account=account, provider_transaction_id="made", date=now.date(), status="posted",
        amount=1, currency="EUR", description="Corner shop", kind="purchase", category="groceries",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('transaction_grams'::regclass)")
        (words,) = cursor.fetchone()
    run("DROP INDEX transaction_grams")  # made anew at once, it takes a third of the time
    copies(
        row,
        CONNECTIONS * OF_EACH,
        id=made("now()"),
        account_id=key("account", NUMBER),
        user_id=key("person", f"mod({NUMBER}, {PEOPLE}) + 1"),
        provider_transaction_id="'row-' || n",
        date=f"current_date - n / {CONNECTIONS}",
        amount="mod(n, 9000) / 100.0 - 45",
        description="'Corner shop, till ' || mod(n, 97)",
    )
    run(words)
    balance = BalanceSnapshot(account=account, date=now.date() + DAY, current=1, as_of=now, fetched_at=now)
    copies(
        balance,
        CONNECTIONS * DAYS,
        account_id=key("account", NUMBER),
        date=f"current_date - n / {CONNECTIONS}",
    )


def _ended() -> None:
    """Syncs, sessions, and ways to prove who one is."""
    now, owner = timezone.now(), User.objects.get(email="at-scale-1@example.org")
    link = Connection.objects.get(provider_subject="subject-1")
    when = ago(91, RUNS)
    sync = SyncRun(connection=link, state="succeeded", trigger="scheduled")
    copies(sync, RUNS, id=made(when), connection_id=ANY_CONNECTION, created_at=when, finished_at=when)
    when = ago(105, SESSIONS)
    after = f"{when} + interval '14 days'"
    copies(
        Session(user=owner, kind="browser", expires_at=now + DAY, idle_expires_at=now + DAY),
        SESSIONS,
        id=made(when),
        user_id=ANYBODY,
        created_at=when,
        last_seen_at=when,
        expires_at=f"{when} + interval '90 days'",
        idle_expires_at=after,
        revoked_at=f"CASE WHEN mod(n, 3) = 0 THEN {after} END",
    )
    known = FailedProof(subject_hash=b"known", user=owner, recent=1, total=1, last_at=now)
    copies(
        known, 50_000, subject_hash="sha256(('known' || n)::bytea)", user_id=ANYBODY, last_at=ago(91, 50_000)
    )
    stranger = FailedProof(subject_hash=b"stranger", recent=1, total=1, last_at=now)
    copies(stranger, 20_000, subject_hash="sha256(('stranger' || n)::bytea)", last_at=ago(2.1, 20_000))
    when = ago(31, 5_000)
    copies(SignUp(user=owner, password="!"), 5_000, id=made(when), user_id=ANYBODY, created_at=when)


def _sent_and_asked() -> None:
    """Mails, links, keys of requests, visits to institutions, and calls that were counted."""
    now, owner = timezone.now(), User.objects.get(email="at-scale-1@example.org")
    link = Connection.objects.get(provider_subject="subject-1")
    when = ago(31, MAILS)
    mail = Email(user=owner, to="made@example.org", kind="export_ready", state="sent", sent_at=now)
    copies(mail, MAILS, id=made(when), user_id=ANYBODY, created_at=when, sent_at=when)
    when = ago(31, 100_000)
    mailed = OneTimeLink(user=owner, purpose="reset_password", email="made@example.org", expires_at=now)
    copies(mailed, 100_000, id=made(when), user_id=ANYBODY, created_at=when, expires_at=when)
    asked = AuthorizationRequest(user=owner, connection=link, provider="plaid", expires_at=now)
    ids = {"id": made(when), "user_id": ANYBODY, "connection_id": ANY_CONNECTION}
    copies(asked, 100_000, created_at=when, expires_at=when, **ids)
    when = ago(1.05, 50_000)
    sent = IdempotencyKey(
        user=owner, key_hash=b"made", request_hash=b"made", holder=uuid7(), leased_until=now
    )
    copies(sent, 50_000, id=made(when), key_hash="sha256(n::text::bytea)", created_at=when, leased_until=when)
    counted = CallCount(key="made", connection=link, seconds=86400, calls=1, ends_at=now)
    copies(counted, CALLS, key="'call-' || n", connection_id=ANY_CONNECTION, ends_at=ago(8, CALLS))


def _files_and_shares() -> None:
    """Two years of imports, of which a quarter still tells its findings, and securities with their holdings."""
    now, owner = timezone.now(), User.objects.get(email="at-scale-1@example.org")
    account = FinancialAccount.objects.get(provider_account_id="account-1")
    when = ago(730, 100_000)
    file = FileImport(user=owner, state="succeeded", format="ofx", sha256="0" * 64, size=1)
    told = f"""CASE WHEN {when} > now() - interval '91 days' THEN '[{{"line": 1}}]'::jsonb ELSE '[]' END"""
    state = "CASE WHEN mod(n, 50) = 0 AND n > 95000 THEN 'preview' ELSE 'succeeded' END"
    copies(file, 100_000, id=made(when), user_id=ANYBODY, created_at=when, notices=told, state=state)
    share = Security(provider="plaid", provider_security_id="made", name="A share", currency="EUR")
    copies(share, SHARES, id=made(ago(1_000, SHARES)), provider_security_id="'share-' || n")
    held = Holding(account=account, security=share, quantity=1, currency="EUR", as_of=now, fetched_at=now)
    number = f"mod(n, {SHARES - 500}) + 1"
    which = made(ago(1_000, SHARES, number), number)
    copies(held, CONNECTIONS, id=made("now()"), account_id=key("account"), security_id=which)


def _jobs() -> None:
    """Three days of jobs that have succeeded, with their events."""
    run("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers")
    run(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, args, attempts) SELECT 'sync', "  # noqa: S608
        f"'providers.tasks.run_sync', 'succeeded', '{{}}', 1 FROM generate_series(1, {JOBS})"
    )
    run("DELETE FROM procrastinate_events")
    run(
        "INSERT INTO procrastinate_events (job_id, type, at) SELECT id, type::procrastinate_job_event_type, "  # noqa: S608
        f"now() - interval '3 days' * (1.001 - (id - min(id) OVER ()) / {JOBS}.0) "
        "FROM procrastinate_jobs, unnest(ARRAY['deferred', 'started', 'succeeded']) AS type"
    )
