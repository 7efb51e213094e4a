"""Accounts of a file's statements: found again, asked for, or made."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import models

from dashtam import errors
from dashtam.ids import uuid7
from providers.connections.models import Connection
from providers.formats import Institution, Statement, StatementAccount, StatementFile
from providers.imports import fingerprints
from providers.imports.arriving.told import ImportNotice
from providers.imports.models import FileImport
from providers.imports.statement_rows import PROVIDER, stored_id
from providers.ledger import checks
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.models import Observation

_RUNS = re.compile(r"[0-9]+")
_PLAIN = {"depository": "account", "other": "account"}  # words for a name, where a file says no more
_HIDDEN_END = re.compile(r"[xX*#•]{2,}$")


class ImportRefused(errors.Unprocessable):
    """The file is readable, but does not fit the account it is for."""

    title = "This file does not fit."


@dataclass(frozen=True, slots=True)
class Place:
    """The account of a statement, with a notice if the file itself does not say that it is this one."""

    account: FinancialAccount
    notice: ImportNotice | None = None


def places(file: FileImport, parsed: StatementFile) -> list[Place]:
    """One for each statement. Raises NotFound and ImportRefused."""
    if file.target_id is not None:
        account = _chosen(file, file.target_id, parsed.statements)
        return [Place(account)] * len(parsed.statements)
    if not fingerprints.same_account(statement.account for statement in parsed.statements):
        file.account_name = ""  # it was meant for one
    before = _of_same_file(file, len(parsed.statements))
    found = []
    for index, statement in enumerate(parsed.statements):
        stated = _with_currency(file, statement.account)
        place = Place(before[index]) if before else _find(file, statement, stated)
        _prepare(place.account, statement.institution, stated)
        found.append(place)
    return found


def _chosen(file: FileImport, account_id: UUID, statements: Sequence[Statement]) -> FinancialAccount:
    mine = FinancialAccount.objects.select_related("connection").filter(user_id=file.user_id, id=account_id)
    account = mine.select_for_update(of=("self",), no_key=True).first()
    if account is None:
        raise errors.NotFound
    if not fingerprints.same_account(statement.account for statement in statements):
        detail = "It holds several accounts. Import it without choosing an account."
        raise ImportRefused(detail, code="several_accounts")
    for currency in (file.currency, *(statement.account.currency for statement in statements)):
        if currency and currency != account.currency:
            detail = f"The file is in {currency}, the account in {account.currency}. Choose another account."
            raise ImportRefused(detail, code="currency_mismatch")
    return account


def _with_currency(file: FileImport, stated: StatementAccount) -> StatementAccount:
    """The account in the currency of the file or, if the file names none, in the one its person chose."""
    if file.currency and stated.currency and file.currency != stated.currency:
        detail = f"The file is in {stated.currency}, not in {file.currency}. Import it without choosing a currency."
        raise ImportRefused(detail, code="currency_mismatch")
    currency = stated.currency or file.currency
    if not currency:
        detail = "It does not say which currency it is in. Choose its currency, or the account it belongs to."
        raise ImportRefused(detail, code="currency_unknown")
    return replace(stated, currency=currency)


def _of_same_file(file: FileImport, count: int) -> list[FinancialAccount]:
    """Where these very bytes went before, in the order of the statements; empty if that is not known of all."""
    landed = FileImport.objects.filter(
        user_id=file.user_id,
        sha256=file.sha256,
        target_id=None,
        currency=file.currency,
        new_account=file.new_account,
        state__in=(FileImport.State.SUCCEEDED, FileImport.State.PARTIAL),
    )
    statements = landed.order_by("-created_at").values_list("statements", flat=True).first() or []
    ids = [each["account_id"] for each in statements]
    known = {str(account.id): account for account in _mine(file).filter(id__in=ids)}
    return [known[each] for each in ids] if len(ids) == count and set(ids) <= set(known) else []


def _mine(file: FileImport) -> "models.QuerySet[FinancialAccount]":
    accounts = FinancialAccount.objects.select_related("connection").order_by("created_at", "id")
    return accounts.filter(user_id=file.user_id, connection__provider=PROVIDER)


def _find(file: FileImport, statement: Statement, stated: StatementAccount) -> Place:
    if not fingerprints.number_of(stated):
        return _without_number(file, statement, stated)
    for digest in fingerprints.same_or_more(statement.institution, stated):
        found = list(_mine(file).filter(fingerprints__digest=digest))
        if len(found) == 1:
            return Place(found[0])
        if found:  # of several institutions, and the file names none
            return _told_apart(file, statement, stated, found)
    known = _named_by_less(file, statement, stated) or _of_before(file, statement, stated)
    return Place(known or _made(file, statement.institution, stated))


def _named_by_less(
    file: FileImport, statement: Statement, stated: StatementAccount
) -> FinancialAccount | None:
    """The account that files said less of, unless another one has said as much as this, and something else."""
    fewer = fingerprints.less(statement.institution, stated)
    for account in _mine(file).filter(fingerprints__digest__in=fewer).distinct():
        taken = account.fingerprints.filter(said__gte=fingerprints.said(statement.institution))
        if not taken.exists() or _holds(account, statement):
            return account
    return None


def _of_before(file: FileImport, statement: Statement, stated: StatementAccount) -> FinancialAccount | None:
    """The account that earlier versions found by this number, if it is of this kind or has rows of the file."""
    digest = fingerprints.digest_of_before(statement.institution, stated)
    account = _mine(file).filter(provider_account_id=digest).first()
    if account is None:
        return None
    fits = (account.type, account.subtype) == (stated.type, stated.subtype or "") and (
        stated.bank_id or account.connection.provider_subject in {_subject(statement.institution), "files"}
    )
    free = not account.fingerprints.filter(kind=fingerprints.kind_of(stated)).exists()
    return account if (fits and free) or _holds(account, statement) else None


def _without_number(file: FileImport, statement: Statement, stated: StatementAccount) -> Place:
    of = (statement.institution, stated)
    wanted = [*fingerprints.same_or_more(*of), *fingerprints.less(*of)]
    named = models.Q(fingerprints__digest__in=wanted)
    old = models.Q(provider_account_id=fingerprints.digest_of_before(statement.institution, stated))
    found = list(_mine(file).filter(named | old).distinct())
    return _told_apart(file, statement, stated, found)


def _told_apart(
    file: FileImport, statement: Statement, stated: StatementAccount, found: Sequence[FinancialAccount]
) -> Place:
    """The one of several possible accounts that has rows of the file; a new one, if there is none or if so chosen."""
    if not found or file.new_account:
        return Place(_made(file, statement.institution, stated))
    for account in found:
        if _holds(account, statement):
            detail = (
                f"The file does not say exactly which account it is of. It went into “{account.name}”, which has "
                "transactions of it already."
            )
            return Place(account, {"code": "account_assumed", "detail": detail, "line": None})
    detail = "It does not say which account it is of. Choose the account it belongs to, or a new one."
    raise ImportRefused(detail, code="account_unknown")


def _holds(account: FinancialAccount, statement: Statement) -> bool:
    """True if the account has rows of the statement: a single one could be a coincidence."""
    names = [stored_id(identity) for identity in statement.sample]
    said = Observation.objects.filter(source__account=account, source__kind="file", row_id__in=names)
    rows = Transaction.objects.filter(account_id=account.id, provider_transaction_id__in=names)
    least = min(2, len(names))
    return bool(names) and (said.values("row_id").distinct().count() >= least or rows.count() >= least)


def _made(file: FileImport, institution: Institution, stated: StatementAccount) -> FinancialAccount:
    kind = (stated.subtype or _PLAIN.get(stated.type, stated.type)).replace("_", " ")
    account_id, digest = uuid7(), fingerprints.first_digest(institution, stated)
    name = checks.text(stated.name or f"{institution.name or 'Imported'} {kind}", 200)
    return FinancialAccount.objects.create(
        id=account_id,
        user_id=file.user_id,
        connection=_connection(file, institution),
        provider_account_id=digest if fingerprints.number_of(stated) else f"{digest}/{account_id.hex}",
        name=file.account_name or name,
        institution_name=name if file.account_name else None,
        mask=mask(stated.account_id),
        type=stated.type,
        subtype=checks.text(stated.subtype or "", 40),
        currency=stated.currency or "",
    )


def _prepare(account: FinancialAccount, institution: Institution, stated: StatementAccount) -> None:
    """Make the account known by this file, and its connection active; a mask of before becomes one with digits."""
    fingerprints.keep(account, institution, stated)
    connection = account.connection
    if connection.state != Connection.State.ACTIVE:
        connection.move_to(Connection.State.ACTIVE)
        connection.save(update_fields=Connection.STATE_FIELDS)
    told = mask(stated.account_id)
    if told and account.mask != told:
        account.mask = told
        account.save(update_fields=["mask"])


def mask(number: str) -> str:
    """The last four digits that people know their account by, without letters, dashes and check digits around them.

    A number with fewer digits is shown by its last four letters and digits, one that hides its end not at all.
    """
    plain = "".join(number.split())
    if _HIDDEN_END.search(plain):
        return ""
    runs = _RUNS.findall(plain)
    long = [run for run in runs if len(run) >= 4]
    digits = long[-1] if long else "".join(runs)
    if len(digits) < 4:
        digits = "".join(char for char in checks.text(plain, 200) if char.isalnum())
    return digits[-4:]


def _subject(institution: Institution) -> str:
    name: Any = institution.name or institution.fid or institution.intuit_id or "files"
    return checks.text(name, 200).casefold()


def _connection(file: FileImport, institution: Institution) -> Connection:
    found = {"user_id": file.user_id, "provider": PROVIDER, "provider_subject": _subject(institution)}
    mine = Connection.objects.filter(**found).order_by("-created_at")
    return mine.first() or Connection.objects.create(**found, state=Connection.State.ACTIVE)
