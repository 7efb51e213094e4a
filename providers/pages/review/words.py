"""Histories and questions in words, for every code that they have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dashtam.ui.formats import date_text
from providers.pages import words

_HAPPENED = {
    "first": "It first came from {source}",
    "seen_too": "It also came from {source}",
    "changed": "{source} changed what it says",
    "held": "{source} sent a change so large that we ask you first",
    "older": "{source} sent an older version again; it was kept, but not used",
    "announced": "{source} announced it for later",
    "withdrawn": "{source} no longer lists it",
    "joined": "Two rows turned out to be the same transaction",
    "parted": "A row was split off: it is a different transaction",
    "applied": "A change that was waiting was applied",
    "edited": "You changed its {field}",
    "hidden": "You hid it from lists and totals",
    "deleted": "You deleted it",
}
_BY_YOU = {
    "first": "You entered it",
    "seen_too": "You entered it too",
    "joined": "You said that two rows are the same transaction",
    "parted": "You said that a row is a different transaction",
    "applied": "You let a waiting change through",
}
_WHY = {
    "link": "{source} itself names the row this one came from.",
    "content": "Day, amount and name are the same, and each side has as many of them.",
    "reminted": "Day, amount and name are the same; only its id at {source} is new.",
    "pending": "A pending row with this amount and name was waiting to be booked.",
    "rewritten": "It takes the place of a row that {source} no longer has.",
    "observer": "Amount, day and name agree with what another source said.",
    "person": "You said so.",
    "stale": "What was already here is newer.",
    "sudden": "Changes like this one are usually mistakes of a feed.",
    "the source links them": "The source itself says that they are the same.",
    "one took the place of the other": "The source has this row in place of a pending one.",
    "both accounts have it": "Two accounts turned out to be the same, and both had this row.",
}
_UNDO = {
    "joined": "Separate them",
    "parted": "Put it back",
    "applied": "Take the change back",
    "edited": "Use the earlier value again",
    "hidden": "Show it again",
    "deleted": "Bring it back",
}
FIELDS = {
    "status": "state",
    "date": "day",
    "posted_at": "time of booking",
    "price": "price of a unit",
}
_NUMBERS = frozenset({"amount", "quantity", "price", "fees"})


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of a history in words. `undo` is the button's text, empty where nothing can be undone."""

    id: str
    at: datetime
    what: str
    why: str
    changes: Sequence[Mapping[str, Any]]
    undo: str
    undone_at: datetime | None


def steps(entries: Iterable[Mapping[str, Any]]) -> list[Step]:
    """The entries of a history in words, in their order."""
    return [_step(entry) for entry in entries]


def _step(entry: Mapping[str, Any]) -> Step:
    kind, source = entry["kind"], entry["source"]
    texts = _BY_YOU if source == "You" and kind in _BY_YOU else _HAPPENED
    field = FIELDS.get(entry["changes"][0]["field"], entry["changes"][0]["field"]) if entry["changes"] else ""
    default = "Make it a separate transaction"
    return Step(
        id=entry["id"],
        at=entry["at"],
        what=texts[kind].format(source=source, field=field),
        why=_WHY.get(entry["reason"], "").format(source=source),
        changes=[_change(change) for change in entry["changes"]],
        undo=_UNDO.get(kind, default) if entry["can_undo"] else "",
        undone_at=entry["undone_at"],
    )


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    field = change["field"]
    return {
        "name": FIELDS.get(field, field).capitalize(),
        "before": _value(field, change["before"]),
        "after": _value(field, change["after"]),
    }


def _value(field: str, value: str | None) -> str:
    if not value:
        return "nothing"
    if field == "category":
        return words.category(value)
    if field == "kind":
        return words.kind(value)
    if field == "date":
        return date_text(date.fromisoformat(value))
    return value.replace("-", "−") if field in _NUMBERS else value


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of a kind of question: title, what either answer does, and the words of the two buttons."""

    title: str
    effect: str
    accept: str
    refuse: str
    before: str = "What you have"
    after: str = "What is new"


_ASKED = {
    "same_event": Asked(
        "Is this the same transaction?",
        "If it is the same, it counts once and keeps both sources. If not, both count.",
        "Same transaction",
        "Two transactions",
        "One",
        "The other",
    ),
    "same_account": Asked(
        "The same account?",
        "If it is the same, the account that you had goes on, with its history, notes and settings.",
        "The same account",
        "Different accounts",
        "The account that you had",
        "The new one",
    ),
    "sudden_change": Asked(
        "Did this really change so much?",
        "Until you answer, what you have stays as it is.",
        "Use the new value",
        "Keep what I have",
    ),
    "vanished_rows": Asked(
        "Are these transactions really gone?",
        "Until you answer, they stay.",
        "They are gone",
        "Keep them",
    ),
    "late_rows": Asked(
        "Do these old transactions belong here?",
        "Until you answer, they are not counted.",
        "Count them",
        "Leave them out",
    ),
    "holdings_gone": Asked(
        "Is everything in this account sold?",
        "Until you answer, its holdings stay.",
        "All of it is sold",
        "Keep the holdings",
    ),
    "account_gone": Asked(
        "Is this account closed?",
        "Until you answer, it stays open. A closed account no longer counts in your net worth.",
        "It is closed",
        "Keep it open",
    ),
}
_OTHER = Asked(
    "Is this change right?",
    "Until you answer, what you have stays as it is.",
    "Apply it",
    "Keep what I have",
)
ANSWERS = {"accepted": "You said yes", "refused": "You said no", "open": "Waits for you"}


@dataclass(frozen=True, slots=True)
class Card:
    """A question in words, with its two sides."""

    review: Mapping[str, Any]
    asked: Asked
    sides: Sequence[tuple[str, Mapping[str, Any]]]
    why: str
    evidence: Sequence[str]
    answer: str
    more: int


def cards(reviews: Iterable[Mapping[str, Any]]) -> list[Card]:
    """The questions in words, in their order."""
    return [
        Card(
            review=review,
            asked=_ASKED.get(review["kind"], _OTHER),
            sides=_sides(review),
            why=f"{review['why'][:1].upper()}{review['why'][1:]}.",
            evidence=list(_evidence(review)),
            answer=_answer(review),
            more=review["count"] - len(review["rows"]),
        )
        for review in reviews
    ]


def _answer(review: Mapping[str, Any]) -> str:
    """The answer that was given; one that came with the question is our own."""
    if review["answered_at"] == review["asked_at"]:
        return "We took it for the same"
    return ANSWERS.get(review["state"], "")


def _sides(review: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The two sides with their titles; one alone where the question is about a thing that we have."""
    asked, left, right = _ASKED.get(review["kind"], _OTHER), review["left"], review["right"]
    if not any(left.values()) and not any(right.values()):
        return []
    both = any(right.values()) or review["kind"] in {"same_event", "same_account"}
    return [(asked.before, left), (asked.after, right)] if both else [(asked.before, left)]


def _evidence(review: Mapping[str, Any]) -> Iterator[str]:
    one, other = review["left"]["row"], review["right"]["row"]
    if review["kind"] == "same_event" and one and other:
        if one["amount"] == other["amount"]:
            yield "The amounts are equal."
        days = abs((one["date"] - other["date"]).days)
        yield (
            "The day is the same."
            if not days
            else f"The days are {days} apart."
            if days > 1
            else ("One is a day after the other.")
        )
        if one["source"] != other["source"]:
            yield f"One comes from {one['source']}, the other from {other['source']}."
    if review["others"]:
        yield f"If not, there {'is 1 more candidate' if review['others'] == 1 else 'are more candidates'}."
