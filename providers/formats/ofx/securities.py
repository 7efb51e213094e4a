"""Securities: SECID in the rows, joined with what SECLIST says about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from providers.formats.ofx.fields import Fields
from providers.formats.ofx.tree import Node
from providers.formats.statement import Security
from providers.formats.values import clean_id

_TYPES = {
    "STOCKINFO": "stock",
    "MFINFO": "mutual_fund",
    "DEBTINFO": "bond",
    "OPTINFO": "option",
    "OTHERINFO": "other",
}


def read_securities(nodes: Iterable[Node]) -> dict[str, Security]:
    """The entries of every SECLIST, by unique id. The first entry of an id wins."""
    securities: dict[str, Security] = {}
    for node in nodes:
        if node.tag in _TYPES:
            info = Fields(node).within("SECINFO")
            security = _identified(info)
            if security and security.unique_id not in securities:
                securities[security.unique_id] = Security(
                    unique_id=security.unique_id,
                    id_type=security.id_type,
                    symbol=info.word("TICKER") or security.symbol,
                    name=_name(info, Fields(node)) or None,
                    type=_TYPES[node.tag],
                )
    return securities


def _name(info: Fields, body: Fields) -> str:
    """The name; that of an option with the terms that it does not tell itself: together they say which it is."""
    name = info.text("SECNAME")
    strike = body.text("STRIKEPRICE")
    expires = body.text("DTEXPIRE")[:8]
    day = f"{expires[:4]}-{expires[4:6]}-{expires[6:]}" if len(expires) == 8 and expires.isdigit() else ""
    terms = (body.word("OPTTYPE").lower(), strike, day)
    told = " ".join(term for term in terms if term and term.casefold() not in name.casefold())
    return f"{name} ({told})" if name and told else name


def find_security(fields: Fields, securities: Mapping[str, Security]) -> Security | None:
    """The security a row is about, None for rows that are about cash alone."""
    security = _identified(fields)
    return securities.get(security.unique_id, security) if security else None


def _identified(fields: Fields) -> Security | None:
    ids = fields.within("SECID")
    unique_id = clean_id(ids.node.values.get("UNIQUEID", ""))
    if not unique_id:
        return None
    id_type = ids.word("UNIQUEIDTYPE")
    return Security(unique_id=unique_id, id_type=id_type, symbol=unique_id if id_type == "TICKER" else None)
