"""Proposals: rows that no id and no equal content has placed, compared with observations that are left over."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from providers.ledger.identity.assign import Edge, assign
from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import Grade, Held, Reason, Row, State, Status
from providers.ledger.identity.signals import NEAR_DAYS, Advice, Alignment, Signals, compare
from providers.ledger.identity.texts import Likeness, normalised

Candidate = tuple[Advice, Edge, Reason]
FAR = timedelta(days=45)  # no signal reaches further
NEAR = timedelta(days=NEAR_DAYS)
BOOKED = 30  # more than an equal amount is worth
ALIGNED = 3  # rows of a day and amount in common from which on two sources are telling the same story


def propose(desk: Desk) -> None:
    """Link what two independent signals beside the amount agree on, and ask about what could be otherwise."""
    if not desk.free:
        return
    events: list[UUID] = []
    candidates = [*_own(desk, events), *_observed(desk, events)]
    reasons = {(edge.left, edge.right): reason for _, edge, reason in candidates}
    pairs, ties = assign([edge for advice, edge, _ in candidates if advice == Advice.LINK])
    for pair in pairs:
        desk.place(desk.free[pair.left], events[pair.right], reasons[pair.left, pair.right])
    for place, rights in sorted(ties.items()):
        desk.ask(desk.free[place], [events[right] for right in rights], "several fit equally well")
    asked = {events[right] for rights in ties.values() for right in rights}
    _ask(desk, events, [edge for _, edge, _ in candidates if events[edge.right] not in asked])


def _ask(desk: Desk, events: list[UUID], edges: Iterable[Edge]) -> None:
    left = [edge for edge in edges if edge.left in desk.free and events[edge.right] not in desk.used]
    pairs, ties = assign(left)
    for pair in pairs:
        desk.ask(desk.free[pair.left], [events[pair.right]], "amount and day fit, the name is not certain")
    for place, rights in sorted(ties.items()):
        desk.ask(desk.free[place], [events[right] for right in rights], "several fit equally well")


def _own(desk: Desk, events: list[UUID]) -> Iterator[Candidate]:
    """Candidates from the delivery's own source: provisional rows, and booked ones that it left out."""
    pool = [held for held in desk.mine if desk.open(held) and _left_over(desk, held)]
    if not pool:
        return
    numbers = {held.key: number for number, held in enumerate(pool, len(events))}
    events += [held.event for held in pool]
    near = _Pool(pool)
    provisional = [held for held in pool if held.status < Status.POSTED]
    for row in desk.free.values():
        for held in {h.key: h for h in (*near.near(row), *provisional)}.values():
            missed = held.state == State.GONE or bool(desk.delivery.covers) or held.id in desk.delivery.gone
            stated = missed or desk.delivery.within(held)
            edge = desk.delivery.at_edge(held, row.date)
            if not (stated or edge) and (held.status == row.status or desk.delivery.links):
                continue
            signals = compare(row, held, missed=missed)
            booking = held.status < Status.POSTED
            strict = not booking and not (stated and _weak(desk, held))
            if signals and strict and signals.alike != Likeness.SAME:
                continue
            reason = Reason.PENDING if booking else Reason.REWRITTEN
            # Where ids are stable, a provisional row loses its own as it is booked, not as it waits.
            bonus = BOOKED if row.status > held.status and held.id and not _weak(desk, held) else 0
            yield from _candidate(row, held, numbers[held.key], signals, reason, booking=booking, bonus=bonus)


def _left_over(desk: Desk, held: Held) -> bool:
    delivery = desk.delivery
    if delivery.grade >= Grade.BATCH and desk.named(held) and held.key not in desk.displaced:
        return False
    if held.status < Status.POSTED:
        return True
    if not _weak(desk, held):
        return held.state == State.LIVE and delivery.covered(held)
    return (
        held.state == State.GONE
        or delivery.covered(held)
        or delivery.within(held)
        or delivery.at_edge(held, held.date)
    )


def _weak(desk: Desk, held: Held) -> bool:
    """True if another id says little against it being the same row."""
    return desk.delivery.grade <= Grade.BATCH or held.old_ids or held.key in desk.displaced


