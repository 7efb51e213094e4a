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
                    name=info.text("SECNAME") or None,
                    type=_TYPES[node.tag],
                )
    return securities


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
