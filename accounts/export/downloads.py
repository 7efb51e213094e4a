"""The response that carries an archive."""

from collections.abc import AsyncIterator

from django.http import StreamingHttpResponse
from django.utils import timezone


def archive_response(pieces: AsyncIterator[bytes]) -> StreamingHttpResponse:
    """Stream a ZIP that the browser saves, as it is read."""
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="dashtam-{timezone.now():%Y-%m-%d}.zip"'
    response["Cache-Control"] = "no-store"
    return response
