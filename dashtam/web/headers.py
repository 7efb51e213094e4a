"""Security headers: content policy, isolation, HSTS, caching."""

from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase

REPORTS = "/csp-reports"

ALWAYS = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGES = (
    "default-src 'none'; script-src {scripts}; style-src {scripts}; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'{form_target}; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'; "
    f"{{more}}report-uri {REPORTS}; report-to csp"
)
# For pages that are the same bytes for everybody: no scripts, and no styles but those of our own files.
FILES_OF_OURS = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; "
    f"report-uri {REPORTS}; report-to csp"
)
# live.js alone turns text into a page, under this name.
TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types dashtam; "


def add(request: Any, response: HttpResponseBase) -> None:
    """Put the security headers on an answer; those that a view has set stay."""
    for name, value in ALWAYS.items():
        response.setdefault(name, value)
    if response.get("Content-Type", "").startswith("text/html"):
        response.setdefault("Content-Security-Policy", _policy(request))
        response["Reporting-Endpoints"] = f'csp="{REPORTS}"'
    else:
        response.setdefault("Content-Security-Policy", NOTHING)
    if request.is_secure():
        for name, value in transport().items():
            response[name] = value
    if "Cache-Control" not in response:
        response["Cache-Control"] = "no-store"


def _policy(request: Any) -> str:
    """Scripts and styles must carry this answer's nonce; the admin's, which are Django's own, come from our files."""
    target = getattr(request, "form_target", "")
    form_target = f" {target}" if target else ""
    scripts = f"'nonce-{request.csp_nonce}'"
    if request.path.startswith("/admin/"):
        return PAGES.format(scripts=f"'self' {scripts}", form_target=form_target, more="")
    return PAGES.format(scripts=scripts, form_target=form_target, more=TRUSTED_TYPES)


def transport() -> dict[str, str]:
    """HSTS (RFC 6797), where PUBLIC_URL is https."""
    if not settings.SECURE_HSTS_SECONDS:
        return {}
    value = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    return {"Strict-Transport-Security": value}


def of_a_file(headers: Any, path: str, url: str) -> None:
    """The security headers of a static file, which is answered before any middleware runs."""
    for name, value in {**ALWAYS, **transport(), "Content-Security-Policy": NOTHING}.items():
        headers[name] = value
