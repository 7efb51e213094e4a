"""The control surface, and the bank as a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from providers.simulator.process import ROOT, SandboxBank, SandboxBankError
from tests.providers.simulator.conftest import REDIRECT_URI, OAuthClient


def test_a_customer_may_revoke_at_the_bank(client: OAuthClient) -> None:
    ana, ben = client.connect(), client.connect("ben")
    assert client.bank.control("revoke", {"customer": "ana"}) == {"revoked": 1}
    assert client.get("customer", ana["access_token"]).status_code == 401
    assert client.refresh(ana["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.get("customer", ben["access_token"]).status_code == 200


def test_expired_access_tokens_can_be_refreshed(client: OAuthClient) -> None:
    tokens = client.connect()
    client.bank.control("expire-access-tokens")
    assert client.get("customer", tokens["access_token"]).status_code == 401
    renewed = client.refresh(tokens["refresh_token"]).json()
    assert client.get("customer", renewed["access_token"]).status_code == 200


def test_the_consent_runs_out_after_180_days(client: OAuthClient) -> None:
    tokens = client.connect()
    client.bank.control("advance", {"days": 179})
    assert client.get("customer", tokens["access_token"]).status_code == 200
    client.bank.control("advance", {"days": 1})
    assert client.get("customer", tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_the_log_counts_calls_and_holds_no_query(client: OAuthClient) -> None:
    token = client.connect()["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    client.get(f"accounts/{checking}/transactions", token, limit=1)
    log = client.bank.control("log")
    assert log["counts"] == {"authorize": 1, "token": 1, "accounts": 1, "transactions": 1}
    assert [call["status"] for call in log["calls"]] == [303, 200, 200, 200]
    assert log["calls"][-1]["path"] == f"/api/v1/accounts/{checking}/transactions"
    assert "limit" not in str(log)


def test_reset_forgets_grants_faults_and_calls(client: OAuthClient) -> None:
    tokens = client.connect()
    client.bank.control("faults", {"target": "any", "mode": "status_500", "times": 9})
    client.bank.control("reset")
    assert client.bank.control("log") == {"counts": {}, "calls": []}
    assert client.get("customer", tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_control_needs_its_token(client: OAuthClient) -> None:
    for headers in ({}, {"X-Control-Token": "wrong"}):
        response = client.http.get("/control/truth", headers=headers)
        assert (response.status_code, response.json()["error"]["code"]) == (403, "forbidden")


def test_the_truth_about_nobody_is_not_known(client: OAuthClient) -> None:
    with pytest.raises(SandboxBankError, match="unknown_customer"):
        client.bank.control("truth?customer=nobody")


@pytest.mark.parametrize("days", [0, -1, 10_000, "x"])
def test_the_clock_moves_only_forward_and_not_too_far(client: OAuthClient, days: int | str) -> None:
    with pytest.raises(SandboxBankError, match="invalid_request"):
        client.bank.control("advance", {"days": days})


def test_unknown_addresses_answer_in_kind(client: OAuthClient) -> None:
    assert client.http.get("/api/v1/nothing").json()["error"]["code"] == "not_found"
    page = client.http.get("/nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")
    assert client.http.post("/api/v1/accounts").status_code == 405


def test_the_first_page_explains_itself(client: OAuthClient) -> None:
    page = client.http.get("/")
    assert "simulator" in page.text
    assert client.http.get("/simulator.css").headers["Content-Type"].startswith("text/css")


def command(*options: str) -> "subprocess.Popen[str]":
    arguments = [sys.executable, str(ROOT / "manage.py"), "simulator", "--port=0", *options]
    environment = {name: value for name, value in os.environ.items() if name != "SANDBOX_CONTROL_TOKEN"}
    return subprocess.Popen(
        arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_bank_without_a_word(number: int) -> None:
    with command() as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("Sandbox Bank on ").strip()
        assert httpx.get(f"{url}/control/log", headers={"X-Control-Token": ""}).status_code == 404
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_the_bank_does_not_outlive_whoever_started_it() -> None:
    with SandboxBank.start(redirect_uri=REDIRECT_URI) as bank:
        assert bank.process.stdin
        bank.process.stdin.close()
        assert bank.process.wait(timeout=20) == 0


def test_a_call_left_hanging_does_not_hold_the_bank_up() -> None:
    with command("--control-token=let-me", f"--redirect-uri={REDIRECT_URI}") as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("Sandbox Bank on ").strip()
        fault = {"target": "any", "mode": "hang"}
        httpx.post(f"{url}/control/faults", json=fault, headers={"X-Control-Token": "let-me"})
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as line:
            line.sendall(b"GET /api/v1/accounts HTTP/1.1\r\nHost: bank\r\n\r\n")
            httpx.get(
                f"{url}/control/log", headers={"X-Control-Token": "let-me"}
            )  # by now the other call is in
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


def test_a_state_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "shopping.json"
    state.write_text('["milk"]')
    with command(f"--state={state}") as process:
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output == ""
    assert "is not a state file of the Sandbox Bank" in errors
    assert "Traceback" not in errors
    assert state.read_text() == '["milk"]'
