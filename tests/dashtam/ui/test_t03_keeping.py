"""Parts of pages that are kept for as long as what they show stays the same."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.template import Context, Template
from django.utils.safestring import SafeString, mark_safe

from dashtam.ui.kept import Parts
from providers.pages.presentation.accounts import AccountRow

PAGE = (
    "{% load keeping %}{% keep shown zone %}{{ inside }}{{ zone }}{% for each in shown %} {{ each }}{% endfor %}"
    "{% endkeep %}"
)


class Inside:
    """Counts how often it is written."""

    def __init__(self) -> None:
        self.written = 0

    def __str__(self) -> str:
        self.written += 1
        return ""


def test_t03_a_part_is_written_anew_for_whatever_it_shows_and_not_for_the_same() -> None:
    inside, page = Inside(), Template(PAGE)

    def shown(*values: Any, zone: str = "UTC") -> str:
        return page.render(Context({"inside": inside, "shown": values, "zone": zone}))

    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    row = AccountRow({"id": 1, "balances": {"current": "1.00"}}, age="2 minutes ago")
    older = AccountRow({"id": 1, "balances": {"current": "1.00"}}, age="3 minutes ago")
    markup, text = mark_safe("<b>"), "<b>"
    others = [
        (Decimal("1.0"),),
        (Decimal("1.00"),),
        (None,),
        (True,),
        (noon,),
        (markup,),
        (text,),
        (text, "c"),
    ]
    for values in [*others, (row,), (older,)]:
        first, before = shown(*values), inside.written
        assert (shown(*values), inside.written) == (first, before)
    assert inside.written == len(others) + 2
    assert shown(markup) != shown(text), "what is escaped is not what is not"
    assert shown(noon, zone="Europe/Rome") != shown(noon)
    assert Template(PAGE).render(Context({"inside": inside, "shown": (row,), "zone": "UTC"}))
    assert inside.written == len(others) + 4, "the same in another page is another part"


def test_t03_the_part_that_was_not_looked_at_for_longest_leaves_first() -> None:
    parts, written = Parts(2), []

    def ask(key: str) -> None:
        parts.get(key, lambda: written.append(key) or SafeString(key))  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        ask(key)
    assert written == ["a", "b", "c", "b"]
