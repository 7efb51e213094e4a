"""OpenID Connect: signing in through a provider that whoever runs this Dashtam has chosen."""
