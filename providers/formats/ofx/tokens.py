"""A tolerant tokenizer: OFX text, SGML or XML, becomes a tree of aggregates in one pass.

No DTD is read and no entity declared in the file is expanded. What nests, `providers.formats.ofx.tree` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from providers.formats.ofx.tree import Node, Tree, truncated

MAX_NAMES = 10_000  # spellings of tags that are remembered; beyond them each is looked at anew
COUNT_EVERY = 5_000

Count = Callable[[int], None]

_TAG = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9._:-]*+)([\s/][^<>]*+)?+|\?[^<>]*+)>")
_DECLARATION = re.compile(r"<!(?:--|\[CDATA\[|DOCTYPE\b)", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*+>")


def parse_tree(text: str, count: Count = lambda _: None) -> Node:
    """The aggregates of the text under a nameless root. Raises too_deep, too_large, truncated.

    `count` is called now and then with the number of aggregates so far.
    """
    tree = Tree()
    counted = COUNT_EVERY
    for tag, mark, value, line in _tags(_without_declarations(text)):
        if mark != "/":
            tree.begin(tag, value, line)
        if mark:
            tree.end(tag)
        if tree.count >= counted:
            counted = tree.count + COUNT_EVERY
            count(tree.count)
    return tree.finish()


def _tags(text: str) -> Iterator[tuple[str, str, str, int]]:
    """Name, mark ("/" for an end tag, "." for an empty element), text that follows, and line of every tag."""
    names: dict[str, str] = {}  # one string for each name: a million rows share their tags
    line, counted = 1, 0
    matches = _TAG.finditer(text)
    match = next(matches, None)
    while match is not None:
        following = next(matches, None)
        slash, name, rest = match.groups()
        tag = names.get(name) if name else ""
        if tag is None:
            tag = name.rpartition(":")[2].upper()
            if len(names) < MAX_NAMES:
                names[name] = tag
        if tag:  # not <?…?>, nor <prefix:>, which names nothing
            line += text.count("\n", counted, match.start())
            counted = match.start()
            mark = slash or ("." if rest and rest.endswith("/") else "")
            value = "" if mark else text[match.end() : following.start() if following else None].strip()
            yield tag, mark, value, line
        match = following


def _without_declarations(text: str) -> str:
    """Comments and document types go, CDATA becomes plain escaped text; line numbers stay."""
    parts: list[str] = []
    position = 0
    while match := _DECLARATION.search(text, position):
        start = match.start()
        parts.append(text[position:start])
        position, kept = _declaration_end(text, match)
        parts.append(kept or "\n" * text.count("\n", start, position))
    return "".join([*parts, text[position:]]) if parts else text


def _declaration_end(text: str, match: re.Match[str]) -> tuple[int, str]:
    """Where the declaration stops, and the text to keep of it."""
    begin = match.end()
    if match.group() == "<!--":
        end = _find(text, "-->", begin)
        return end + 3, ""
    if match.group().endswith("["):
        end = _find(text, "]]>", begin)
        return end + 3, text[begin:end].replace("&", "&amp;").replace("<", "&lt;")
    end = _find(text, ">", begin)
    if "[" not in text[begin:end]:
        return end + 1, ""
    subset = _SUBSET_END.search(text, begin)
    return (subset.end() if subset else len(text)), ""


def _find(text: str, mark: str, start: int) -> int:
    end = text.find(mark, start)
    if end < 0:
        raise truncated()
    return end
