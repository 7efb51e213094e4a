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
    """All examinations in turn. Where the database does not answer, only the one of the database says so."""
    autodiscover_modules("doctor")
    for subject, examination in _examinations.items():
        findings: list[Finding] = []
        try:
            findings.extend(examination(full=full))
        except (DatabaseError, InterfaceError) as error:
            text = f"Not looked at any further: the database said {type(error).__name__}."
            findings.append(Finding(text, trouble=False))
        yield subject, findings
