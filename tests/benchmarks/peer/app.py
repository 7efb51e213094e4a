"""Accounts and transactions of a person: same checks, same queries, same JSON as Dashtam's own URLs."""

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from redis.asyncio import Redis
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from tests.benchmarks.peer import shapes, tables
from tests.benchmarks.peer.money import plain, plain_number

KEYS = {
    name: base64.urlsafe_b64decode(f"{key}==")
    for name, _, key in (pair.partition(":") for pair in os.environ["JWT_KEYS"].split(","))
}
ISSUER = os.environ["PUBLIC_URL"]
CONNECTIONS = int(os.environ["PEER_CONNECTIONS"])

engine = create_async_engine(
    os.environ["PEER_DATABASE_URL"],
    pool_size=CONNECTIONS,
    max_overflow=0,
    isolation_level="AUTOCOMMIT",  # as ours: a transaction around one SELECT would cost it two round trips
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
cache = Redis.from_url(os.environ["REDIS_URL"], max_connections=64)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await engine.dispose()
    await cache.aclose()


app = FastAPI(lifespan=lifespan)


async def person(authorization: Annotated[str, Header()]) -> UUID:
    """The user whose token this is: the signature and claims, then the session, kept for half a minute."""
    token = authorization.removeprefix("Bearer ")
    try:
        key = KEYS[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=ISSUER,
            issuer=ISSUER,
            leeway=60,
            options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid"]},
        )
    except (jwt.PyJWTError, KeyError):
        raise HTTPException(401) from None
    name = f"peer:session:{claims['sid']}"
    kept = await cache.get(name)
    if kept is None:
        kept = await _session(UUID(claims["sid"]))
        await cache.set(name, kept, ex=30)
    session = json.loads(kept)
    if session["user_id"] != claims["sub"]:
        raise HTTPException(401)
    return UUID(session["user_id"])


async def _session(id: UUID) -> bytes:
    live = (
        select(tables.Session.user_id, tables.User.email, tables.User.name)
        .join(tables.User, tables.User.id == tables.Session.user_id)
        .where(
            tables.Session.id == id,
            tables.Session.revoked_at.is_(None),
            tables.Session.expires_at > func.now(),
            tables.Session.idle_expires_at > func.now(),
            tables.User.is_active,
        )
    )
    async with sessions() as session:
        row = (await session.execute(live)).one_or_none()
    if row is None:
        raise HTTPException(401)
    return json.dumps({"user_id": str(row.user_id), "email": row.email, "name": row.name}).encode()


async def database() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Person = Annotated[UUID, Depends(person)]
Database = Annotated[AsyncSession, Depends(database)]
Limit = Annotated[int, Query(ge=1, le=500)]


@app.get("/api/v1/accounts")
async def accounts(user_id: Person, session: Database, limit: Limit = 50) -> shapes.Page[shapes.Account]:
    a, c = tables.Account, tables.Connection
    mine = (
        select(*tables.ACCOUNT, c.provider, c.state.label("connection_state"))
        .join(c, c.id == a.connection_id)
        .where(a.user_id == user_id, ~a.hidden)
        .order_by(a.type, a.name, a.id)
        .limit(limit + 1)
    )
    rows = (await session.execute(mine)).all()
    return shapes.Page(results=[_account(row) for row in rows[:limit]], next_cursor=_cursor(rows, limit))


@app.get("/api/v1/accounts/{id}/transactions")
async def transactions(
    id: UUID, user_id: Person, session: Database, limit: Limit = 50
) -> shapes.Page[shapes.Transaction]:
    t, s = tables.Transaction, tables.Security
    owned = exists().where(tables.Account.user_id == user_id, tables.Account.id == id)
    newest = (
        select(*tables.TRANSACTION, s.symbol)
        .outerjoin(s, s.id == t.security_id)
        .where(t.account_id == id, owned)
        .order_by(t.date.desc(), t.id.desc())
        .limit(limit + 1)
    )
    rows = (await session.execute(newest)).all()
    if not rows and not (await session.execute(select(owned))).scalar_one():
        raise HTTPException(404)
    return shapes.Page(results=[_transaction(row) for row in rows[:limit]], next_cursor=_cursor(rows, limit))


def _cursor(rows: Any, limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    key = json.dumps([str(rows[limit - 1].date), str(rows[limit - 1].id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _account(row: Any) -> shapes.Account:
    return shapes.Account(
        id=row.id,
        connection_id=row.connection_id,
        provider=row.provider,
        provider_name="Sandbox Bank",
        connection_state=row.connection_state,
        name=row.name,
        mask=row.mask,
        type=row.type,
        subtype=row.subtype,
        currency=row.currency,
        balances=shapes.Balances(
            current=plain(row.balance_current, row.currency),
            available=plain(row.balance_available, row.currency),
            limit=plain(row.balance_limit, row.currency),
            lacks=row.balance_lacks,
            as_of=row.balance_as_of,
            fetched_at=row.balance_fetched_at,
            source="feed",
            stale=row.balance_as_of is not None and datetime.now(UTC) - row.balance_as_of > timedelta(days=1),
        ),
        closed_at=row.closed_at,
        institution_name=row.name if row.institution_name is None else row.institution_name,
        hidden=row.hidden,
        in_net_worth=row.in_net_worth,
        closed=row.closed_at is not None,
        closed_by_person=row.closed_by_person,
        same_as=None,
        institution=row.institution,
    )


def _transaction(row: Any) -> shapes.Transaction:
    return shapes.Transaction(
        id=row.id,
        account_id=row.account_id,
        date=row.date,
        posted_at=row.posted_at,
        status=row.status,
        amount=plain(row.amount, row.currency) or "",
        currency=row.currency,
        description=row.description,
        kind=row.kind,
        symbol=row.symbol,
        quantity=plain_number(row.quantity),
        price=plain_number(row.price),
        fees=plain(row.fees, row.currency),
        category=row.category,
        note=row.note,
        details=row.details,
    )
