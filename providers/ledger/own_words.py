"""Rules for what people write about their accounts and transactions: one line of visible characters."""

from dashtam.errors import FieldError, ValidationFailed
from dashtam.plain_text import visible

LONGEST = {"name": 200, "note": 1000, "category": 80, "description": 1000}


def own_words(field: str, value: str) -> str:
    """The text as it is kept. Raises ValidationFailed for one that is too long."""
    text = visible(value).strip()
    if len(text) > LONGEST[field]:
        raise ValidationFailed(
            errors=[FieldError(field, "max_length", f"Use at most {LONGEST[field]} characters.")]
        )
    return text


def own_name(value: str) -> str:
    """A name, which cannot be empty. Raises ValidationFailed."""
    text = own_words("name", value)
    if not text:
        raise ValidationFailed(errors=[FieldError("name", "blank", "Give a name that can be seen.")])
    return text
