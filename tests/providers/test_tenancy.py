"""Tenancy: no person reads or changes another's data, over any documented operation."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import model_to_dict
from django.utils import timezone

from accounts.models import ApiKey, DataExport, Identity, Invitation, Passkey, Session, User
from dashtam.api.openapi import _schema
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection
from providers.imports.models import FileImport
from providers.ledger.models import FinancialAccount, Transaction
from providers.ledger.observations.models import Question
from providers.simulator.process import SandboxBank
from tests.accounts.conftest import Api
from tests.jobs import run_queued
from tests.providers.connections.linking import connect
from tests.providers.test_leaving import signed_in
from tests.rules import ROOT

OTHER_ID = "00000000-0000-7000-8000-000000000007"
STATEMENT = (ROOT / "tests" / "providers" / "formats" / "ofx" / "files" / "us_checking.qfx").read_bytes()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Every documented operation that needs a credential: method, path below /api/v1/, description."""
    return [
        (method.upper(), path.removeprefix("/api/v1/"), described)
        for path, methods in _schema()["paths"].items()
        for method, described in methods.items()
        if described["security"]
    ]


async def imported(api: Api, **fields: str) -> Any:
    data = {"file": SimpleUploadedFile("march.qfx", STATEMENT), **fields}
    headers = {"authorization": f"Bearer {api.token}"}
    return await api.client.post("/api/v1/imports", data, headers=headers)


async def belongings(api: Api, user: User, bank: SandboxBank) -> dict[str, str]:
    """One row of each kind that a URL can name, by the start of that URL."""
    connection = await connect(user, bank)
    assert (await imported(api)).status_code == 201
    assert (await api.get("auth/me/export")).status_code == 202
    await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"]})
    await Passkey.objects.acreate(user=user, name="Phone", credential_id=str(user.id), public_key="x")
    await Identity.objects.acreate(user=user, issuer="https://id.example.org", subject=str(user.id))
    week = timezone.now() + timedelta(days=7)
    await Invitation.objects.acreate(invited_by=user, email="guest@example.org", expires_at=week)
    await run_db(run_queued)
    account = await FinancialAccount.objects.filter(user=user).afirst()
    assert account is not None
    sides = {"left": account.id, "right": account.id}
    await Question.objects.acreate(account=account, kind=Question.Kind.VANISHED, why="it looks odd", **sides)
    ids = {
        "accounts": await _first(FinancialAccount, user=user),
        "reviews": await _first(Question, account__user=user),
        "transactions": await _first(Transaction, user=user),
        "imports": await _first(FileImport, user=user),
        "auth/sessions": await _first(Session, user=user),
        "auth/api-keys": await _first(ApiKey, user=user),
        "auth/mfa/passkeys": await _first(Passkey, user=user),
        "auth/identities": await _first(Identity, user=user),
        "auth/invitations": await _first(Invitation, invited_by=user),
        "auth/me/exports": await _first(DataExport, user=user),
    }
    table = b"Date,Text,Amount (EUR)\n2026-05-14,Cafe,-4.50\n"
    waiting, _ = await wiring.preview_service().begin(user_id=user.id, filename="may.csv", data=table)
    named = {name: str(found) for name, found in ids.items()}
    return named | {"connections": str(connection.id), "previews": str(waiting.id)}


def thing_of(path: str, things: dict[str, str]) -> str:
    """The thing of hers that a path names."""
    kind = "previews" if path.endswith(("/preview", "/confirm")) else path.partition("/{")[0]
    assert kind in things, f"{path} needs something of hers above"
    return things[kind]


async def _first(model: Any, **whose: Any) -> Any:
    return await model.objects.filter(**whose).values_list("pk", flat=True).afirst()


