"""The map with addresses whose views fail in every way that a view can fail."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.datastructures import MultiValueDictKeyError

from dashtam.api.views import ApiView
from dashtam.urls import handler400, handler403, handler404, handler500
from dashtam.urls import urlpatterns as sound

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

QUOTED = "s3cr3t"
FAILURES: dict[str, tuple[type[Exception], int]] = {
    "value": (ValueError, 500),
    "key": (MultiValueDictKeyError, 500),
    "integrity": (IntegrityError, 500),
    "recursion": (RecursionError, 400),
    "database": (OperationalError, 503),
    "denied": (PermissionDenied, 403),
    "suspicious": (SuspiciousOperation, 400),
    "nothing": (Http404, 404),
    "timeout": (TimeoutError, 500),
}


class Broken(ApiView):
    """Fails as it is asked to."""

    public = True
    schema = None

    async def get(self, request: Any, how: str) -> None:
        raise FAILURES[how][0](QUOTED)


async def broken(request: HttpRequest, how: str) -> HttpResponse:
    raise FAILURES[how][0](QUOTED)


def broken_and_sync(request: HttpRequest, how: str) -> HttpResponse:
    raise FAILURES[how][0](QUOTED)


async def without_a_template(request: HttpRequest) -> HttpResponse:
    return render(request, f"{QUOTED}.html")


urlpatterns = [
    path("api/v1/broken/<str:how>", Broken.as_view()),
    path("broken/<str:how>", broken),
    path("broken-and-sync/<str:how>", broken_and_sync),
    path("without-a-template", without_a_template),
    *sound,
]
