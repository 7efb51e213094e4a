"""OAuth 2.0 authorization servers, as data."""

from dataclasses import dataclass, field
from typing import Literal

ClientAuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"]


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """One authorization server; the names are those of RFC 8414."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    pkce: bool = True  # RFC 7636; off for a server that refuses the parameter
    sends_issuer: bool = False  # RFC 9207: the callback must then carry `iss`
    token_endpoint_auth_method: ClientAuthMethod = "client_secret_basic"  # noqa: S105
    client_key: str = field(default="", repr=False)  # PEM, for private_key_jwt (RFC 7523)
    client_key_id: str = ""  # the `kid` that the server knows the key by
    client_certificate: str = ""  # file with certificate and key, for tls_client_auth (RFC 8705)
    pushed_authorization_request_endpoint: str | None = None  # RFC 9126
    dpop_key: str = field(default="", repr=False)  # PEM: tokens are bound to it (RFC 9449)
    consent_lifetime_days: int | None = None  # where the token response does not say when the consent ends
    # A new consent renews the grant there is: revoking the tokens of before would end the new ones too (RFC 7009 §2.1).
    one_grant_per_person: bool = False
