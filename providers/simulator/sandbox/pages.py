"""Pages for people, from an own template engine, with the stylesheet and the mark; none has scripts."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine

from providers.simulator.responses import methods, problem

HERE = Path(__file__).parent
_engine = Engine(dirs=[str(HERE / "templates")])


@methods("GET", "HEAD")
async def stylesheet(_request: HttpRequest) -> HttpResponse:
    """The stylesheet of the pages."""
    return _asset("simulator.css", "text/css; charset=utf-8")


@methods("GET", "HEAD")
async def mark(_request: HttpRequest) -> HttpResponse:
    """The bank's mark."""
    return _asset("simulator.svg", "image/svg+xml")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to requests that Django itself cannot read."""
    return _failed(request, 400, "bad_request", "The request could not be read.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to unknown URLs."""
    return _failed(request, 404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to a fault of the bank's own."""
    return _failed(request, 500, "internal", "Something broke at the bank.")


def page(
    name: str, context: dict[str, Any], *, status: int = 200, form_action: str = "'none'"
) -> HttpResponse:
    """A rendered page with a strict content security policy."""
    body = _engine.get_template(name).render(Context(context))
    response = HttpResponse(body, status=status)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def day_words(moment: datetime) -> str:
    """`March 9, 2026`."""
    return f"{moment:%B} {moment.day}, {moment.year}"


def error_page(status: int, title: str, message: str) -> HttpResponse:
    """A page that tells the person at the browser what went wrong."""
    return page("error.html", {"title": title, "message": message}, status=status)


def _failed(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if request.path.startswith(("/api/", "/control/", "/oauth/token", "/oauth/revoke")):
        return problem(status, code, message)
    return error_page(status, "That did not work", message)


def _asset(name: str, content_type: str) -> HttpResponse:
    response = HttpResponse((HERE / "static" / name).read_bytes(), content_type=content_type)
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response
