"""What Dashtam holds of a customer, compared with the bank's own books."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx

from providers.simulator.process import SandboxBank


def differences(api: httpx.Client, bank: SandboxBank) -> Iterator[str]:
    """In words; none if all is there, once."""
    truth = {each["kind"]: each for each in bank.control("truth?customer=ana")["accounts"]}
    accounts = api.get("accounts").json()["results"]
    ours = sorted(abs(Decimal(account["balances"]["current"])) for account in accounts)
    if ours != sorted(abs(Decimal(account["current"])) for account in truth.values()):
        yield "balances differ from the bank's"
    rows = [row for account in accounts for row in _every(api, f"accounts/{account['id']}/transactions")]
    if len({row["id"] for row in rows}) != len(rows):
        yield "rows are there twice"
    for status in ("posted", "pending"):
        amounts = [Decimal(row["amount"]) for row in rows if row["status"] == status]
        count = sum(account[status]["count"] for account in truth.values())
        total = sum(Decimal(account[status]["sum"]) for account in truth.values())
        if (len(amounts), sum(amounts)) != (count, total):
            yield f"{len(amounts)} {status} rows of {count}, {sum(amounts)} of {total}"


def _every(api: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path, params={"limit": 500, **({"cursor": cursor} if cursor else {})}).json()
        yield from page["results"]
        cursor = page["next_cursor"]
