"""Further institutions of the demo: the simulator speaks for each, and its customer has what is needed to connect."""

import contextlib
import html
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

CUSTOMER = {"customer": "ana", "decision": "approve"}
Answers = Sequence[Mapping[str, str]]
APPLICATION = "dashtam-demo"


@dataclass(frozen=True, slots=True)
class Vendor:
    """One institution: the setting that leads to the simulator, and the customer's answers to its questions.

    `own` are further settings, of an installation that is registered there.
    """

    setting: str
    path: str
    answers: Callable[[str], Answers]
    own: Callable[[], Mapping[str, str]] = dict


def _copied(url: str, *names: str) -> Answers:
    """The values that the simulator shows its customer, under these names."""
    page = httpx.post(url, data=CUSTOMER, timeout=30, trust_env=False)
    values = re.findall(r"<dd><code>([^<]+)</code></dd>", page.text)
    return [dict(zip(names, map(html.unescape, values), strict=True))]


def _sandbox(name: str) -> str:
    return str(getattr(settings, f"SANDBOX_{name}"))


def _plaid() -> Mapping[str, str]:
    return {
        "PLAID_CLIENT_ID": _sandbox("CLIENT_ID"),
        "PLAID_SECRET": _sandbox("CLIENT_SECRET") or "sandbox-secret",
    }


def _key_file() -> Path:
    """The private key of the demo's application, made once: of two processes that begin together, one wins."""
    file: Path = settings.HOME / "enable-banking.pem"
    if not file.exists():
        key = rsa.generate_private_key(65537, 2048)
        ours = file.with_suffix(f".{secrets.token_hex(8)}")
        ours.touch(0o600, exist_ok=False)
        try:
            ours.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            with contextlib.suppress(FileExistsError):
                os.link(ours, file)
        finally:
            ours.unlink()
    return file


def _enable_banking() -> Mapping[str, str]:
    return {
        "ENABLE_BANKING_APPLICATION_ID": APPLICATION,
        "ENABLE_BANKING_PRIVATE_KEY": str(_key_file()),
    }


def _bank_in_finland(url: str) -> Answers:
    """Register the application, and choose the one bank that there is."""
    public = load_pem_private_key(_key_file().read_bytes(), None).public_key()
    key = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    asked = {"application": APPLICATION, "key": key}
    httpx.post(f"{url}/applications", json=asked, timeout=30, trust_env=False)
    return [{"country": "FI", "psu_type": "personal"}, {"bank": "Sandbox Bank"}]


VENDORS = {
    "simplefin": Vendor("SIMPLEFIN_URL", "/simplefin", lambda url: _copied(f"{url}/create", "token")),
    "ibkr": Vendor("IBKR_URL", "/ibkr", lambda url: _copied(f"{url}/portal", "token", "query")),
    "plaid": Vendor("PLAID_URL", "/plaid", lambda _: [{"kind": "bank"}], _plaid),
    "enable-banking": Vendor("ENABLE_BANKING_URL", "/enable-banking", _bank_in_finland, _enable_banking),
    "snaptrade": Vendor(
        "SNAPTRADE_URL", "/snaptrade", lambda url: _copied(f"{url}/api-key", "client_id", "consumer_key")
    ),
}


def settings_of(names: list[str], bank_url: str) -> dict[str, str]:
    """The environment that leads Dashtam to the simulator for each of these."""
    found: dict[str, str] = {}
    for vendor in (VENDORS[name] for name in names):
        found |= {vendor.setting: f"{bank_url}{vendor.path}", **vendor.own()}
    return found


def answers_of(names: list[str], bank_url: str) -> Iterator[tuple[str, Answers]]:
    """Each of these with the customer's answers, made when it is its turn."""
    for name in names:
        yield name, VENDORS[name].answers(f"{bank_url}{VENDORS[name].path}")
