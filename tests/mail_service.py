"""A mail service over HTTP as Amazon SES speaks it (v2): puts what it is sent into a folder, or rejects it."""

import base64
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REJECTED = "rejected"  # letters to addresses with this word are refused, with all that was sent in the answer


class MailService:
    """Runs in a thread of the test."""

    def __init__(self) -> None:
        self.folder = Path()
        self.refused: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.settings = {
            "EMAIL_PROVIDER": "ses",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SES_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}",
        }

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805 `self` is the handler's
        numbers = itertools.count()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
                letter = base64.b64decode(sent["Content"]["Raw"]["Data"])
                refused = REJECTED in json.dumps(sent["Destination"])
                if not refused:
                    service.folder.mkdir(parents=True, exist_ok=True)
                    draft = service.folder / f"{next(numbers):04}.draft"
                    draft.write_bytes(letter)
                    draft.rename(draft.with_suffix(".eml"))
                else:
                    service.refused.append(letter.decode())
                answer = {"message": letter.decode()} if refused else {"MessageId": "m-1"}
                self.send_response(400 if refused else 200)
                if refused:
                    self.send_header("x-amzn-ErrorType", "MessageRejected")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *args: Any) -> None:
                pass

        return Handler
