"""Fingerprints of accounts: keyed digests by which a file's account is found again without keeping its number.

OFX names an account by institution, bank, branch, number and kind together (OFX 2.2 §11.3.1). An institution is
written in more or in fewer words from one file to the next, so an account has a digest for each way to say less.
"""

import json
from collections.abc import Iterable
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
    said = models.PositiveSmallIntegerField(
        help_text="How many names of the institution the file has, at most two."
    )

    objects: ClassVar[models.Manager["AccountFingerprint"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("digest", "account", name="fingerprint_once_per_account"),)

    def __str__(self) -> str:
        return f"fingerprint of {self.account_id}"


def keep(account: FinancialAccount, institution: Institution, stated: StatementAccount) -> None:
    """Remember that a file named the account so."""
    names = _names(institution)
    digests = [_digest(chosen, stated) for chosen in product(*((name, ANY) for name in names))]
    told = {"account": account, "kind": kind_of(stated), "said": said(institution)}
    rows = [AccountFingerprint(digest=digest, **told) for digest in digests]
    AccountFingerprint.objects.bulk_create(rows, ignore_conflicts=True)


def same_or_more(institution: Institution, stated: StatementAccount) -> list[str]:
    """Digests of accounts that a file named exactly so, then of those where it said more of the institution."""
    names = _names(institution)
    exactly = _digest(names, stated)
    return [exactly, _digest([name or ANY for name in names], stated)] if "" in names else [exactly]


def less(institution: Institution, stated: StatementAccount) -> list[str]:
    """Digests of accounts where a file said less of the institution."""
    names = _names(institution)
    return [_digest(fewer, stated) for fewer in product(*((name, "") for name in names)) if fewer != names]


def said(institution: Institution) -> int:
    """How many names of the institution there are."""
    return sum(bool(name) for name in _names(institution))


def first_digest(institution: Institution, stated: StatementAccount) -> str:
    """The digest of exactly what the file says."""
    return _digest(_names(institution), stated)


def digest_of_before(institution: Institution, stated: StatementAccount) -> str:
    """The digest that accounts were found by before kind, branch and institution were in it."""
    number = number_of(stated)
    who = f"{stated.bank_id or ''}/{number}" if number else f"{institution.name or ''}/{stated.type}"
    return sealed_tokens.digest(f"statement account {who}/{stated.currency}").hex()


def same_account(statements: Iterable[StatementAccount]) -> bool:
    """True if the statements can all be of one account."""
    return len({tuple(_account(stated)) for stated in statements}) < 2


def number_of(stated: StatementAccount) -> str:
    """The account number without spaces and dashes; without one, the name that the file tells its accounts apart by."""
    number = "".join(stated.account_id.split()).replace("-", "")
    return number or (f"name {stated.name.casefold()}" if stated.name else "")


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


def _digest(institution: Iterable[str], stated: StatementAccount) -> str:
    """A digest of the institution's name and number, and of the account."""
    parts = [*institution, *_account(stated), stated.currency or ""]
    return sealed_tokens.digest(f"statement account {json.dumps(parts)}").hex()
