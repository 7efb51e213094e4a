"""`manage.py verify_audit`: whether the audit log is as it was written."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit.chain import ChainBroken, Head, verify


class Command(BaseCommand):
    """Recomputes the chain from its first event. Exits with 1 and names the first event that is wrong."""

    help = "Recompute the hash chain of the audit log. Exit code 1, with the first wrong event, if it was changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            metavar="COUNT:HASH",
            help="what an earlier run printed, or a file that it wrote: finds events missing at the end",
        )
        parser.add_argument(
            "--write-head", metavar="FILE", type=Path, help="write the head here, to be kept elsewhere"
        )

    def handle(self, *args: Any, head: str | None, write_head: Path | None, **options: Any) -> None:
        """Verify the chain, print its head, and write it to a file if asked."""
        known = _read(head) if head else None
        try:
            reached = verify(known=known)
        except ChainBroken as broken:
            raise CommandError(f"The audit log has been tampered with. {broken}") from broken
        self.stdout.write(f"The audit log is whole: {reached.count} events. Head: {reached}")
        if write_head is not None:
            try:
                write_head.write_text(f"{reached}\n")
            except OSError as error:
                raise CommandError(
                    f"The head could not be written to {write_head} ({type(error).__name__})."
                ) from error


def _read(head: str) -> Head:
    """Parse a head, given as text or as the file that holds it."""
    try:
        return Head.parse(Path(head).read_text() if Path(head).is_file() else head)
    except (ValueError, OSError) as error:
        raise CommandError(f"{head!r} is neither a head nor a file that holds one.") from error
