"""The character set of text that is not Unicode: the one in which its words have letters of one language.

Bytes above ASCII are letters in some hundred sets. In the right one nearly all of them belong to the alphabet of one
language; in another one they are letters of several, signs between letters, or nothing at all.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

OTHERWISE = "cp1252"
_LOOKED_AT = 100_000
_WORDS = 600
_ENOUGH = 0.85  # of the letters must belong to one language
_MARGIN = 0.1  # names from abroad are in every file
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_PAIRS = re.compile(rb"[\x80-\xff]+")
_ASCII = bytes(range(128))
_SIGNS = frozenset("€£¥¢§°·…«»®©™†‡•¬¦¨´¸¯ªº±²³µ¶¼½¾×÷¹¡¿“”„‘’‚‹›–—‰\u00a0\u00ad№")
_APOSTROPHES = frozenset("’‘´·\u00ad–")  # these stand between letters

# By set, the alphabets beyond ASCII of the languages that are written in it; of equal ones the first counts.
_LATIN = {
    "cp1252": "äöüßé äöüàâçéèêëîïôû æøåéäöü áàéèíïóòúüñç àâçéèêëîïôùûüœ áéíñóúü àáâãçéêíóôõú àèéìòù æøåé åäöé éëïöü",
    "cp1250": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüßáéő",
    "cp1254": "çğıöşüâîi",
    "cp1257": "ąčęėįšųūž āčēģīķļņšūž äöõüšž",
    "cp850": "äöüß àâçéèêëîïôùûü áéíñóúü æøåé åäöé",
    "cp852": "ąćęłńóśźż áčďéěíňóřšťúůýž áéíóöőúüű čćđšž",
    "mac_roman": "äöüß àâçéèêëîïôùûüœ áéíñóúü",
    "latin-1": "áðéíóúýþæö",
}
# Of other scripts the letters that are most common: the whole alphabet would fit too many sets.
_OTHERS = {
    "cp1251": "оеаинтсрвлкмдпуяьыіг",
    "koi8-r": "оеаинтсрвлкмдпуяьыіг",
    "cp866": "оеаинтсрвлкмдпуяьыіг",
    "cp1253": "αοιετσνηρπςκυλάίόμδέ",
    "cp1255": "יוהלאתרבשםנמחפדקע",
    "cp1256": "اليمنرتبةعدسوفهحقك",
    "cp874": "านรอกเงยลดมว่ี้ทคิะสตปัข",
}


def charset_of(data: bytes) -> str:
    """The codec that bytes which are no UTF-8 are most likely written in; `OTHERWISE` where none is likely."""
    sample = data[:_LOOKED_AT]
    pairs = _of_pairs(sample)
    if pairs:
        return pairs
    found = Counter(_WORD.findall(sample)).most_common(_WORDS)
    words = [word for word, _ in found]
    longer = [word for word in words if len(word) > 2]
    if sum(max(map(len, _PAIRS.findall(word))) > 2 for word in longer) * 2 > len(longer):
        best = max(_OTHERS, key=lambda codec: _common(words, codec))
        return best if _common(words, best) >= _ENOUGH - 0.25 else OTHERWISE
    best = max(_LATIN, key=lambda codec: _of_language(words, codec))
    likely = _of_language(words, best)
    return best if likely >= _ENOUGH and likely > _of_language(words, OTHERWISE) + _MARGIN else OTHERWISE


def _of_pairs(sample: bytes) -> str:
    """The set of a language that is written with two bytes a character: Japanese, Chinese or Korean; or none."""
    runs = _PAIRS.findall(sample)
    total = sum(map(len, runs))
    low = sum(0x81 <= byte <= 0x9F for run in runs for byte in run[:1])
    pairs = sum(len(run) for run in runs if len(run) > 1)
    if low * 2 > len(runs) and pairs * 2 > total and _decodes(sample, "cp932", "\u3040", "\u9fff"):
        return "cp932"
    even = sum(len(run) for run in runs if not len(run) % 2)
    if not total or even < 0.9 * total:
        return ""
    leads = [byte for run in runs if not len(run) % 2 for byte in run[::2]]
    hangul = sum(0xB0 <= lead <= 0xC8 for lead in leads)
    common = sum(0xA1 <= lead <= 0xD7 for lead in leads)
    if hangul >= 0.9 * len(leads) and _decodes(sample, "cp949", "\uac00", "\ud7a3"):
        return "cp949"
    return (
        "gb18030" if common >= 0.85 * len(leads) and _decodes(sample, "gb18030", "\u3000", "\uffef") else ""
    )


def _decodes(sample: bytes, codec: str, first: str, last: str) -> bool:
    """True if the bytes are text of that set, most of which is in a range of characters."""
    text = sample.decode(codec, "replace")
    beyond = [char for char in text if char > "\x7f"]
    fitting = sum(first <= char <= last or "\uff00" <= char <= "\uffef" for char in beyond)
    return fitting >= 0.8 * len(beyond) and beyond.count("\ufffd") <= 2


def _common(words: list[bytes], codec: str) -> float:
    """How many letters are common ones of the language; letters that grow within a word count against it."""
    alphabet, fitting, total = frozenset(_OTHERS[codec]), 0, 0
    for word in words:
        text = word.lstrip(_ASCII).decode(codec, "replace")
        total += len(text)
        fitting += sum(char in alphabet for char in text.lower())
        fitting -= sum(one.islower() and other.isupper() for one, other in pairwise(text))
    return fitting / total if total else 0.0


def _of_language(words: list[bytes], codec: str) -> float:
    """How many letters beyond ASCII are those of the one language that fits best."""
    counts: Counter[str] = Counter()
    torn = 0
    for word in words:
        text = word.decode(codec, "replace")
        for at, char in enumerate(text):
            if char < "\x80":
                continue
            inside = 0 < at < len(text) - 1
            if char in _SIGNS:
                torn += inside and char not in _APOSTROPHES
            elif char.isupper() and at and text[at - 1].islower():
                torn += 1
            else:
                counts[char.lower()[0]] += 1
    total = counts.total() + torn
    if not total:
        return 1.0
    return (
        max(sum(counts[char] for char in alphabet) for alphabet in map(frozenset, _LATIN[codec].split()))
        / total
    )
