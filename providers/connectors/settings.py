"""A provider's settings: environment variables that begin with its slug, such as SANDBOX_CLIENT_ID.

A connector declares their names and defaults in `setting_defaults`. They are read once, when Dashtam starts,
and checked by what their names end with: `_SECRET`, `_TOKEN` and `_API_KEY` hold no placeholder, `_CLIENT_KEY` and
`_PRIVATE_KEY` name a file with a private key (PEM), `_URL` is where this installation reaches the provider, which
may be in a private network unless it is the default.
"""

import os
from urllib.parse import urlsplit

from django.conf import settings

from dashtam.crypto import keys
from providers.connectors.base import Connector, setting_name


def load(connector: Connector) -> None:
    """Put a connector's settings among Django's. Raises ImproperlyConfigured, naming the variable."""
    for name, default in connector.setting_defaults.items():
        variable = setting_name(connector.slug, name)
        value = _checked(variable, os.environ.get(variable, default))
        setattr(settings, variable, value)
        if variable.endswith("_URL") and value != default and (host := urlsplit(value).hostname):
            settings.PRIVATE_HOSTS = [*settings.PRIVATE_HOSTS, host]


def _checked(variable: str, value: str) -> str:
    if variable.endswith(("_CLIENT_KEY", "_PRIVATE_KEY")):
        return keys.private_key(variable, value)
    if variable.endswith(("_SECRET", "_TOKEN", "_API_KEY")):
        return keys.no_placeholder(variable, value)
    return value.rstrip("/") if variable.endswith("_URL") else value
