"""`manage.py release_second_factors`: removes all of a person's second factors, in two runs three days apart."""

from argparse import ArgumentParser
from typing import Any

from asgiref.sync import async_to_sync  # noqa: TID251 a command
from django.core.management.base import BaseCommand, CommandError

from accounts import wiring
from accounts.models import SecondFactors, Session, User
from accounts.models.audit import NOBODY
from accounts.models.second_factors.release import release
from dashtam.jobs.background import defer


class Command(BaseCommand):
    """Begins a release, or completes it. Make sure of the person first: afterwards their password alone signs in."""

    help = "Remove the second factors of a person who has lost them. Run it twice, three days apart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the email address of the person."""
        parser.add_argument("email", help="the email address of the person")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin the release, or complete it."""
        user = async_to_sync(_person)(options["email"])
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


async def _person(email: str) -> User | None:
    return await wiring.auth_service().get_user_by_email(email=email)