async def test_h2_whatever_names_something_of_hers_is_not_found_by_him(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    hers, his = await signed_in(ana), await signed_in(ben)
    things = await belongings(hers, ana, bank)
    naming = [each for each in operations() if "{" in each[1]]
    before = await run_db(_state, ana)
    for method, path, described in naming:
        url = path.replace("{id}", thing_of(path, things))
        body: dict[str, Any] | None = {} if "requestBody" in described else None
        refused = await his.call(method, url, body)
        of_staff = path.startswith("auth/invitations")  # he may ask for none at all
        assert refused.status_code == (403 if of_staff else 404), (method, path)
        nothing = await his.call(method, path.replace("{id}", str(uuid4())), body)
        told = {**refused.json(), "request_id": ""}
        assert told == {**nothing.json(), "request_id": ""}, "as if it were not there"
    assert await run_db(_state, ana) == before
    for method, path, _ in naming:
        if method == "GET":
            url = path.replace("{id}", thing_of(path, things))
            assert (await hers.get(url)).status_code == 200, "or his 404 would prove nothing"
    assert len(naming) >= 14


def _state(user: User) -> list[Any]:
    """The rows that another person's request might have changed."""
    connection = Connection.objects.get(user=user, provider="sandbox")
    return [
        model_to_dict(connection),
        connection.sync_runs.count(),
        list(Session.objects.filter(user=user).values_list("revoked_at")),
        list(ApiKey.objects.filter(user=user).values_list("revoked_at")),
        list(DataExport.objects.filter(user=user).values_list("taken_at")),
        list(Transaction.objects.filter(user=user).order_by("id").values_list("id", "note", "category")),
        list(FinancialAccount.objects.filter(user=user).order_by("id").values()),
        list(FileImport.objects.filter(user=user).values_list("id", "state")),
    ]


async def test_h2_no_list_shows_him_anything_of_hers(ana: User, ben: User, bank: SandboxBank) -> None:
    hers, his = await signed_in(ana), await signed_in(ben)
    things = await belongings(hers, ana, bank)
    telling = [ana.email, str(ana.id), *things.values()]
    for method, path, _ in operations():
        if method == "GET" and "{" not in path and path not in {"auth/me/export", "auth/invitations"}:
            cursors = [(await hers.get(f"{path}?limit=1")).json().get("next_cursor")]
            for query in ("", *(f"?limit=1&cursor={cursor}" for cursor in cursors if cursor)):
                answer = await his.get(f"{path}{query}")
                assert answer.status_code == 200, (path, answer.content)
                assert [each for each in telling if each in answer.content.decode()] == [], path
    export = (await his.get("auth/me/export")).json()
    assert export["id"] != things["auth/me/exports"]


async def test_h2_he_cannot_bring_a_file_into_her_account(ana: User, ben: User, bank: SandboxBank) -> None:
    hers, his = await signed_in(ana), await signed_in(ben)
    things = await belongings(hers, ana, bank)
    before = await Transaction.objects.filter(user=ana).acount()
    refused = await imported(his, account_id=things["accounts"])
    assert refused.status_code == 404
    assert await Transaction.objects.filter(user=ana).acount() == before
    assert not await Transaction.objects.filter(user=ben).aexists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", OTHER_ID),
        ("pk", OTHER_ID),
        ("user_id", OTHER_ID),
        ("email", "other@example.org"),
        ("email_verified_at", "2020-01-01T00:00:00Z"),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("deletion_due_at", "2020-01-01T00:00:00Z"),
        ("mail_stopped", True),
        ("password", "x"),
        ("is_staff", True),
        ("is_superuser", True),
        ("is_active", False),
        ("groups", [1]),
        ("user_permissions", [1]),
        ("last_login", "2020-01-01T00:00:00Z"),
    ],
)
async def test_h3_what_is_read_only_in_a_profile_stays(ana: User, field: str, value: object) -> None:
    api = await signed_in(ana)
    before = await run_db(_row_of, ana)
    answer = await api.call("PATCH", "auth/me", {field: value})
    assert answer.status_code in {200, 400}
    assert await run_db(_row_of, ana) == before


def _row_of(user: User) -> dict[str, Any]:
    return dict(User.objects.filter(id=user.id).values().get())


def test_h3_every_field_of_a_profile_is_either_writable_or_tried_above() -> None:
    schemas = _schema()["components"]["schemas"]
    writable = set(schemas["PatchedProfileChangeRequest"]["properties"])
    tried = {"id", "email", "email_verified_at", "created_at", "deletion_due_at", "mail_stopped"}
    assert set(schemas["Profile"]["properties"]) == writable | tried


async def test_h3_nobody_signs_up_as_more_than_a_person(db: None) -> None:
    more = {"is_staff": True, "is_superuser": True, "email_verified_at": "2020-01-01T00:00:00Z"}
    body = {"email": "new@example.org", "password": "a quiet river at dawn", "name": "New"}
    assert (await Api().post("auth/users", body | more)).status_code in {202, 400}
    async for user in User.objects.all():
        assert (user.is_staff, user.is_superuser, user.email_verified_at) == (False, False, None)


async def test_h3_what_a_new_key_may_not_say_of_itself_is_ignored_or_refused(ana: User, ben: User) -> None:
    api = await signed_in(ana)
    wanted = {"name": "Script", "scopes": ["read"]}
    more = {
        "user_id": str(ben.id),
        "user": str(ben.id),
        "key": "dsh_mine",
        "key_hash": "x",
        "hint": "mine",
        "expires_at": "2099-01-01T00:00:00Z",
        "created_at": "2099-01-01T00:00:00Z",
        "last_used_at": "2099-01-01T00:00:00Z",
        "revoked_at": None,
    }
    made = await api.post("auth/api-keys", wanted | more)
    assert made.status_code in {201, 400}
    assert not await ApiKey.objects.filter(user=ben).aexists()
    async for key in ApiKey.objects.all():
        assert key.expires_at.year < 2099
        assert key.created_at.year < 2099
        assert key.last_used_at is None
        assert made.json()["key"] != "dsh_mine"


async def test_h3_a_new_connection_belongs_to_whoever_asks_and_waits_for_consent(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    api = await signed_in(ana)
    more = {
        "user_id": str(ben.id),
        "state": "active",
        "id": str(uuid4()),
        "provider_subject": "ben",
        "authorization_url": "https://evil.example/",
        "redirect_uri": "https://evil.example/",
    }
    made = await api.post("connections", {"provider": "sandbox", **more})
    assert made.status_code in {201, 400}
    assert "evil" not in made.content.decode()
    assert not await Connection.objects.filter(user=ben).aexists()
    async for connection in Connection.objects.all():
        assert (connection.state, connection.provider_subject) == ("pending", "")
        assert str(connection.id) != more["id"]


async def test_h3_an_import_belongs_to_whoever_brings_it(ana: User, ben: User) -> None:
    api = await signed_in(ana)
    made = await imported(api, user_id=str(ben.id), state="failed", balance="1000000", added="999")
    assert made.status_code in {201, 400}
    assert not await FileImport.objects.filter(user=ben).aexists()
    assert not await FinancialAccount.objects.filter(balance_current=1_000_000).aexists()
