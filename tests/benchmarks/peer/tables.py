"""Dashtam's tables, as far as the two lists need them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class User(Base):
    __tablename__ = "accounts_user"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    is_active: Mapped[bool]


class Session(Base):
    __tablename__ = "accounts_session"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    revoked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]


class Connection(Base):
    __tablename__ = "providers_connection"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    state: Mapped[str]


class Account(Base):
    __tablename__ = "providers_financialaccount"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    name: Mapped[str]
    mask: Mapped[str]
    type: Mapped[str]
    subtype: Mapped[str]
    currency: Mapped[str]
    closed_at: Mapped[datetime | None]
    balance_current: Mapped[Decimal | None]
    balance_available: Mapped[Decimal | None]
    balance_limit: Mapped[Decimal | None]
    balance_lacks: Mapped[str]
    institution_name: Mapped[str | None]
    institution: Mapped[str]
    hidden: Mapped[bool]
    in_net_worth: Mapped[bool]
    closed_by_person: Mapped[bool]
    balance_as_of: Mapped[datetime | None]
    balance_fetched_at: Mapped[datetime | None]


class Security(Base):
    __tablename__ = "providers_security"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    symbol: Mapped[str]


class Transaction(Base):
    __tablename__ = "providers_transaction"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    date: Mapped[date]
    posted_at: Mapped[datetime | None]
    status: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    description: Mapped[str]
    kind: Mapped[str]
    category: Mapped[str]
    note: Mapped[str]
    security_id: Mapped[UUID | None]
    quantity: Mapped[Decimal | None]
    price: Mapped[Decimal | None]
    fees: Mapped[Decimal | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


ACCOUNT = (
    *(Account.id, Account.connection_id, Account.name, Account.mask, Account.type, Account.subtype),
    *(Account.currency, Account.closed_at, Account.balance_current, Account.balance_available),
    *(Account.balance_limit, Account.balance_lacks, Account.balance_as_of, Account.balance_fetched_at),
    *(Account.institution_name, Account.hidden, Account.in_net_worth, Account.closed_by_person),
    Account.institution,
)
TRANSACTION = (
    *(Transaction.id, Transaction.account_id, Transaction.date, Transaction.posted_at, Transaction.status),
    *(Transaction.amount, Transaction.currency, Transaction.description, Transaction.kind),
    *(Transaction.quantity, Transaction.price, Transaction.fees, Transaction.category, Transaction.note),
    Transaction.details,
)
