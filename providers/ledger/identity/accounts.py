"""Accounts known again: by aliases that prove it, then by the provider's id, never by name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Listed:
    """An account as a provider lists it now."""

    id: str
    aliases: frozenset[bytes]
    type: str = ""
    subtype: str = ""
    unit: str = ""
    id_hash: bytes = b""  # the alias that its id would be, were it an earlier one


@dataclass(frozen=True, slots=True)
class Known:
    """An account that we hold, under the id it had last."""

    account: UUID
    id: str
    aliases: frozenset[bytes]
    type: str = ""
    subtype: str = ""
    unit: str = ""
    earlier: frozenset[bytes] = frozenset()  # hashes of the ids that it had


def recognise(listed: Sequence[Listed], known: Sequence[Known]) -> dict[str, UUID]:
    """The account of each listed id that we know; what is left out is new."""
    found: dict[str, UUID] = {}
    taken: set[UUID] = set()
    for one, other in [*_by_alias(listed, known), *_by_id(listed, known), *_by_earlier_id(listed, known)]:
        if one.id not in found and other.account not in taken:
            found[one.id] = other.account
            taken.add(other.account)
    return found


def _by_alias(listed: Sequence[Listed], known: Sequence[Known]) -> list[tuple[Listed, Known]]:
    """Pairs of which neither side fits another; the same id decides where a number is shared."""
    candidates: dict[str, list[Known]] = defaultdict(list)
    claims: dict[UUID, list[Listed]] = defaultdict(list)
    for one in listed:
        for other in known:
            if one.aliases & other.aliases and _fits(one, other):
                candidates[one.id].append(other)
                claims[other.account].append(one)
    pairs = []
    for one in listed:
        fitting = candidates[one.id]
        same_id = [other for other in fitting if other.id == one.id]
        chosen = same_id if len(fitting) > 1 or any(len(claims[o.account]) > 1 for o in fitting) else fitting
        pairs += [(one, other) for other in chosen]
    return pairs


def _by_id(listed: Sequence[Listed], known: Sequence[Known]) -> Iterable[tuple[Listed, Known]]:
    """Pairs of one id, unless number and kind both tell them apart: an id may be given to another account."""
    by_id = {other.id: other for other in known}
    for one in listed:
        other = by_id.get(one.id)
        if other and not (_contradict(one, other) and not _fits(one, other)):
            yield one, other


def _by_earlier_id(listed: Sequence[Listed], known: Sequence[Known]) -> Iterable[tuple[Listed, Known]]:
    for one in listed:
        before = [other for other in known if one.id_hash and one.id_hash in other.earlier]
        if len(before) == 1 and _fits(one, before[0]) and not _contradict(one, before[0]):
            yield one, before[0]


def _contradict(one: Listed, other: Known) -> bool:
    """True if both prove who they are, and it is not the same."""
    return bool(one.aliases and other.aliases and not one.aliases & other.aliases)


def _fits(one: Listed, other: Known) -> bool:
    """True unless type, subtype or unit tell them apart: a number may be shared by two accounts of a bank."""
    pairs = ((one.type, other.type), (one.subtype, other.subtype), (one.unit, other.unit))
    return all(
        not mine or not theirs or "other" in (mine, theirs) or mine == theirs for mine, theirs in pairs
    )


def sudden(before: Decimal | None, now: Decimal | None) -> bool:
    """True if a balance has moved its decimal point: a hundredfold or a thousandfold, or the reverse."""
    if before is None or now is None or not before or not now:
        return False
    return any(now == before * factor or before == now * factor for factor in (100, 1000))
