"""Guards of Enable Banking's endpoints: a JWT that the application's own key has signed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import jwt
from django.http import HttpRequest, HttpResponse

from providers.simulator.books.customers import Account
from providers.simulator.books.ledger import Ledger
from providers.simulator.enable_banking.state import READS_A_DAY, REQUIRED, EnableBanking, Session, state
from providers.simulator.responses import View
from providers.simulator.sandbox.bank import Sandbox, sandbox_of
from providers.simulator.sandbox.parameters import credentials
from providers.simulator.vendor import answer, members

ENDED = {"EXPIRED": "EXPIRED_SESSION", "REVOKED": "REVOKED_SESSION", "CLOSED": "CLOSED_SESSION"}


class Refusal(Exception):
    """An error in Enable Banking's words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose application is known."""

    bank: Sandbox
    vendor: EnableBanking
    request: HttpRequest
    given: dict[str, Any]

    @property
    def present(self) -> bool:
        """True if the person is there. Raises Refusal where only some of the headers say so."""
        names = [name for name in REQUIRED if self.request.headers.get(name)]
        others = [name for name in self.request.headers if name.lower().startswith("psu-")]
        if (names or others) and len(names) != len(REQUIRED):
            raise Refusal(422, "PSU_HEADER_NOT_PROVIDED", "Required PSU header is not provided")
        return bool(names)

    def session(self, id: str) -> Session:
        """The session of that id, however it stands. Raises Refusal."""
        session = self.vendor.sessions.get(id)
        if session is None:
            raise Refusal(404, "SESSION_DOES_NOT_EXIST", "No session found matching provided id")
        if session.status == "AUTHORIZED" and session.valid_until <= self.bank.now():
            session.status = "EXPIRED"
        return session

    def account(self, uid: str, scope: str) -> tuple[Session, Account]:
        """An account of a session that is open, and may be read once more today. Raises Refusal."""
        for session in self.vendor.sessions.values():
            account = session.accounts.get(uid)
            if account is None:
                continue
            if self.session(session.id).status != "AUTHORIZED":
                raise Refusal(401, ENDED.get(session.status, "WRONG_SESSION_STATUS"), "Session is not open")
            self._count(session, uid, scope)
            return session, account
        raise Refusal(404, "ACCOUNT_DOES_NOT_EXIST", "No account found matching provided id")

    def _count(self, session: Session, uid: str, scope: str) -> None:
        if self.present or self.request.GET.get("continuation_key"):
            return
        today = self.bank.now().date().isoformat()
        key = f"{today} {scope} {uid}"
        count = session.reads.get(key, 0) + 1
        session.reads = {name: n for name, n in session.reads.items() if name.startswith(today)} | {
            key: count
        }
        if count > READS_A_DAY:
            raise Refusal(429, "ASPSP_RATE_LIMIT_EXCEEDED", "ASPSP Rate limit exceeded")

    def ledger(self, session: Session) -> Ledger:
        """The books of the session's customer."""
        return self.bank.ledger(session.customer.id)


Handler = Callable[..., dict[str, Any]]


def endpoint(**handlers: Handler) -> View:
    """Serve functions of a call by method: `endpoint(GET=read, DELETE=end)`."""

    @wraps(next(iter(handlers.values())))
    async def view(request: HttpRequest, **path: str) -> HttpResponse:
        bank, given, handler = sandbox_of(request), members(request), handlers.get(request.method or "")
        try:
            if handler is None or given is None:
                raise Refusal(400, "WRONG_REQUEST_PARAMETERS", "Wrong request parameters provided")
            vendor = state(bank)
            _check(vendor, request)
            return answer(handler(Call(bank, vendor, request, given), **path))
        except Refusal as refusal:
            body = {"message": str(refusal), "code": refusal.status, "error": refusal.code, "detail": None}
            return answer(body, refusal.status)

    return view


def _check(vendor: EnableBanking, request: HttpRequest) -> None:
    """Check the application's JWT. Raises Refusal."""
    scheme, token = credentials(request)
    if scheme != "bearer":
        raise Refusal(401, "AUTHORIZATION_NOT_PROVIDED", "Authorization header is not provided")
    try:
        key = vendor.applications[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience="api.enablebanking.com", issuer="enablebanking.com"
        )
        lasts = int(claims["exp"]) - int(claims["iat"])
    except (jwt.PyJWTError, KeyError, ValueError) as error:
        raise Refusal(401, "UNAUTHORIZED_ACCESS", "Unauthorized access") from error
    if not 0 < lasts <= 24 * 3600:
        raise Refusal(401, "UNAUTHORIZED_ACCESS", "Unauthorized access")
