"""Scenarios: what institutions do to their clients over time, each selectable for one customer or for all."""

from typing import Literal, get_args

Scenario = Literal[
    "new_ids_at_renewal",
    "rows_minted_anew",
    "positional_ids",
    "no_ids",
    "late_rows",
    "pending_vanishes",
    "posted_in_another_shape",
    "changes_while_paging",
    "one_institution_down",
    "quota_spent",
    "consent_ending",
]
NAMES: tuple[Scenario, ...] = get_args(Scenario)
EVERYBODY = "*"

TOLD: dict[Scenario, str] = {
    "new_ids_at_renewal": "A renewed consent gives accounts and rows other ids; the numbers of accounts stay.",
    "rows_minted_anew": "Each day all rows get new ids, and cursors of the day before are refused.",
    "positional_ids": "A row's id is its place in the list, newest first, so each new row moves all others.",
    "no_ids": "Rows have no ids at all, and come in one piece.",
    "late_rows": "One row in five is told ten days after it happened.",
    "pending_vanishes": "Pending rows go without a word, and posted ones do not say which they were.",
    "posted_in_another_shape": "A row that posts has another id, another text, and no link to its pending form.",
    "changes_while_paging": "The second page of a reading is refused once, because the data has changed.",
    "one_institution_down": "The savings bank behind the list does not answer; the others do.",
    "quota_spent": "No more calls today: 429, with the hour at which there are some again.",
    "consent_ending": "A consent lasts five days.",
}


class Scenarios:
    """The scenarios that are played, by customer."""

    def __init__(self, *everybody: Scenario) -> None:
        self.played: dict[str, set[Scenario]] = {EVERYBODY: set(everybody)} if everybody else {}

    def of(self, customer: str) -> frozenset[Scenario]:
        """Those of one customer, with those of all."""
        return frozenset(self.played.get(customer, set()) | self.played.get(EVERYBODY, set()))

    def play(self, customer: str, name: Scenario, *, on: bool) -> None:
        """Begin or end one."""
        played = self.played.setdefault(customer, set())
        if on:
            played.add(name)
        else:
            played.discard(name)

    def clear(self) -> None:
        """End all of them."""
        self.played.clear()
