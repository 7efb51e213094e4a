"""Text from other parties without the characters that are invisible or steer a terminal or the order of letters."""

import re

# Line breaks and tabs part words; U+0085, U+2028 and U+2029 are line breaks too.
_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]+")
# C0 and C1 controls (ESC among them), bidirectional marks, embeddings, overrides and isolates, zero-width spaces and
# joins of words, soft hyphens, fillers, interlinear and musical format characters, tags, and what is no character.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Persian, Indic scripts and emoji are written with the joiners U+200C and U+200D; between ASCII letters they only hide.
# A run of them is looked at once, from where it begins: from each of its places, a long one would take hours.
_LOST_JOINERS = "(?<![\u200c\u200d])(?:(?<![^\x00-\x7f])[\u200c\u200d]++|[\u200c\u200d]++(?![^\x00-\x7f]))"
_REMOVED = re.compile(f"[{_INVISIBLE}]")
_JOINERS = re.compile(_LOST_JOINERS)
_SURROGATES = re.compile("[\ud800-\udfff]")


def visible(text: str) -> str:
    """The text on one line, with visible characters only; lone surrogates become question marks."""
    if text.isascii() and text.isprintable():
        return text
    text = _REMOVED.sub("", _BREAKS.sub(" ", _SURROGATES.sub("?", text)))
    return _JOINERS.sub("", text)
