"""Runs the checks of the vendors that link through pages: `python -m tests.specs.vendors FOLDER`."""

import asyncio
import os
import sys
from pathlib import Path

import django
from django.conf import settings


def main(folder: Path) -> int:
    """Print a line for each document and sample. Returns how many are wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    django.setup()
    settings.REDIS_URL, settings.PROVIDER_REST_SECONDS = "redis://127.0.0.1:9/0", 0  # no cache is needed
    settings.PRIVATE_HOSTS = ["127.0.0.1"]
    from providers.simulator.process import SandboxBank
    from tests.specs import enable_banking, plaid, snaptrade

    failed = 0
    with SandboxBank.start(redirect_uri="http://127.0.0.1:9/callback") as bank:
        for vendor in (plaid, enable_banking, snaptrade):
            found = asyncio.run(vendor.document(folder, bank))
            failed += _tell(vendor.DOCUMENT, "all requests and answers", found)
            bank.control("reset")
            for name, what, wrong in vendor.samples(folder):
                failed += _tell(name, what, wrong)
    return failed


def _tell(name: str, what: str, wrong: list[str]) -> bool:
    print(f"{'WRONG' if wrong else 'ok   '} {name}: {what}")
    for line in wrong[:10]:
        print(f"      {line}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
