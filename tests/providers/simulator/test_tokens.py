"""The token and revocation endpoints."""

import httpx
import pytest

from tests.providers.simulator.conftest import SCOPE, OAuthClient


def assert_refused(response: httpx.Response, error: str, status: int = 400) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["Cache-Control"] == "no-store"


def test_a_code_becomes_tokens_that_open_the_api(client: OAuthClient) -> None:
    response = client.redeem(client.code())
    tokens = response.json()
    assert response.headers["Cache-Control"] == "no-store"
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 300, SCOPE)
    assert 179 * 86_400 < tokens["refresh_expires_in"] <= 180 * 86_400
    assert tokens["consent_expires_at"].startswith("2026-09-14T")
    assert client.get("customer", tokens["access_token"]).json() == {"id": "ana", "name": "Ana Castellanos"}


def test_the_client_may_authenticate_in_the_form(client: OAuthClient) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": client.connect()["refresh_token"],
        "client_id": client.bank.client_id,
        "client_secret": client.bank.client_secret,
    }
    assert client.http.post("/oauth/token", data=form).status_code == 200
    both = client.http.post(
        "/oauth/token", data=form, auth=(client.bank.client_id, client.bank.client_secret)
    )
    assert_refused(both, "invalid_request")


def test_a_wrong_secret_is_an_invalid_client(client: OAuthClient) -> None:
    response = client.http.post(
        "/oauth/token", data={"grant_type": "x"}, auth=(client.bank.client_id, "wrong")
    )
    assert_refused(response, "invalid_client", 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_the_wrong_verifier_is_refused_and_burns_the_code(client: OAuthClient) -> None:
    code = client.code()
    assert_refused(client.redeem(code, code_verifier="x" * 43), "invalid_grant")
    assert_refused(client.redeem(code), "invalid_grant")


def test_a_missing_verifier_is_an_invalid_request(client: OAuthClient) -> None:
    assert_refused(client.redeem(client.code(), code_verifier=""), "invalid_request")


def test_another_redirect_uri_is_refused(client: OAuthClient) -> None:
    assert_refused(client.redeem(client.code(), redirect_uri="http://127.0.0.1:9/other"), "invalid_grant")


def test_a_replayed_code_revokes_what_it_gave(client: OAuthClient) -> None:
    code = client.code()
    tokens = client.redeem(code).json()
    assert_refused(client.redeem(code), "invalid_grant")
    assert client.get("customer", tokens["access_token"]).status_code == 401
    assert_refused(client.refresh(tokens["refresh_token"]), "invalid_grant")


def test_refreshing_rotates_the_refresh_token(client: OAuthClient) -> None:
    tokens = client.connect()
    renewed = client.refresh(tokens["refresh_token"]).json()
    assert renewed["refresh_token"] != tokens["refresh_token"]
    assert client.get("customer", renewed["access_token"]).status_code == 200
    assert client.refresh(renewed["refresh_token"]).status_code == 200


def test_reusing_a_rotated_refresh_token_kills_the_family(client: OAuthClient) -> None:
    tokens = client.connect()
    renewed = client.refresh(tokens["refresh_token"]).json()
    assert_refused(client.refresh(tokens["refresh_token"]), "invalid_grant")
    assert_refused(client.refresh(renewed["refresh_token"]), "invalid_grant")
    assert client.get("customer", renewed["access_token"]).status_code == 401


def test_a_refresh_may_narrow_the_scope_but_not_widen_it(client: OAuthClient) -> None:
    tokens = client.connect(scope="accounts balances")
    assert_refused(client.refresh(tokens["refresh_token"], scope=SCOPE), "invalid_scope")
    narrowed = client.refresh(tokens["refresh_token"], scope="accounts").json()
    assert narrowed["scope"] == "accounts"


def test_a_token_without_the_scope_is_told_which_one_it_lacks(client: OAuthClient) -> None:
    token = client.connect(scope="accounts")["access_token"]
    checking = client.accounts(token)["CHECKING"]["id"]
    response = client.get(f"accounts/{checking}/transactions", token)
    assert response.status_code == 403
    assert 'error="insufficient_scope", scope="transactions"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "unknown"}, "invalid_request"),
    ],
)
def test_bad_token_requests_get_the_standard_errors(
    client: OAuthClient, form: dict[str, str], error: str
) -> None:
    assert_refused(client.token(**form), error)


def test_a_token_request_must_be_a_form(client: OAuthClient) -> None:
    auth = (client.bank.client_id, client.bank.client_secret)
    assert_refused(client.http.post("/oauth/token", json={}, auth=auth), "invalid_request")
    assert client.http.get("/oauth/token").status_code == 405


def test_revoking_the_refresh_token_ends_the_grant(client: OAuthClient) -> None:
    tokens = client.connect()
    auth = (client.bank.client_id, client.bank.client_secret)
    for token in (tokens["refresh_token"], tokens["refresh_token"], "never-issued"):
        assert client.http.post("/oauth/revoke", data={"token": token}, auth=auth).status_code == 200
    assert client.get("customer", tokens["access_token"]).status_code == 401
    assert_refused(client.refresh(tokens["refresh_token"]), "invalid_grant")


def test_revoking_an_access_token_leaves_the_grant(client: OAuthClient) -> None:
    tokens = client.connect()
    auth = (client.bank.client_id, client.bank.client_secret)
    client.http.post("/oauth/revoke", data={"token": tokens["access_token"]}, auth=auth)
    assert client.get("customer", tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_strangers_cannot_revoke(client: OAuthClient) -> None:
    tokens = client.connect()
    response = client.http.post("/oauth/revoke", data={"token": tokens["refresh_token"]}, auth=("x", "y"))
    assert_refused(response, "invalid_client", 401)
    assert client.get("customer", tokens["access_token"]).status_code == 200


def test_bearer_challenges_follow_the_rfc(client: OAuthClient) -> None:
    unknown = client.get("accounts", "unknown")
    assert unknown.status_code == 401
    assert 'error="invalid_token"' in unknown.headers["WWW-Authenticate"]
    assert unknown.json()["error"]["code"] == "invalid_token"
    anonymous = client.http.get("/api/v1/accounts")
    assert anonymous.status_code == 401
    assert "error=" not in anonymous.headers["WWW-Authenticate"]
    assert unknown.headers["X-Request-Id"] != anonymous.headers["X-Request-Id"]
