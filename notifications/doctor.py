"""Mail: the doctor checks that it can leave, and that it does."""

import os
import re
import smtplib
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import get_connection
from django.utils import timezone

from dashtam.doctor.checkup import Finding, counted, examines
from notifications.models import Email

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


@examines("mail")
def mail(*, full: bool) -> Iterator[Finding]:
    """There must be a way out and a sender, and no mail that failed or waits for long."""
    if settings.EMAIL_PROVIDER == "outbox":
        yield from _outbox(Path(settings.OUTBOX))
    else:
        yield from _sender()
    if settings.EMAIL_PROVIDER == "smtp":
        yield from _mail_server()
    elif settings.EMAIL_PROVIDER == "ses" and not REGION.fullmatch(settings.AWS_REGION):
        yield Finding("AWS_REGION is no region such as eu-central-1: set it to the one whose SES you use.")
    if any(not ADDRESS.fullmatch(address) for _, address in settings.ADMINS):
        yield Finding("ADMIN_EMAILS holds what is no email address: correct it, with commas between several.")
    now = timezone.now()
    failed = Email.objects.filter(state=Email.State.FAILED, created_at__gt=now - timedelta(days=7)).count()
    if failed:
        what = counted(failed, "One mail", "{} mails")
        yield Finding(f"{what} of the last week could not be sent: the list of mails in the admin says why.")
    waiting = Email.objects.filter(state=Email.State.QUEUED, created_at__lt=now - timedelta(hours=1)).count()
    if waiting:
        what = counted(waiting, "One mail has", "{} mails have")
        yield Finding(
            f"{what} been waiting for over an hour: check that the worker runs and that the mail service answers."
        )


def _sender() -> Iterator[Finding]:
    if not ADDRESS.fullmatch(parseaddr(settings.DEFAULT_FROM_EMAIL)[1]):
        yield Finding('EMAIL_FROM is no sender such as "Dashtam <dashtam@example.org>": correct it.')
    elif parseaddr(settings.DEFAULT_FROM_EMAIL)[1].endswith("localdomain"):
        takes = (
            "Amazon SES has verified" if settings.EMAIL_PROVIDER == "ses" else "your mail server sends for"
        )
        yield Finding(f"EMAIL_FROM is not an address of yours: set it to one that {takes}.")


def _mail_server() -> Iterator[Finding]:
    """Connect and sign in as a mail would, with Django's own client: a command waits for nothing else."""
    if settings.SMTP_CA_FILE and not Path(settings.SMTP_CA_FILE).is_file():
        yield Finding(f"SMTP_CA_FILE, {settings.SMTP_CA_FILE}, is not there: correct its name.")
        return
    where = f"{settings.SMTP_HOST}:{settings.SMTP_PORT}"
    server = get_connection()
    try:
        server.open()
    except smtplib.SMTPAuthenticationError:
        yield Finding(f"{where} does not take SMTP_USERNAME and SMTP_PASSWORD: correct them.")
    except ssl.SSLError:
        yield Finding(
            f"{where} shows a certificate that is not trusted, or speaks no TLS: check SMTP_SECURITY and"
            " SMTP_HOST, and name the file of its authority in SMTP_CA_FILE if it is one of your own."
        )
    except smtplib.SMTPNotSupportedError:
        yield Finding(f"{where} offers no STARTTLS or no sign-in: check SMTP_SECURITY and SMTP_PORT.")
    except (smtplib.SMTPException, OSError) as error:
        yield Finding(
            f"No mail server answers at {where} ({type(error).__name__}): check SMTP_HOST, SMTP_PORT and"
            " SMTP_SECURITY, and that it runs."
        )
    finally:
        server.close()


def _outbox(folder: Path) -> Iterator[Finding]:
    if settings.PUBLIC_URL.startswith("https:"):
        text = (
            "EMAIL_PROVIDER is `outbox`: mails are kept as files here and reach nobody. Set it to `smtp` or"
            " `ses` if other people use this Dashtam."
        )
        yield Finding(text, trouble=False)
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding(f"Mails cannot be written to {folder}: give the folder to the user that runs Dashtam.")
