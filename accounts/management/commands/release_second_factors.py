"""Takes all second factors from somebody who has lost them, in two runs three days apart."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import SecondFactors, Session, User
from accounts.models.audit import NOBODY
from accounts.models.second_factors.release import release
from accounts.models.user import normalise_email
from dashtam.jobs.background import defer


class Command(BaseCommand):
    """Make sure of the person yourself first: whoever gets in afterwards needs their password alone."""

    help = "Remove the second factors of somebody who has lost them. Run it twice, three days apart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin, or complete."""
        user = User.objects.filter(email=normalise_email(options["email"])).first()
        if user is None or not SecondFactors.enrolled(user_id=user.id):
            raise CommandError("Nobody with this address has a second factor.")
        ready_at = release(user_id=user.id)
        if ready_at is not None:
            when = f"{ready_at:%-d %b %Y, %H:%M} UTC"
            self.stdout.write(
                f"Nothing is removed yet, and they are told by mail. Run this again after {when}."
            )
            return
        ended = Session.objects.end(user_id=user.id, reason="factors_released", actor_id=NOBODY)
        defer("accounts.tasks.announce_ended_sessions", session_ids=[str(session.id) for session in ended])
        self.stdout.write("Their second factors are removed, and all their sessions have ended.")
