"""The identity engine: one delivery and what is held near it, resolved into a plan.

The order of links is the source's own, the same id, the same content counted, then proposals. A row that none of
them places begins an event. It is a pure function: the same delivery and holdings give the same plan.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from providers.ledger.identity import absence, elsewhere, grades, late, proposals
from providers.ledger.identity.agree import Verdict, comes_after, judge
from providers.ledger.identity.desk import Desk
from providers.ledger.identity.records import (
    SUDDEN,
    Asked,
    Delivery,
    Grade,
    Held,
    Placed,
    Plan,
    Reason,
    Row,
    State,
    Status,
)


def resolve(delivery: Delivery, held: Sequence[Held]) -> Plan:
    """Decide what each row is. `held` has every observation of each event it touches, the person's own rows apart.

    A delivery that proves its ids to be no more than places is read once more without believing any of them.
    """
    plan = _resolved(delivery, held)
    if plan.grade == delivery.grade or plan.grade > Grade.POSITIONAL:
        return plan
    again = _resolved(replace(delivery, grade=plan.grade), held)
    return replace(again, grade=plan.grade, evidence=plan.evidence)


def _resolved(delivery: Delivery, held: Sequence[Held]) -> Plan:
    mine = [h for h in held if h.source == delivery.source]
    others = [h for h in held if h.source != delivery.source]
    desk = Desk(delivery, {row.place: row for row in delivery.rows}, mine, others)
    _exact(desk)
    _linked(desk)
    if delivery.grade >= Grade.BATCH:
        _same_id(desk)
    _same_content(desk)
    elsewhere.count(desk)
    proposals.propose(desk)
    for row in late.late(desk):
        desk.hold(row)
    for row in list(desk.free.values()):
        desk.start(row)
    _absorb(desk)
    absence.withdraw(desk)
    absence.calm(desk)
    draft = desk.draft
    grade, evidence = grades.fallen(desk)
    placed = sorted(draft.placed, key=lambda item: item.row.place)
    return Plan(
        placed, draft.withdrawn, draft.merged, draft.asked, draft.doubted, draft.over, grade, evidence
    )


def _exact(desk: Desk) -> None:
    """Rows that the source said before, word for word, one for one."""
    said: dict[bytes, deque[Held]] = defaultdict(deque)
    for held in sorted(desk.mine, key=lambda held: held.key):
        if held.state in (State.LIVE, State.HELD) and held.key not in desk.delivery.absent:
            said[held.hash].append(held)
    novel = desk.delivery.novel
    for row in list(desk.free.values()):
        if novel is not None and row.place in novel:
            continue
        known = said.get(row.hash)
        while known and (held := known.popleft()):
            if held.event not in desk.used:
                desk.used.add(held.event)
                del desk.free[row.place]
                break
        if novel is not None:
            desk.free.pop(row.place, None)  # known from far away


def _linked(desk: Desk) -> None:
    """Rows that name the one they replace, and rows that one we hold has named."""
    heirs = {held.replaces: held for held in desk.mine if held.replaces and held.state == State.LIVE}
    for row in list(desk.free.values()):
        earlier = [
            h
            for h in (desk.by_id.get(row.replaces, ()) if row.replaces else ())
            if h.event not in desk.used and not _goes_on_as_another(desk, h, row)
        ]
        if earlier:
            event = min(earlier, key=lambda h: (h.state == State.PAST, h.key)).event
            own = [
                h.event for h in desk.by_id.get(row.id, ()) if h.event != event and h.event not in desk.used
            ]
            if own:
                desk.merge(own[0], event)
            desk.place(row, event, Reason.LINK)
        elif row.id and (heir := heirs.get(row.id)) is not None:
            desk.place(row, heir.event, Reason.STALE, State.PAST)


def _goes_on_as_another(desk: Desk, held: Held, row: Row) -> bool:
    """True if a guess has given the event to another row, which lives: the source's own word came later."""
    latest = desk.live.get(held.event)
    return (
        latest is not None
        and desk.delivery.grade == Grade.STABLE
        and latest.id not in ("", row.id, row.replaces)
        and latest.replaces != row.replaces
    )


def _same_id(desk: Desk) -> None:
    for row in list(desk.free.values()):
        told = desk.by_id.get(row.id, ()) if row.id else ()
        known = [h for h in told if h.event not in desk.used]
        if not known:
            if any(_said_before(desk, h, row) for h in told):
                del desk.free[row.place]
            continue
        held = min(known, key=lambda h: (h.hash != row.hash, h.state, -h.key))  # the same words first
        latest = desk.live.get(held.event, held)
        if _guessed_away(desk, held, latest, row):
            continue
        if held.state == State.PAST and latest.id != row.id and latest.status > row.status:
            earlier = held.amount == row.amount and not comes_after(row, latest)
            if held.unit == row.unit and (earlier or held.hash == row.hash):
                desk.place(row, held.event, Reason.STALE, State.PAST)
            continue
        _settle(desk, row, latest, _verdict(desk, row, latest))


