"""Content Security Policy reports: browsers send one when a page breaks its policy."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from dashtam import limits
from dashtam.api.views import ApiView, Reply, StrictJSONParser
from dashtam.errors import PayloadTooLarge
from dashtam.telemetry import logs
from dashtam.web import measures, visitor

logger = logging.getLogger(__name__)

BY_ADDRESS = limits.Limit("policy reports by address", 20, 60)
LARGEST = 16_384


class ReportUri(StrictJSONParser):
    """Reports of the `report-uri` directive (CSP level 2 and 3)."""

    media_type = "application/csp-report"


class ReportTo(StrictJSONParser):
    """Reports of the `report-to` directive (the Reporting API)."""

    media_type = "application/reports+json"


class CspReports(ApiView):
    """Logs directive, page and blocked origin of a report, and drops the rest of it."""

    public = True
    schema = None
    largest = LARGEST
    parser_classes = (ReportUri, ReportTo)

    async def post(self, request: HttpRequest) -> Any:
        """One report, or several."""
        await limits.require((BY_ADDRESS, visitor.customer_of(visitor.request_ip.get())))
        if measures.content_length(request) > self.largest:
            raise PayloadTooLarge()
        sent = self.request.data
        for report in sent[:20] if isinstance(sent, list) else [sent]:
            _note(report)
        return Reply(status=204)


def _note(report: Any) -> None:
    if not isinstance(report, Mapping):
        return
    told = report.get("csp-report") or report.get("body")
    if isinstance(told, Mapping):
        directive = told.get("effective-directive") or told.get("effectiveDirective")
        page = told.get("document-uri") or told.get("documentURL")
        blocked = told.get("blocked-uri") or told.get("blockedURL")
        fields = {"directive": _word(directive), "page": _route(page), "blocked": _origin(blocked)}
        logs.event(logger, "csp.violated", level=logging.WARNING, **fields)


def _short(url: object) -> str:
    """As much of a URL as is looked at, in ASCII: `urlsplit` normalises what is not, in quadratic time."""
    return url[:1_000].encode("ascii", "replace").decode() if isinstance(url, str) else ""


def _word(text: object) -> str:
    return "".join(c for c in (text[:40] if isinstance(text, str) else "") if c.isalnum() or c in "-.: ")


def _route(url: object) -> str:
    """The URL pattern of the page, because its URL may hold a token."""
    try:
        return f"/{resolve(urlsplit(_short(url)).path).route}"
    except (Resolver404, ValueError):
        return "-"


def _origin(url: object) -> str:
    """Scheme and host, or a word such as `inline` or `eval`."""
    try:
        parts = urlsplit(_short(url))
        host = parts.hostname or ""
    except ValueError:
        return "-"
    return _word(f"{parts.scheme}:{host}" if host else _short(url).partition(":")[0])
