"""Groups of three characters of transactions' texts, each mixed with the person: the index that a search reads.

PostgreSQL's own pg_trgm is an extension, which the embedded server does not bring and many roles may not create. An
array of numbers and GIN need neither; and since the person is in each number, a search reads entries of their own only.
"""

from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, Value

SIZE = 3
_NUMBERS = ArrayField(IntegerField())


def of_row() -> Func:
    """The groups of a transaction's own texts, as the index `transaction_grams` has them."""
    texts = (F("description"), F("note"), F("category"))
    return Func(F("user"), *texts, function="providers_grams", output_field=_NUMBERS)


def of_words(user_id: UUID, words: str) -> Func:
    """The groups of what is searched for: a row of the person without one of them does not contain it."""
    return Func(
        Value(user_id), Value(words), Value(""), Value(""), function="providers_grams", output_field=_NUMBERS
    )