def _observed(desk: Desk, events: list[UUID]) -> Iterator[Candidate]:
    """Candidates from other sources: events that this source has never told of."""
    mine = {held.event for held in desk.mine}
    pool = [
        held
        for held in desk.others
        if held.state in (State.LIVE, State.GONE) and held.event not in mine | desk.used
    ]
    if not pool:
        return
    first = {
        held.event: held for held in sorted(pool, key=lambda h: (h.status, h.key))
    }  # the most certain last
    numbers = {event: number for number, event in enumerate(first, len(events))}
    events += first
    near = _Pool(first.values())
    beside = _alignment(desk, near)
    for row in desk.free.values():
        for held in near.near(row):
            booking = held.status != row.status
            signals = _either_way(row, held, beside)
            yield from _candidate(row, held, numbers[held.event], signals, Reason.OBSERVER, booking=booking)


def _either_way(row: Row, held: Held, beside: Alignment) -> Signals | None:
    """The signals of a pair whose booked side may be either: files can be ahead of feeds."""
    missed = held.state == State.GONE
    if row.status >= held.status:
        return compare(row, held, missed=missed, beside=beside)
    if row.unit != held.unit:
        return None
    turned = compare(_as_row(held), _as_held(row, held), missed=missed, beside=beside.turned)
    return turned if turned and turned.amount else None


def _as_row(held: Held) -> Row:
    return Row(0, held.id, held.date, held.amount, held.unit, held.status, held.text, held.hash)


def _as_held(row: Row, held: Held) -> Held:
    return Held(
        key=held.key,
        event=held.event,
        source=held.source,
        id=row.id,
        date=row.date,
        amount=row.amount,
        unit=row.unit,
        status=row.status,
        text=row.text,
        hash=row.hash,
        state=held.state,
        at=held.at,
    )


def _candidate(
    row: Row,
    held: Held,
    number: int,
    signals: Signals | None,
    reason: Reason,
    *,
    booking: bool,
    bonus: int = 0,
) -> Iterator[Candidate]:
    if signals is None or (advice := signals.advice(booking=booking)) is None:
        return
    kind = (normalised(row.text), normalised(held.text), held.amount)
    yield advice, Edge(row.place, number, signals.worth + bonus, signals.days, kind), reason


class _Pool:
    """Observations by amount and day."""

    def __init__(self, pool: Iterable[Held]) -> None:
        self.held: dict[Decimal, list[Held]] = defaultdict(list)
        for held in sorted(pool, key=lambda held: (held.date, held.key)):
            self.held[held.amount].append(held)
        self.days = {amount: [held.date for held in known] for amount, known in self.held.items()}

    def near(self, row: Row) -> list[Held]:
        """Those of the row's amount, near its day."""
        days = self.days.get(row.amount)
        if not days:
            return []
        first, last = bisect_left(days, row.date - FAR), bisect_right(days, row.date + FAR)
        return self.held[row.amount][first:last]


def _alignment(desk: Desk, pool: _Pool) -> Alignment:
    """How most rows agree, one for one, with rows of the same amount at the other sources.

    Days that are shifted prove it only together with amounts that differ: equal ones agree with any shift.
    """
    ours = Counter((row.date, row.amount, row.unit) for row in desk.free.values())
    theirs = Counter((h.date, h.amount, h.unit) for known in pool.held.values() for h in known)
    enough = max(ALIGNED, -(-ours.total() * 2 // 3))
    best, common = 0, (ours & theirs).total()
    if common >= enough:
        return Alignment(0, loosely=True)
    for shift in (1, -1, 2, -2, 3, -3):
        days = timedelta(days=shift)
        shifted = Counter({(day + days, amount, unit): n for (day, amount, unit), n in theirs.items()})
        agreeing = ours & shifted
        if agreeing.total() > common and len({amount for _, amount, _ in agreeing}) >= ALIGNED:
            best, common = shift, agreeing.total()
    if common >= enough:
        return Alignment(best, loosely=True)
    return Alignment(loosely=_loosely(desk, pool) >= enough)


def _loosely(desk: Desk, pool: _Pool) -> int:
    """How many amounts both sources have within a few days, as often one as the other."""
    near: Counter[Decimal] = Counter()
    for row in desk.free.values():
        if any(abs(row.date - held.date) <= NEAR and held.unit == row.unit for held in pool.near(row)):
            near[row.amount] += 1
    theirs = Counter({amount: len(known) for amount, known in pool.held.items()})
    return len(near & theirs)
