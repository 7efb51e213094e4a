"""`manage.py doctor`: says what is wrong with this installation, and what to do."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashtam.crypto.fingerprints import KeyFingerprint
from dashtam.doctor.checkup import Finding, examine


class Command(BaseCommand):
    """Examines the installation without changing it; --accept-keys stores the fingerprints of new keys."""

    help = (
        "Check keys, configuration, database, cache, worker, mail and files, and say what to do about each fault."
        " Exit code 1 if there is any."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="open every sealed secret, not a sample of them"
        )
        parser.add_argument(
            "--accept-keys",
            action="store_true",
            help="take the configured keys for the right ones from now on",
        )

    def handle(self, *args: Any, full: bool = False, accept_keys: bool = False, **options: Any) -> None:
        """Raises CommandError, which is exit code 1, if something is wrong."""
        logging.getLogger("dashtam").setLevel(logging.ERROR)  # findings are printed below, once
        if accept_keys:
            KeyFingerprint.objects.accept()
        wrong = 0
        for subject, findings in examine(full=full):
            troubles = [finding for finding in findings if finding.trouble]
            wrong += len(troubles)
            self.stdout.write(f"{subject.capitalize():16}{self._word(findings, troubles)}")
            for finding in findings:
                self.stdout.write(f"  {'!' if finding.trouble else '·'} {finding.text}")
        if wrong:
            raise CommandError(
                f"{wrong} things need attention." if wrong > 1 else "One thing needs attention."
            )

    def _word(self, findings: list[Finding], troubles: list[Finding]) -> str:
        if troubles:
            return self.style.ERROR("needs attention")
        return "see below" if findings else self.style.SUCCESS("ok")
