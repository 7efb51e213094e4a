"""Audit events in words for the person they are about. Each app registers the words of its own actions."""

from collections.abc import Callable, Mapping

WORDS: dict[
    str, str
] = {}  # by action; `{page}` and the names in SPELLINGS are filled from the event's detail
SPELLINGS: dict[str, Callable[[str | None], str]] = {}  # by name: how its value reads; None when it is absent
PAGES: dict[str, str] = {}  # by the model that a page of the admin shows: what support saw there

ENDED = {
    "signed_out": "You signed out",
    "ended_by_user": "You ended a session",
    "ended_by_staff": "Support ended a session of yours",
    "email_changed": "A device was signed out, because your email address changed",
    "password_changed": "A device was signed out, because your password changed",
    "refresh_token_reused": "A session was ended, because it was used twice",
    "account_leaving": "A device was signed out, because you asked for your account to be deleted",
}


def register(
    words: Mapping[str, str],
    *,
    spellings: Mapping[str, Callable[[str | None], str]] | None = None,
    pages: Mapping[str, str] | None = None,
) -> None:
    """Add an app's words. They do not say who acted or from where: the activity list does, beside them."""
    WORDS.update(words)
    SPELLINGS.update(spellings or {})
    PAGES.update(pages or {})


def describe(action: str, detail: Mapping[str, object]) -> str:
    """The event in a few words. An action without words of its own is named as it is."""
    ended = ENDED.get(str(detail.get("reason"))) if action == "session.ended" else None
    if ended is not None:
        return ended
    words = WORDS.get(action) or action.replace("_", " ").replace(".", ": ").capitalize()
    values = {name: spell(_text(detail, name)) for name, spell in SPELLINGS.items()}
    return words.format(**values, page=PAGES.get(_text(detail, "page") or "", "data"))


def _text(detail: Mapping[str, object], name: str) -> str | None:
    return str(detail[name]) if name in detail else None
