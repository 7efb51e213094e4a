"""`python -m tests.files FOLDER`: imports every file of a folder, prints a table, and writes it as JSON."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import tests.environment  # noqa: F401 before the settings are read

RESULT = Path(".dashtam/files.json")


def main(folder: str) -> int:
    """Print a line for each file; returns 1 unless all came out as the facts say."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    django.setup()
    from asgiref.sync import async_to_sync  # noqa: TID251 a command
    from django.test.utils import get_runner, setup_test_environment, teardown_test_environment

    from tests.files import runner

    root = Path(folder).resolve()
    paths = runner.files(root)
    if not paths:
        print("There is no file in this folder.")
        return 1
    setup_test_environment()
    databases_of = get_runner(django.conf.settings)(verbosity=0, interactive=False)
    databases = databases_of.setup_databases()
    try:
        found = async_to_sync(runner.outcomes)(root, paths)
    finally:
        databases_of.teardown_databases(databases)
        teardown_test_environment()
    for each in found:
        _print(each)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    wrong = [each for each in found if each.wrong]
    refused = sum(each.state == "failed" for each in found)
    print(f"{len(found)} files: {len(found) - refused} read, {refused} refused, {len(wrong)} came out wrong.")
    print(f"The whole of it is in {RESULT}.")
    return 1 if wrong else 0


def _print(each: "runner.Outcome") -> None:  # type: ignore[name-defined] # noqa: F821 imported late
    mark = "WRONG" if each.wrong else "ok"
    counts = (
        f"{each.statements:3} st {each.rows:5} rows {each.rejected:3} left out {len(each.notices):3} notices"
    )
    sums = " ".join(f"{total} {currency}" for currency, total in each.sums.items())
    print(f"{mark:5} {each.state:9} {each.format:8} {counts}  {each.file[:60]:60} {sums}")
    for text in [*([each.reason] if each.reason else ()), *each.wrong]:
        print(f"        {text[:200]}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
