"""The environment of another process that works on the test's own database and bank."""

from pathlib import Path
from urllib.parse import quote

from django.db import connection as database

from dashtam.installation import local
from providers.simulator.process import SandboxBank


def home() -> Path:
    """The home of those processes: it goes with the test's database, so that no two test processes share it."""
    return local.home() / "processes" / str(database.settings_dict["NAME"])


def environment(bank: SandboxBank) -> dict[str, str]:
    where = database.settings_dict
    user, host = quote(where["USER"], safe=""), quote(where["HOST"], safe="")
    password = quote(where["PASSWORD"], safe="")
    return {
        "DATABASE_URL": f"postgresql://{user}{password and ':'}{password}@{host}/{where['NAME']}",
        "DASHTAM_HOME": str(home()),
        "DJANGO_SETTINGS_MODULE": "dashtam.settings",
        "SANDBOX_URL": bank.url,
        "SANDBOX_CLIENT_ID": bank.client_id,
        "SANDBOX_CLIENT_SECRET": bank.client_secret,
    }
