"""The registry of examinations. Each app's `doctor` module registers its own here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import autodiscover_modules


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence or two: the fault and the remedy. Without `trouble` it is a note."""

    text: str
    trouble: bool = True


def counted(number: int, one: str, several: str) -> str:
    """`One mail was` or, with the number for `{}`, `3 mails were`."""
    return one if number == 1 else several.format(number)


class Examination(Protocol):
    """A generator of findings; `full` asks for the slow checks too."""

    def __call__(self, *, full: bool) -> Iterator[Finding]: ...


_examinations: dict[str, Examination] = {}


def examines(subject: str) -> Callable[[Examination], Examination]:
    """Register an examination."""

    def register(examination: Examination) -> Examination:
        _examinations[subject] = examination
        return examination

    return register


def examine(*, full: bool) -> Iterator[tuple[str, list[Finding]]]:
    """All examinations in turn, the database's first. Those that need it and find it away are named together."""
    autodiscover_modules("doctor")
    unseen: list[str] = []
    said = ""
    for subject, examination in sorted(_examinations.items(), key=lambda each: each[0] != "database"):
        findings: list[Finding] = []
        try:
            findings.extend(examination(full=full))
        except (DatabaseError, InterfaceError) as error:
            unseen.append(subject)
            said = type(error).__name__
            if not findings:
                continue
        yield subject, findings
    if unseen:
        text = f"The database said {said}, so these could not be looked at: {', '.join(unseen)}."
        yield "the rest", [Finding(text, trouble=False)]
