"""A browser without a screen: follows links and fills in forms, from the pages alone."""

import html
import re
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

MAX_REDIRECTS = 10


class Form:
    """A form on a page: where it goes and what it already holds."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.fields: dict[str, list[str]] = {}
        self.buttons: list[tuple[str, str]] = []


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(found.get("action", ""), found.get("method", "get").lower())
            self.forms.append(self.open)
        elif self.open is not None and found.get("name"):
            self._field(self.open, tag, found)

    def _field(self, form: Form, tag: str, found: dict[str, str]) -> None:
        name, value, kind = found["name"], found.get("value", ""), found.get("type", "")
        if tag == "button" or kind == "submit":
            form.buttons.append((name, value))
        elif tag == "input" and (kind not in {"radio", "checkbox"} or "checked" in found):
            form.fields.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


class Browser:
    """Cookies, redirects and forms over real HTTP."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.client = httpx.Client(timeout=30, trust_env=False, headers={"User-Agent": "Dashtam demo"})

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def open(self, url: str) -> httpx.Response:
        """GET, and follow where it leads."""
        return self._follow(self.client.get(urljoin(self.origin, url)))

    def submit(self, page: httpx.Response, marker: str, *, button: str = "", **fields: str) -> httpx.Response:
        """Send the form on `page` with a field or button called `marker`, or that goes to `/marker…`."""
        form = next(form for form in forms(page) if _matches(form, marker, page))
        data = form.fields | {name: [value] for name, value in fields.items()}
        data |= {name: [value] for name, value in form.buttons if button and value == button}
        headers = {"Origin": f"{page.url.scheme}://{page.url.netloc.decode()}", "Referer": str(page.url)}
        target = urljoin(str(page.url), form.action or str(page.url))
        return self._follow(self.client.post(target, data=data, headers=headers))

    def _follow(self, response: httpx.Response) -> httpx.Response:
        for _ in range(MAX_REDIRECTS):
            if not response.has_redirect_location:
                return response
            response = self.client.get(urljoin(str(response.url), response.headers["location"]))
        raise RuntimeError("The pages redirect in circles.")


def _matches(form: Form, marker: str, page: httpx.Response) -> bool:
    if marker.startswith("/"):
        return urlsplit(urljoin(str(page.url), form.action)).path.startswith(marker)
    return marker in form.fields or any(name == marker for name, _ in form.buttons)


def link_out(page: httpx.Response) -> str:
    """The address of another site that the page asks to open beside it; empty if there is none."""
    found = re.search(r'<a [^>]*href="(https?://[^"]+)" target="_blank"', page.text)
    return html.unescape(found[1]) if found else ""


def forms(page: httpx.Response) -> list[Form]:
    """All forms on a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms
