"""`python -m tests.specs FOLDER`: every vendor's document and sample there, a line for each."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

import tests.environment
import tests.specs


def main(folder: str) -> int:
    """Print a line for each check; returns 1 if one failed, or if the folder has nothing to check."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    django.setup()
    checks = failed = 0
    for module in pkgutil.iter_modules(tests.specs.__path__):
        if module.name == "__main__":
            continue
        check = getattr(importlib.import_module(f"tests.specs.{module.name}"), "check", None)
        for outcome in check(Path(folder)) if check else ():
            checks, failed = checks + 1, failed + bool(outcome.faults)
            print("FAIL" if outcome.faults else "ok  ", outcome.name, *outcome.told, flush=True)
            for fault in outcome.faults:
                print(f"       {fault}")
    print(f"{checks - failed} of {checks} came out as their vendors say.")
    return 0 if checks and not failed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
