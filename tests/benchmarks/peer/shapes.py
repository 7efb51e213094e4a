"""The answers, as Pydantic models."""

from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    results: list[T]
    next_cursor: str | None


class Balances(BaseModel):
    current: str | None
    available: str | None
    limit: str | None
    lacks: str
    as_of: datetime | None
    fetched_at: datetime | None
    source: str
    stale: bool


class Account(BaseModel):
    id: UUID
    connection_id: UUID
    provider: str
    provider_name: str
    connection_state: str
    name: str
    mask: str
    type: str
    subtype: str
    currency: str
    balances: Balances
    closed_at: datetime | None
    institution_name: str
    hidden: bool
    in_net_worth: bool
    closed: bool
    closed_by_person: bool
    same_as: UUID | None
    institution: str


class Transaction(BaseModel):
    id: UUID
    account_id: UUID
    date: date
    posted_at: datetime | None
    status: str
    amount: str
    currency: str
    description: str
    kind: str
    symbol: str | None
    quantity: str | None
    price: str | None
    fees: str | None
    category: str
    note: str
    details: dict[str, Any] | None
