"""A typed client, generated from the OpenAPI document alone, does a person's work on a real server."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.stack import PASSWORD, Stack

# The tool knows no ZIP files: for a client they are bytes.
CONFIG = "content_type_overrides:\n  application/zip: application/octet-stream\n"


@pytest.fixture(scope="module")
def generated(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Imports modules of the client by name; generating it must raise no warning."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yaml").write_text(CONFIG)
    with stack.api() as api:
        (folder / "openapi.json").write_bytes(api.get("openapi.json").content)
    binaries = Path(sys.executable).parent
    command = [
        *(
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--path",
            "openapi.json",
            "--meta",
            "none",
        ),
        *("--output-path", "dashtam_client", "--config", "config.yaml", "--fail-on-warning"),
    ]
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"dashtam_client.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "dashtam_client"]:
            del sys.modules[name]


def caller(stack: Stack, generated: Any, token: str = "") -> Any:
    """A client of that package, to be closed by `with`."""
    client, options = generated("client"), {"trust_env": False}
    if not token:
        return client.Client(base_url=stack.origin, httpx_args=options)
    return client.AuthenticatedClient(base_url=stack.origin, token=token, httpx_args=options)


def test_t10_a_generated_client_signs_in_and_reads(stack: Stack, generated: Any) -> None:
    email, token = stack.sign_up("Gus")
    stack.connect(email, token)
    stack.synced(token)
    models = generated("models")
    credentials = models.CredentialsRequest(email=email, password=PASSWORD)
    with caller(stack, generated) as stranger:
        pair = generated("api.tokens.log_in").sync(client=stranger, body=credentials)
    assert isinstance(pair, models.TokenPair)
    list_transactions = generated("api.transactions.list_transactions").sync
    with caller(stack, generated, pair.access_token) as person:
        accounts = generated("api.accounts.list_accounts").sync(client=person)
        assert isinstance(accounts, models.AccountList)
        assert len(accounts.results) == 5
        assert all(Decimal(account.balances.current).is_finite() for account in accounts.results)
        rows = list_transactions(client=person, limit=3)
        assert len(rows.results) == 3
        more = list_transactions(client=person, cursor=rows.next_cursor)
        assert not {row.id for row in rows.results} & {row.id for row in more.results}


def test_t10_a_generated_client_repeats_what_it_is_not_sure_of(stack: Stack, generated: Any) -> None:
    _, token = stack.sign_up("Gil")
    models = generated("models")
    begin = generated("api.connections.create_connection").sync_detailed
    read = generated("api.connections.get_connection").sync_detailed
    wanted = models.NewConnectionRequest(provider="sandbox")
    with caller(stack, generated, token) as person:
        first, again = (begin(client=person, body=wanted, idempotency_key="once") for _ in range(2))
        assert first.parsed.id == again.parsed.id
        assert first.headers["location"] == f"/api/v1/connections/{first.parsed.id}"
        assert again.headers["idempotency-replayed"] == "true"
        refused = begin(client=person, body=models.NewConnectionRequest(provider="nobody"))
        assert isinstance(refused.parsed, models.Problem)
        assert refused.parsed.code == "unknown_provider"
        found = read(id=first.parsed.id, client=person)
        same = read(id=first.parsed.id, client=person, if_none_match=found.headers["etag"])
        assert (same.status_code, same.content) == (304, b"")
