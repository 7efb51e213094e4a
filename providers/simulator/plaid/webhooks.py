"""Webhooks of Plaid: signed with ES256, and sent when a test asks for one."""

import base64
import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msgspec
from django.http import HttpRequest

from providers.simulator import control
from providers.simulator.bank import Bank
from providers.simulator.outgoing import post_soon
from providers.simulator.plaid.calls import Call, Refusal, endpoint
from providers.simulator.plaid.state import Item, Plaid, state

TYPES = {"SYNC_UPDATES_AVAILABLE": "TRANSACTIONS"}


class Message(msgspec.Struct, forbid_unknown_fields=True):
    """A webhook that a test asks for, of the newest Item unless it names one."""

    code: str
    item: str = ""
    age: int = 0  # seconds since it was signed


@endpoint
def key(call: Call) -> dict[str, Any]:
    """`/webhook_verification_key/get`: the public key of that id."""
    plaid = call.plaid
    if call.given.get("key_id") != plaid.kid:
        raise Refusal("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", "invalid key_id provided")
    numbers = plaid.key.public_key().public_numbers()
    return {
        "key": {
            "alg": "ES256",
            "crv": "P-256",
            "kty": "EC",
            "use": "sig",
            "kid": plaid.kid,
            "x": _url64(numbers.x.to_bytes(32)),
            "y": _url64(numbers.y.to_bytes(32)),
            "created_at": plaid.key_made,
            "expired_at": None,
        }
    }


@endpoint
def fire(call: Call) -> dict[str, Any]:
    """`/sandbox/item/fire_webhook`: send one to the Item's own address."""
    item, code = call.open_item, str(call.given.get("webhook_code"))
    if item.webhook is None:
        raise Refusal("SANDBOX_ERROR", "SANDBOX_WEBHOOK_INVALID", "webhook is not set for this item")
    headers, body = signed(call.plaid, item, code)
    post_soon(item.webhook, body, headers)
    return {"webhook_fired": True}


@control.controlled("POST")
def message(bank: Bank, request: HttpRequest) -> dict[str, Any]:
    """`/control/plaid/webhook`: a signed webhook, for the test to send itself."""
    wanted, plaid = msgspec.json.decode(request.body, type=Message), state(bank)
    items = [item for item in plaid.items.values() if wanted.item in ("", item.id)]
    headers, body = signed(plaid, items[-1], wanted.code, age=wanted.age)
    return {"headers": headers, "body": body.decode(), "access_token": items[-1].access_token}


def signed(plaid: Plaid, item: Item, code: str, *, age: int = 0) -> tuple[dict[str, str], bytes]:
    """Headers and body of a webhook."""
    body = msgspec.json.encode(
        {
            "webhook_type": TYPES.get(code, "ITEM"),
            "webhook_code": code,
            "item_id": item.id,
            "environment": "sandbox",
            "initial_update_complete": True,
            "historical_update_complete": True,
            **_ending(code),
        }
    )
    claims = {"iat": int(time.time()) - age, "request_body_sha256": hashlib.sha256(body).hexdigest()}
    token = jwt.encode(claims, plaid.key, algorithm="ES256", headers={"kid": plaid.kid})
    return {"Plaid-Verification": token, "Content-Type": "application/json"}, body


def _ending(code: str) -> dict[str, str]:
    """The end that a webhook announces: in seven days, as a rule."""
    end = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "PENDING_EXPIRATION": {"consent_expiration_time": end},
        "PENDING_DISCONNECT": {"reason": "INSTITUTION_MIGRATION", "disconnect_time": end},
    }.get(code, {})


def _url64(number: bytes) -> str:
    return base64.urlsafe_b64encode(number).rstrip(b"=").decode()
