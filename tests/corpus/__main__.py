"""`python -m tests.corpus FILE`: runs every case of an identity corpus on a database of its own."""

import os
import sys

import tests.environment  # noqa: F401 before the settings are read


def main(path: str) -> int:
    """Print a line for each case; returns 1 unless all came out as wanted."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    django.setup()
    from django.test.utils import get_runner, setup_test_environment, teardown_test_environment

    from tests.corpus.runner import cases, check

    setup_test_environment()
    runner = get_runner(django.conf.settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    failed = 0
    try:
        found = cases(path)
        for case in found:
            differences = check(case)
            failed += bool(differences)
            print("ok  " if not differences else "FAIL", case["case"], flush=True)
            for line in differences:
                print(f"       {line}")
        print(f"{len(found) - failed} of {len(found)} cases came out as wanted.")
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
