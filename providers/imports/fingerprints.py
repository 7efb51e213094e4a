"""Fingerprints of accounts: keyed digests by which a file's account is found again without keeping its number.

OFX names an account by institution, bank, branch, number and kind together (OFX 2.2 §11.3.1). An institution is
written in more or in fewer words from one file to the next, so an account has a digest for each way to say less.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from typing import ClassVar

from django.db import models

from dashtam.crypto import sealed_tokens
from providers.formats import Institution, StatementAccount
from providers.ledger.models import FinancialAccount

ANY = "*"


class AccountFingerprint(models.Model):
    """A digest of what a file says about which account it is of."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(FinancialAccount, on_delete=models.CASCADE, related_name="fingerprints")
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=60, help_text="The kind of account that the file says it is.")

    objects: ClassVar[models.Manager["AccountFingerprint"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("digest", "account", name="fingerprint_once_per_account"),)

    def __str__(self) -> str:
        return f"fingerprint of {self.account_id}"


def keep(account: FinancialAccount, institution: Institution, stated: StatementAccount) -> None:
    """Remember that a file named the account so."""
    digests = [_digest(*names, stated) for names in product(*((name, ANY) for name in _names(institution)))]
    kind = kind_of(stated)
    rows = [AccountFingerprint(account=account, digest=digest, kind=kind) for digest in digests]
    AccountFingerprint.objects.bulk_create(rows, ignore_conflicts=True)


def digests(institution: Institution, stated: StatementAccount) -> Iterator[tuple[str, ...]]:
    """Digests to look for, the most certain first; those of one step are of equal weight.

    First what was named exactly so, then with an institution that one of both files says less about.
    """
    names = _names(institution)
    yield (_digest(*names, stated),)
    yield tuple(_digest(*less, stated) for less in product(*((name, "") for name in names)) if less != names)
    if "" in names:
        yield (_digest(*(name or ANY for name in names), stated),)


def first_digest(institution: Institution, stated: StatementAccount) -> str:
    """The digest of exactly what the file says."""
    return _digest(*_names(institution), stated)


def digest_of_before(institution: Institution, stated: StatementAccount) -> str:
    """The digest that accounts were found by before kind, branch and institution were in it."""
    number = number_of(stated)
    who = f"{stated.bank_id or ''}/{number}" if number else f"{institution.name or ''}/{stated.type}"
    return sealed_tokens.digest(f"statement account {who}/{stated.currency}").hex()


def same_account(statements: Iterable[StatementAccount]) -> bool:
    """True if the statements can all be of one account."""
    return len({tuple(_account(stated)) for stated in statements}) < 2


def number_of(stated: StatementAccount) -> str:
    """The account number without spaces and dashes."""
    return "".join(stated.account_id.split()).replace("-", "")


def kind_of(stated: StatementAccount) -> str:
    """Type and subtype, such as `depository/savings`."""
    return f"{stated.type}/{stated.subtype or ''}"


def _names(institution: Institution) -> tuple[str, str]:
    name = "".join(char for char in (institution.name or "").casefold() if char.isalnum())
    fid = (institution.fid or "").casefold()
    return (
        (name, fid)
        if name or fid
        else ("", f"intuit {institution.intuit_id}" if institution.intuit_id else "")
    )


def _account(stated: StatementAccount) -> list[str]:
    return [stated.bank_id or "", stated.branch_id or "", number_of(stated), kind_of(stated)]


def _digest(name: str, fid: str, stated: StatementAccount) -> str:
    parts = [name, fid, *_account(stated), stated.currency or ""]
    return sealed_tokens.digest(f"statement account {json.dumps(parts)}").hex()
