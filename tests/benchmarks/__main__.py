"""`make bench`: own servers, every measure beside its yardstick, in one run."""

import os
import sys

from dashtam import local


def main() -> int:
    """Run all rows; the exit status says whether all hold."""
    local.load_secrets(generate=True)
    local.start_servers()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashtam.settings")
    import django

    django.setup()
    from tests.benchmarks import crypto, report, storm
    from tests.stack import Stack

    rows = crypto.measure()
    with Stack() as stack:
        email, token = stack.sign_up()
        stack.connect(email, token)
        stack.synced(token)
        rows += storm.measure(stack, email, token)
    report.publish(rows, local.home())
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
