"""A tolerant tokenizer: OFX text, SGML or XML, becomes a tree of aggregates in one pass.

No DTD is read and no entity declared in the file is expanded. What nests, `providers.formats.ofx.tree` decides.
"""

from __future__ import annotations

import re
from itertools import pairwise

from providers.formats.ofx.tags import LEAVES
from providers.formats.ofx.tree import Count, Node, Tree, truncated

MAX_NAMES = 10_000  # spellings of tags that are remembered; beyond them each is looked at anew

_TAG = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9._:-]*+)([\s/][^<>]*+)?+|\?[^<>]*+)>")
_LAST = "<?>"  # ends what follows the last tag
_DECLARATION = re.compile(r"<!(?:--|\[CDATA\[|DOCTYPE\b)", re.IGNORECASE)
_SUBSET_END = re.compile(r"\]\s*+>")


def parse_tree(text: str, count: Count = lambda _: None) -> Node:
    """The aggregates of the text under a nameless root. Raises too_deep, too_large, truncated.

    `count` is called now and then with the number of aggregates so far.
    """
    tree, text = Tree(count), _without_declarations(text)
    names: dict[str, tuple[str, bool]] = {}  # one string for each name: a million rows share their tags
    lines = _Lines(text)
    for match, following in pairwise(_TAG.finditer(f"{text}{_LAST}")):
        slash, name, rest = match.groups()
        tag, is_leaf = names.get(name) or _named(names, name)
        if not slash and tag:
            empty = rest is not None and rest.endswith("/")
            value = "" if empty else text[match.end() : following.start()].strip()
            if is_leaf:  # most tags are leaves, and these neither nest nor end
                tree.put(tag, value)
            else:
                tree.begin(tag, value, lines.at(match.start()))
            if empty and not is_leaf:
                tree.end(tag)
        elif not is_leaf:
            tree.end(tag)
    return tree.finish()


class _Lines:
    """Lines of a text by positions in it, which only grow."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line, self.counted = 1, 0

    def at(self, position: int) -> int:
        self.line += self.text.count("\n", self.counted, position)
        self.counted = position
        return self.line


def _named(names: dict[str, tuple[str, bool]], name: str | None) -> tuple[str, bool]:
    """A name without its prefix in capitals, and whether it is that of a leaf.

    `<?…?>` has no name, and `<prefix:>` names nothing.
    """
    tag = name.rpartition(":")[2].upper() if name else ""
    found = (tag, not tag or tag in LEAVES)
    if name and len(names) < MAX_NAMES:
        names[name] = found
    return found


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
