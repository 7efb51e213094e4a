"""`manage.py draw_icons`: draws the icons of the app anew, after a change of the mark."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from dashtam.ui.app_icons import SIZES, png


class Command(BaseCommand):
    """Writes the icons beside the other static files, for developers."""

    help = "Draw the icons that phones show, after a change of the mark."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Write a file for each size."""
        for size in SIZES:
            file = settings.BASE_DIR / "dashtam" / "static" / "dashtam" / f"icon-{size}.png"
            file.write_bytes(png(size))
            self.stdout.write(f"{file.name}: {file.stat().st_size:,} bytes")
