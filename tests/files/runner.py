"""Imports each file of a folder for a person of its own, twice, and says what became of it."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.errors import DashtamError
from providers import wiring
from providers.imports import queries
from providers.imports.models import FileImport
from providers.ledger.models import BalanceSnapshot, Transaction
from tests.files.facts import Facts, Outcome, differences, read_index

_people = itertools.count(1)
_NOT_STATEMENTS = frozenset({"INDEX.tsv"})
# What a person answers where a file does not say it: tried one after the other.
_ANSWERS: dict[str, dict[str, object]] = {
    "currency_unknown": {"currency": "EUR"},
    "account_unknown": {"new_account": True},
}


def files(folder: Path) -> list[Path]:
    """The files of a folder and those below, without what is written about them."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".md")
    return [path for path in found if path.name not in _NOT_STATEMENTS]


async def outcomes(folder: Path, paths: Iterable[Path]) -> "list[Outcome]":
    """One for each file."""
    facts = read_index(folder)
    return [await outcome(path, path.relative_to(folder).as_posix(), facts) for path in paths]


async def outcome(path: Path, name: str, facts: dict[str, Facts]) -> Outcome:
    """Import one file twice. Anything but an answer that a person can read is wrong."""
    found = Outcome(name)
    user = await run_db(_person)
    data = path.read_bytes()  # noqa: ASYNC240 nobody else waits
    try:
        first = await _import(user, path.name, data, found)
        if first is not None:
            await _describe(user, first, found)
            again = await _import(user, path.name, data, found)
            found.added_again = again.added if again else 0
            if again is None or again.added or again.rejected_count != first.rejected_count:
                found.wrong.append(f"the second time added {found.added_again}")
    except Exception as crash:  # noqa: BLE001 whatever it is, the others are tried
        found.state = "crashed"
        found.wrong.append(f"crashed with {type(crash).__name__}: {str(crash)[:200]}")
    found.wrong += differences(facts.get(name, Facts()), found)
    return found


def _person() -> User:
    email = f"files{next(_people)}@example.org"
    return User.objects.create_hashed(password_hash="!", name="Ana", email=email)


async def _import(user: User, filename: str, data: bytes, found: Outcome) -> FileImport | None:
    """The import when it is over; None if the file was refused. Questions are answered as a person would."""
    answers: dict[str, object] = {}
    service = wiring.import_service()
    for _ in range(len(_ANSWERS) + 1):
        try:
            done = await service.import_statement(
                user_id=user.id,
                filename=filename,
                data=data,
                account_id=None,
                **answers,  # type: ignore[arg-type]
            )
        except DashtamError as refusal:
            code, detail = refusal.code, f"{refusal.title} {refusal.detail}"
        else:
            if done.state == FileImport.State.RUNNING:
                await service.land(import_id=done.id)
                done = await run_db(FileImport.objects.get, id=done.id)
            if done.state != FileImport.State.FAILED:
                return done
            code, detail = done.error_code, done.error_detail
        if code not in _ANSWERS:
            found.state, found.reason = "failed", f"{code}: {detail}"
            return None
        answers |= _ANSWERS[code]
        if code not in found.asked:
            found.asked.append(code)
    return None


async def _describe(user: User, done: FileImport, found: Outcome) -> None:
    row = await queries.import_(user.id, done.id)
    found.format, found.state = row["format"], row["state"]
    found.statements = len(row["statements"])
    found.rows = row["added"] + row["matched"]
    found.rejected = row["rejected_count"]
    found.lines = [f"{each['line']}: {each['reason']}" for each in row["rejected"]]
    found.notices = [f"{each['code']}: {each['detail']}" for each in row["notices"]]
    found.informed = sum(_informed(each["code"], each["detail"]) for each in row["notices"])
    found.balances = [
        f"{each['closing_balance']} {each['currency']}"
        for each in row["statements"]
        if each["closing_balance"]
    ]
    found.sums = await run_db(lambda: dict(_sums(user)))
    stated = BalanceSnapshot.objects.filter(account__user=user, derived=False).order_by("date")
    found.days = [(str(each.date), str(each.current)) async for each in stated]
    rows = Transaction.objects.filter(account__user=user).order_by("date", "id")
    found.amounts = [str(row.amount) async for row in rows]


def _informed(code: str, detail: str) -> int:
    """How many rows a notice is about that moved no money."""
    if code != "not_a_movement":
        return 0
    head = detail.split(" ", 1)[0]
    return int(head) if head.isdigit() else 0


def _sums(user: User) -> Iterator[tuple[str, str]]:
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in Transaction.objects.filter(account__user=user).values_list("currency", "amount"):
        totals[currency] += amount
    for currency, total in sorted(totals.items()):
        text = format(total, "f")
        yield currency, text.rstrip("0").rstrip(".") if "." in text else text
