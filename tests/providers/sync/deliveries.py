"""Institutions of each kind of delivery: a book of rows behind a real HTTP server, and a short connector for each."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from providers.connectors.contract.batches import CONNECTION, Batch, Cover, StartAgain, Wanted
from providers.connectors.contract.facts import Facts
from providers.connectors.contract.steps import Ask, Done, Field, Reach, Said, Step
from providers.errors import ConsentEnded, ProviderError
from providers.records import AccountRecord, Capability, TransactionRecord
from providers.wire.grants import Grant
from providers.wire.http import request_json
from providers.wire.placing import Placement
from tests.providers.connectors import toys
from tests.providers.connectors.toys import Request
from tests.providers.wire.canned import answer

Entry = dict[str, Any]


@dataclass
class Book:
    """The truth at the institution: entries in the order in which they were told, of two accounts."""

    entries: list[Entry] = field(default_factory=list)
    page: int = 2
    mutates: int = 0  # how many second pages are refused, since the data has changed
    silent: set[str] = field(default_factory=set)  # accounts whose institution is in trouble
    asked: list[Request] = field(default_factory=list)

    def add(
        self, id: str, day: str, amount: str, account: str = "one", text: str = "Shop", **more: Any
    ) -> None:
        self.entries.append({"id": id, "day": day, "amount": amount, "account": account, "text": text} | more)

    def __call__(self, asked: Request) -> bytes:
        self.asked.append(asked)
        return answer(json.dumps(getattr(self, asked.path.strip("/"))(asked.query)))

    def me(self, query: dict[str, str]) -> Any:
        return {"id": "ana"}

    def accounts(self, query: dict[str, str]) -> Any:
        return [name for name in ("one", "two") if name not in self.silent]

    def changes(self, query: dict[str, str]) -> Any:
        start = int(query.get("cursor") or 0)
        if start % 1000 and self.mutates:
            self.mutates -= 1
            return {"error": "mutation"}
        end = min(start + self.page, len(self.entries))
        return {"rows": self.entries[start:end], "next": str(end), "more": end < len(self.entries)}

    def window(self, query: dict[str, str]) -> Any:
        inside = [each for each in self.entries if query["from"] <= each["day"] <= query["to"]]
        return [each for each in inside if each["account"] not in self.silent]

    def document(self, query: dict[str, str]) -> Any:
        return self.entries


def record(entry: Entry) -> TransactionRecord:
    return TransactionRecord(
        id=entry["id"],
        date=date.fromisoformat(entry["day"]),
        posted_at=None,
        status=entry.get("status", "posted"),
        amount=Decimal(entry["amount"]),
        currency="USD",
        description=entry["text"],
        kind="unknown",
    )


def by_account(entries: list[Entry]) -> dict[str, list[TransactionRecord]]:
    names = dict.fromkeys(entry["account"] for entry in entries)
    return {name: [record(each) for each in entries if each["account"] == name] for name in names}


class Delivering(toys.Toy):
    """The part that all have in common: a key to paste, and a list of accounts."""

    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "transactions")

    @property
    def placement(self) -> Placement:
        return Placement(header={"X-Key": "key"})

    async def link(self, reach: Reach, said: Said) -> Step:
        if not said.answers:
            return Ask((Field("key", "Key"),))
        return Done(Grant({"key": said.answers["key"]}), subject="ana")

    async def accounts(self, client: httpx.AsyncClient) -> list[AccountRecord]:
        names = await request_json(client, "GET", "/accounts", type=list[str])
        now, none = datetime.now(UTC), None
        return [
            AccountRecord(
                name,
                name.title(),
                "",
                "depository",
                "",
                "USD",
                none,
                none,
                none,
                now,
                institution=f"bank {name}",
            )
            for name in names
        ]


class CursorOfConnection(Delivering):
    """One feed for all accounts; its pages count only together, and void one another when the data changes."""

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        yield Batch(accounts=await self.accounts(client))
        cursor, more = wanted.cursors.get(CONNECTION, ""), True
        while more:
            page = await request_json(
                client, "GET", "/changes", params={"cursor": cursor}, type=dict[str, Any]
            )
            if "error" in page:
                raise StartAgain
            cursor, more = page["next"], page["more"]
            yield Batch(rows=by_account(page["rows"]), cursors={CONNECTION: cursor}, final=not more)


class Windows(Delivering):
    """Windows of days, each complete, of all accounts whose institution answers."""

    facts = Facts(
        longest_window=timedelta(days=90), look_back=timedelta(days=45), history=timedelta(days=200)
    )

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        accounts = await self.accounts(client)
        troubles: dict[str, ProviderError] = {
            f"bank {name}": ConsentEnded()
            for name in ("one", "two")
            if name not in {each.id for each in accounts}
        }
        yield Batch(accounts=accounts, troubles=troubles)
        first = wanted.first or wanted.last - timedelta(days=200)
        while first <= wanted.last:
            last = min(first + timedelta(days=89), wanted.last)
            window = {"from": first.isoformat(), "to": last.isoformat()}
            entries = await request_json(client, "GET", "/window", params=window, type=list[Entry])
            covers = [Cover(each.id, first, last) for each in accounts]
            yield Batch(rows=by_account(entries), covers=covers)
            first = last + timedelta(days=1)


class OneDocument(Delivering):
    """Everything at once, in rows without ids."""

    facts = Facts(ids="none")

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        entries = await request_json(client, "GET", "/document", type=list[Entry])
        days = [date.fromisoformat(each["day"]) for each in entries]
        covers = [Cover(name, min(days), max(days)) for name in ("one", "two")] if days else []
        yield Batch(accounts=await self.accounts(client), rows=by_account(entries), covers=covers)


class Wide(Delivering):
    """As many accounts as the book has; each tells its rows in a batch of its own."""

    async def pull(self, client: httpx.AsyncClient, wanted: Wanted) -> AsyncIterator[Batch]:
        entries = await request_json(client, "GET", "/document", type=list[Entry])
        rows = by_account(entries)
        yield Batch(
            accounts=[
                AccountRecord(name, name, "", "depository", "", "USD", None, None, None, datetime.now(UTC))
                for name in rows
            ]
        )
        for name, told in rows.items():
            yield Batch(rows={name: told}, cursors={name: "end"})
