"""The authorization endpoint: which requests it accepts, its consent page, and its redirects."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.providers.simulator.conftest import REDIRECT_URI, OAuthClient, answer


def form_of(client: OAuthClient) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(client.authorization_url()).query))


def test_approving_sends_a_code_with_state_and_issuer(client: OAuthClient) -> None:
    location = client.bank.decide(client.authorization_url())
    assert location.startswith(f"{REDIRECT_URI}?")
    reply = answer(location)
    assert reply["code"]
    assert (reply["state"], reply["iss"]) == ("st&te=1", client.bank.url)


def test_a_denied_consent_comes_back_as_access_denied(client: OAuthClient) -> None:
    reply = answer(client.bank.decide(client.authorization_url(), decision="deny"))
    assert (reply["error"], reply["state"], reply["iss"]) == ("access_denied", "st&te=1", client.bank.url)
    assert "code" not in reply


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:9/callback/",
        "http://127.0.0.1:9/callback?x=1",
        "http://127.0.0.1:10/callback",
        "http://localhost:9/callback",
        "https://evil.example/callback",
        None,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_redirect_uri_never_redirects(client: OAuthClient, uri: str | None, method: str) -> None:
    url = urlsplit(client.authorization_url(redirect_uri=uri))
    data = {**dict(parse_qsl(url.query)), "decision": "approve"} if method == "POST" else None
    response = client.http.request(method, url.path, params=None if data else url.query, data=data)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "evil.example" not in response.text


def test_an_unknown_client_never_redirects(client: OAuthClient) -> None:
    response = client.http.get(client.authorization_url(client_id="somebody"))
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "too-short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "accounts payments"}, "invalid_scope"),
    ],
)
def test_other_mistakes_are_told_to_the_client(
    client: OAuthClient, changes: dict[str, str | None], error: str
) -> None:
    response = client.http.get(client.authorization_url(**changes))
    assert response.status_code == 303
    reply = answer(response.headers["Location"])
    assert (reply["error"], reply["state"], reply["iss"]) == (error, "st&te=1", client.bank.url)


def test_a_parameter_may_not_come_twice(client: OAuthClient) -> None:
    response = client.http.get(client.authorization_url() + "&scope=accounts")
    assert answer(response.headers["Location"])["error"] == "invalid_request"


def test_the_consent_page_names_accounts_permissions_and_end(client: OAuthClient) -> None:
    page = client.http.get(client.authorization_url()).text
    for words in ("Dashtam", "Everyday", "4417", "Transactions, pending and posted", "September 14, 2026"):
        assert words in page
    assert "<script" not in page
    assert 'style="' not in page


def test_the_consent_page_asks_only_for_what_the_client_wants(client: OAuthClient) -> None:
    page = client.http.get(client.authorization_url(scope="accounts balances")).text
    assert "Balances" in page
    assert "Transactions, pending" not in page


def test_the_page_lets_the_form_reach_the_client_and_nobody_else(client: OAuthClient) -> None:
    policy = client.http.get(client.authorization_url()).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert re.search(r"form-action 'self' http://127\.0\.0\.1:9;", policy)


def test_another_customer_can_sign_in(client: OAuthClient) -> None:
    assert "Euro pot" in client.http.get(client.authorization_url(customer="ben")).text


def test_only_the_accounts_that_were_ticked_are_shared(client: OAuthClient) -> None:
    page = client.http.get(client.authorization_url()).text
    first = re.findall(r'name="account" value="(\w+)"', page)[0]
    form = form_of(client) | {"customer": "ana", "decision": "approve", "choose": "1", "account": first}
    reply = answer(client.http.post("/oauth/authorize", data=form).headers["Location"])
    token = client.redeem(reply["code"]).json()["access_token"]
    assert [account["id"] for account in client.accounts(token).values()] == [first]


def test_sharing_no_account_is_asked_about_again(client: OAuthClient) -> None:
    form = form_of(client) | {"customer": "ana", "decision": "approve", "choose": "1"}
    response = client.http.post("/oauth/authorize", data=form)
    assert response.status_code == 400
    assert "Choose at least one account" in response.text


def test_the_metadata_says_what_the_server_does(client: OAuthClient) -> None:
    metadata = client.http.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == client.bank.url
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert metadata[name].startswith(client.bank.url)
