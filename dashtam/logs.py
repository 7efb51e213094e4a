"""What every log line carries."""

import contextvars
import logging
import re

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    """Puts the id of the request or task being served into each line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class OneTimeLinkFilter(logging.Filter):
    """Cuts the token out of a one-time address that a library writes into a line."""

    token = re.compile(r"(/connections/start/)[\w-]+")

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if "/connections/start/" in line:
            record.msg, record.args = self.token.sub(r"\1…", line), ()
        return True
