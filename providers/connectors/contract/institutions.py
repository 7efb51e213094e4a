"""Institutions behind an aggregator, by the names under which people look for them."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_NAME = 200  # characters; comparing names takes time with their length, and more than that


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution that an aggregator reaches; `country` is a code of ISO 3166, or empty where it is not said."""

    name: str
    country: str = ""


def folded(text: str) -> str:
    """The text for comparing: without case, accents, and spaces around it."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).strip()


def fitting(institutions: Iterable[Institution], search: str) -> list[Institution]:
    """Those whose names hold all words of the search: first those that begin with it, then by name."""
    wanted = folded(search)
    words = wanted.split()
    found = {each: folded(each.name) for each in institutions}
    fit = [each for each, name in found.items() if all(word in name for word in words)]
    return sorted(fit, key=lambda each: (not found[each].startswith(wanted), found[each], each.country))
