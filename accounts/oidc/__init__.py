"""OpenID Connect: signing in through a provider that the administrator of this installation has chosen."""
