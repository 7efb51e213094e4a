"""How a form page answers."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def form_page(request: HttpRequest, template: str, form: Form, **context: Any) -> HttpResponse:
    """The page with its form; 422 when there is something to mend. What was typed stays, but for passwords."""
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **context}, status=status)


def see_other(to: str) -> HttpResponse:
    """On to another page, with a GET (RFC 9110 §15.4.4)."""
    response = redirect(to)
    response.status_code = 303
    return response
