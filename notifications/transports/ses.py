"""Amazon SES, API v2, over httpx."""

import base64
from dataclasses import dataclass

import httpx
import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dashtam.outbound import TIMEOUT, Outbound
from notifications.errors import MailDelayed, MailRejected, MailThrottled, MailUnavailable
from notifications.messages import Message

DEADLINE_SECONDS = 20.0
LARGEST_ANSWER = 65_536

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
REJECTED = {"BadRequestException": "mail_bad_request", "MessageRejected": "mail_rejected"}
THROTTLED = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException"}


class _Answer(msgspec.Struct):
    MessageId: str = ""
    type: str = msgspec.field(name="__type", default="")


@dataclass(frozen=True, slots=True)
class SesCredentials:
    """An IAM user's key with the permission ses:SendEmail."""

    access_key_id: str
    secret_access_key: str
    region: str


class SesTransport:
    """Sends messages through the AWS account of this installation's owner."""

    def __init__(
        self, *, endpoint: str, credentials: SesCredentials, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self.endpoint = endpoint
        self.credentials = credentials
        self.deadline = deadline

    async def send(self, message: Message) -> str:
        """Send the message; returns SES's id of it. Raises MailThrottled, MailUnavailable or MailRejected."""
        request = self._signed(_content(message))
        try:
            response = await _exchange(request, deadline=self.deadline)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise MailUnavailable(code="mail_unreachable") from error
        answer = _decoded(response.content)
        if response.status_code == 200 and answer.MessageId:
            return answer.MessageId
        raise _refusal(response, answer)

    def _signed(self, body: bytes) -> httpx.Request:
        url = f"{self.endpoint.rstrip('/')}/v2/email/outbound-emails"
        request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
        key = Credentials(self.credentials.access_key_id, self.credentials.secret_access_key)
        SigV4Auth(key, "ses", self.credentials.region).add_auth(request)
        headers = {**dict(request.headers.items()), "Accept-Encoding": "identity"}
        return httpx.Request("POST", url, headers=headers, content=body)


def _content(message: Message) -> bytes:
    mime = message.mime()
    raw = base64.b64encode(mime.as_bytes()).decode()
    recipient = mime["To"].addresses[0].addr_spec
    content = {
        "FromEmailAddress": str(mime["From"].addresses[0].addr_spec),
        "Destination": {"ToAddresses": [recipient]},
        "Content": {"Raw": {"Data": raw}},
    }
    return msgspec.json.encode(content)


async def _exchange(request: httpx.Request, *, deadline: float) -> httpx.Response:
    """One connection per message: mail is rare, and nothing is left open when a worker ends."""
    wire = Outbound(deadline=deadline, largest=LARGEST_ANSWER)
    async with httpx.AsyncClient(transport=wire, trust_env=False, timeout=TIMEOUT) as client:
        return await client.send(request)


def _decoded(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError:
        return _Answer()


def _refusal(response: httpx.Response, answer: _Answer) -> MailDelayed | MailRejected:
    """The error for an answer: final only if the mail itself is wrong; an account's owner can mend the account."""
    name = (response.headers.get("x-amzn-ErrorType") or answer.type).partition(":")[0].rpartition("#")[2]
    if response.status_code == 429 or name in THROTTLED:
        return MailThrottled()
    if response.status_code == 400 and name in REJECTED:
        return MailRejected(code=REJECTED[name])
    if response.status_code == 403:
        return MailUnavailable(code="mail_credentials_refused")
    if response.status_code < 500:
        return MailUnavailable(code="mail_account_problem")
    return MailUnavailable()
