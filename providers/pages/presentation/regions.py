"""Countries and regions in words."""

from collections.abc import Sequence

from providers.connectors.enable_banking.countries import COUNTRIES

_NAMES = {
    **dict(COUNTRIES),
    "US": "United States",
    "CA": "Canada",
    "EU": "European Union",
    "AU": "Australia",
    "IN": "India",
}
FEW = 6


def country(code: str) -> str:
    """The name of a country, or the code where it has none here; nothing for none."""
    return _NAMES.get(code, code)


def places(codes: Sequence[str]) -> tuple[str, str]:
    """These countries in words, and their names where they are too many for a line."""
    names = [country(code) for code in codes]
    if len(names) <= FEW:
        return ", ".join(names), ""
    return f"{len(names)} countries of Europe" if "US" not in codes else f"{len(names)} countries", ", ".join(
        names
    )
