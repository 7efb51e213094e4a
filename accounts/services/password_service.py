"""Passwords: hashing, verifying, and judging their strength."""

import functools
import itertools
import re
import unicodedata

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator

from dashtam.errors import FieldError, ValidationFailed

MIN_LENGTH = 15  # NIST SP 800-63B-4 §3.1.1.2, for a password that is the only factor
MAX_LENGTH = 1024
LONG = 32  # beyond this, guessers no longer try repetitions
MAX_COST = 14
BCRYPT_SHA256 = re.compile(r"bcrypt_sha256\$\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
LINES = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


class PasswordService:
    """Hashes and verifies with bcrypt, slow by design: call both on a place of `place_to_hash` only."""

    def __init__(self, *, hasher: BCryptSHA256PasswordHasher) -> None:
        self.hasher = hasher

    def hash_password(self, password: str) -> str:
        """Make the hash to store."""
        return self.hasher.encode(_normalised(password), self.hasher.salt())

    def verify_password(self, password: str, encoded: str | None) -> bool:
        """Return whether they match. Without a usable hash it returns False, after the same work."""
        usable = encoded if encoded is not None and _cost(encoded) else None
        try:
            matched = self.hasher.verify(_normalised(password), usable or self._dummy())
        except ValueError:
            return False  # not text: it holds a lone surrogate or, for bcrypt, something it refuses
        return matched and usable is not None

    def needs_rehash(self, encoded: str) -> bool:
        """Return whether the hash was made at another cost than today's."""
        return _cost(encoded) != self.hasher.rounds

    def validate_password_strength(
        self, password: str, *, email: str, name: str, field: str = "password"
    ) -> list[FieldError]:
        """List what speaks against the password; empty when it is good. Each message names the remedy."""
        password = _normalised(password)
        if len(password) < MIN_LENGTH:
            detail = f"Use at least {MIN_LENGTH} characters. Three or four unrelated words do well."
            return [FieldError(field, "password_too_short", detail)]
        if len(password) > MAX_LENGTH:
            return [FieldError(field, "password_too_long", f"Use at most {MAX_LENGTH} characters.")]
        if _follows_a_pattern(password):
            detail = "It repeats itself or follows the keys of the keyboard. Use three or four unrelated words instead."
            return [FieldError(field, "password_too_simple", detail)]
        if _is_guessable(password, _context_words(email, name)):
            detail = (
                "It is built from common passwords, your name, your address or ours. "
                "Use words that have nothing to do with you or Dashtam."
            )
            return [FieldError(field, "password_too_common", detail)]
        return []

    def require_strength(self, password: str, *, email: str, name: str, field: str = "password") -> None:
        """Refuse a weak password. Raises ValidationFailed, naming `field`."""
        wrong = self.validate_password_strength(password, email=email, name=name, field=field)
        if wrong:
            raise ValidationFailed(errors=wrong)

    def _dummy(self) -> str:
        """A well-formed hash of today's cost that no password has."""
        return f"bcrypt_sha256$$2b${self.hasher.rounds:02d}${'.' * 53}"


def _normalised(password: str) -> str:
    """Normalise to NFKC, so that another keyboard gives the same password. Nothing is trimmed or folded."""
    return unicodedata.normalize("NFKC", password)


def _cost(encoded: str) -> int | None:
    """The cost of a sound hash, None for others. Beyond MAX_COST the row was tampered with, to cost hours of work."""
    found = BCRYPT_SHA256.fullmatch(encoded)
    cost = int(found[1]) if found else 0
    return cost if 4 <= cost <= MAX_COST else None


@functools.cache
def _common_passwords() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _follows_a_pattern(password: str) -> bool:
    """Detect a short password of few characters, of one part repeated, or of steps along the keyboard."""
    text = password.casefold()
    steps = sum(_are_neighbours(one, other) for one, other in itertools.pairwise(text))
    return len(text) < LONG and (len(set(text)) < 5 or len(_unit(text)) < 8 or steps > 0.6 * (len(text) - 1))


def _are_neighbours(one: str, other: str) -> bool:
    return one == other or any(one + other in line or other + one in line for line in LINES)


def _unit(text: str) -> str:
    """The shortest part that, repeated, gives the text."""
    return text[: (text + text).find(text, 1)]


def _context_words(email: str, name: str) -> set[str]:
    """The words that an attacker who knows the person would try first."""
    parts = re.split(r"[\W_]+", f"{email} {name} dashtam".casefold())
    return {part for part in [*parts, email.casefold()] if len(part) >= 4}


def _is_guessable(password: str, context: set[str]) -> bool:
    """Detect a common password, perhaps repeated or decorated, or little else than words of the context."""
    text = password.casefold()
    if text in _common_passwords():
        return True
    rest = text
    for word in sorted(context, key=len, reverse=True):
        rest = rest.replace(word, " ")
    letters = re.sub(r"[\W\d_]+", "", rest)
    known = _unit(letters) in _common_passwords() or _unit(text) in _common_passwords()
    return known or (rest != text and len(letters) < 8)
