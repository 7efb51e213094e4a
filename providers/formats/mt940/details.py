"""Details of a row: :86: in its dialects (`?20`, `/REMI/`, plain), the supplement of :61:, and :NS: fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from providers.formats.mt940.values import parse_amount, reference
from providers.formats.values import MAX_TEXT, BadValueError, clean_text, join_description

_MARKED = re.compile(r"[ ]?([0-9]{1,3}|[A-Z]{3})?[ ]?([?>^<~|$#%&@+])(?=[0-9]{2})")
_CODE = re.compile(r"[0-9]{3}(?=\D|$)")
_SEPA = re.compile(
    r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|BREF|RREF|PURP|IBAN|BIC|RCMT|REMI|SVCL)[+]"
)
_SLASHED = re.compile(
    r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|CSID|MARF|ORDP|BENM|ADDR|PREF|RTRN|PURP|CNTP|ISDT|SVCL|ULTC|ULTD|ULTB|ULTR"
    r"|TRCD|IREF|SUBJ|ACCW|PY|PT|OCMT|CHGS|EXCH|CDTRREFTP|CDTRREF|BO|BN|RFB|OSDR|OGB|INFO|MCRT|ID|RTYP)/"
)
_MONEY = re.compile(r"/(OCMT|CHGS)/([A-Z]{3})([0-9.,]{1,20})")
_NON_SWIFT = re.compile(r"([0-9]{2})(.*)")
_FULL_LINE = 65
_FULL_PART = 27


@dataclass(slots=True)
class Details:
    """The details of a row as they could be told apart."""

    name: str = ""
    purpose: str = ""
    reference: str = ""
    code: str = ""
    original: tuple[Decimal, str] | None = None
    charges: tuple[Decimal, str] | None = None

    @property
    def description(self) -> str:
        """Name and purpose."""
        return join_description(self.name, self.purpose)


def read_details(information: Sequence[str], supplement: Sequence[str], other: Sequence[str]) -> Details:
    """The details of the lines of :86:, of the lines after the first of :61:, and of :NS:."""
    details = _information(information) if any(information) else Details()
    if other and not details.description:
        details = _non_swift(other)
    more = " ".join([line.strip() for line in supplement if line.strip()])
    told = "".join((*supplement, *information[:6]))
    for kind, currency, text in _MONEY.findall(told) if "/OCMT/" in told or "/CHGS/" in told else ():
        try:
            amount = (parse_amount(text.rstrip(".")), currency)
        except BadValueError:
            continue
        if kind == "OCMT":
            details.original = amount
        else:
            details.charges = amount
    if more and not details.description:
        details.purpose = clean_text(more)
    elif more and not more.startswith("/"):
        details.purpose = join_description(details.purpose, clean_text(more))
    return details


def _information(lines: Sequence[str]) -> Details:
    head = lines[0][:12]
    marked = _MARKED.match(head)
    if marked:
        return _marked(lines, marked.group(1) or "", marked.group(2), marked.end() - 1)
    joined = "".join(lines)
    if joined.count("/") > 3 and len(_SLASHED.findall(joined)) > 1:
        return _slashed(joined)
    code = _CODE.match(head)
    return Details(purpose=clean_text(_plain(lines)), code=code.group() if code and "PN" in head else "")


def _marked(lines: Sequence[str], code: str, mark: str, start: int) -> Details:
    """Fields of two digits after a mark: 00 the kind, 20 to 29 and 60 to 63 the purpose, 32 and 33 the name."""
    body = "".join(lines)[start:]
    parts = re.split(re.escape(mark) + r"([0-9]{2})", body)
    fields: dict[str, list[str]] = {}
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        fields.setdefault(number, []).append(text)
    purpose = last = ""
    for number in (*range(20, 30), *range(60, 64)):
        for text in fields.get(str(number), ()):
            gap = (
                ""
                if not purpose or len(last) >= _FULL_PART or text.startswith(" ") or last.endswith(" ")
                else " "
            )
            purpose, last = purpose + gap + text, text
    name = "".join(text for number in ("32", "33") for text in fields.get(number, ()))
    kind = clean_text("".join(fields.get("00", ())), 60)
    words = _sepa(purpose)
    told = words.get("SVWZ") or words.get("REMI") or words.get("RCMT") or words.get("", "")
    return Details(
        name=clean_text(name, 140),
        purpose=clean_text(told) or ("" if clean_text(name) else kind) or kind,
        reference=reference(words.get("EREF", "")) or reference(words.get("KREF", "")),
        code=code,
    )


def _sepa(purpose: str) -> dict[str, str]:
    """The words of SEPA in the purpose; under the empty word, the text before any of them."""
    if "+" not in purpose:
        return {"": purpose.strip()}
    parts = _SEPA.split(purpose)
    words = {"": parts[0].strip()}
    for word, text in zip(parts[1::2], parts[2::2], strict=True):
        words.setdefault(word, text.strip())
    return words


def _slashed(text: str) -> Details:
    """Words between slashes, as Dutch banks write them."""
    parts = _SLASHED.split(text)
    words: dict[str, str] = {}
    for word, part in zip(parts[1::2], parts[2::2], strict=True):
        if part.strip("/ ") and word not in words:
            words[word] = part
    party = words.get("CNTP", "").split("/")
    name = words.get("NAME") or (party[2] if len(party) > 2 else "")
    purpose = words.get("REMI", "")
    for start in ("USTD//", "STRD/CUR/", "USTD/"):
        purpose = purpose.removeprefix(start)
    told = clean_text(purpose.strip("/")) or clean_text(words.get("PY", "").strip("/"))
    rest = "" if name or told else clean_text(text)
    return Details(
        name=clean_text(name.strip("/"), 140),
        purpose=told or rest or clean_text(words.get("TRTP", "").strip("/"), 60),
        reference=reference(words.get("EREF", "").strip("/")),
    )


def _non_swift(lines: Sequence[str]) -> Details:
    """The numbered lines of :NS: after a row: 01 to 14 the purpose, 15 and 16 the name, 17 the kind."""
    found: dict[str, str] = {}
    for line in lines:
        match = _NON_SWIFT.match(line)
        if match:
            found[match.group(1)] = match.group(2)
    purpose = " ".join(found[key].strip() for key in sorted(found) if "01" <= key <= "14")
    name = "".join(found.get(key, "") for key in ("15", "16"))
    return Details(
        name=clean_text(name, 140), purpose=clean_text(purpose) or clean_text(found.get("17", ""), 60)
    )


def _plain(lines: Sequence[str]) -> str:
    """Lines as text: one that is full goes on in the next, within a word or not."""
    if len(lines) == 1:
        return lines[0].strip()
    text, full = "", False
    for line in lines:
        if text and not full and line.strip():
            text += " "
        text += line if len(line) >= _FULL_LINE else line.strip()
        full = len(line) >= _FULL_LINE
        if len(text) > 4 * MAX_TEXT:
            break
    return text