def _verdict(desk: Desk, row: Row, latest: Held) -> Verdict:
    delivery = desk.delivery
    covered = delivery.covered(latest)
    verdict = judge(row, latest, delivery.grade, covered=covered, from_file=delivery.from_file)
    if verdict == Verdict.SAME and latest.at > delivery.at:
        return Verdict.STALE
    return Verdict.CONFLICT if verdict == Verdict.STALE and _has_moved(desk, latest) else verdict


def _has_moved(desk: Desk, latest: Held) -> bool:
    """True if the delivery states exactly what is held, under another id."""
    return any(
        row.id != latest.id and row.status == latest.status and row.content == latest.content
        for row in desk.free.values()
    )


def _said_before(desk: Desk, held: Held, row: Row) -> bool:
    """True for an earlier form, word for word, of an event whose later form the delivery states too.

    Where the source states a window completely, it means both.
    """
    latest = desk.live.get(held.event)
    past = held.state == State.PAST and held.hash == row.hash and held.status < Status.POSTED
    return past and latest is not None and latest.status > row.status and not desk.delivery.covered(held)


def _guessed_away(desk: Desk, held: Held, latest: Held, row: Row) -> bool:
    """True if a guess has given the provisional row to another booked one, and the row is booked on its own."""
    both = row.status == latest.status == Status.POSTED and held.status < Status.POSTED
    guessed = latest.id not in ("", row.id) and latest.replaces != row.id
    stands = latest.id in desk.stated or not desk.delivery.covered(latest)
    return both and guessed and stands and desk.delivery.grade == Grade.STABLE


def _settle(desk: Desk, row: Row, latest: Held, verdict: Verdict) -> None:
    if verdict == Verdict.SAME:
        desk.place(row, latest.event, Reason.ID)
    elif verdict == Verdict.STALE:
        desk.place(row, latest.event, Reason.STALE, State.PAST)
    elif verdict == Verdict.SUDDEN:
        desk.place(row, latest.event, Reason.SUDDEN, State.HELD)
        desk.draft.asked.append(Asked(latest.event, row.place, SUDDEN))
    else:
        desk.conflicts += latest.status == Status.POSTED
        desk.displaced.add(latest.key)


def _same_content(desk: Desk) -> None:
    """Count: of the rows and observations that cannot be told apart, each takes one."""
    if not desk.mine:
        return
    rows: dict[object, list[Row]] = defaultdict(list)
    for row in desk.free.values():
        rows[row.content].append(row)
    held: dict[object, list[Held]] = defaultdict(list)
    for known in desk.mine:
        if desk.open(known) and known.content in rows:
            held[known.content].append(known)
    block = grades.reminted_block(desk, held)
    for content, equal in held.items():
        loose = {h.key for h in equal if block or not h.id or grades.loose(desk, h)}
        for row in rows[content]:
            fits = [
                h for h in equal if desk.open(h) and h.status <= row.status and (h.key in loose or not row.id)
            ]
            if fits:
                _take(desk, row, min(fits, key=lambda h: (h.state, h.status != row.status, h.key)))


def _take(desk: Desk, row: Row, held: Held) -> None:
    booked = held.status == row.status == Status.POSTED
    new_name = booked and bool(row.id and held.id) and row.id != held.id
    if new_name and not held.old_ids and not grades.names_several(desk, held):
        desk.reminted += 1
    reason = Reason.REMINTED if new_name else Reason.CONTENT if held.status == row.status else Reason.PENDING
    desk.place(row, held.event, reason)


def _absorb(desk: Desk) -> None:
    """Write down the earlier forms that came along, under the event of the row that replaces them."""
    homes: dict[int, UUID | None] = {item.row.place: item.event for item in desk.draft.placed}
    rows = {row.place: row for row in desk.delivery.rows} if desk.delivery.absorbed else {}
    for row, heir in desk.delivery.absorbed:
        known = next((h for h in desk.by_id.get(row.id, ())), None)
        if heir in homes:
            event = homes[heir]
            if event is None or known is None or known.hash != row.hash:
                desk.draft.placed.append(Placed(row, Reason.STALE, event, State.PAST, heir=heir))
            continue
        event = _home(desk, rows.get(heir))
        if event is not None and (known is None or known.event != event):
            desk.draft.placed.append(Placed(row, Reason.STALE, event, State.PAST))
            if known is not None and known.state == State.LIVE:
                desk.merge(known.event, event)


def _home(desk: Desk, row: Row | None) -> UUID | None:
    """The event of a row that was said before."""
    if row is None:
        return None
    return next((h.event for h in desk.mine if h.hash == row.hash and h.state == State.LIVE), None)
