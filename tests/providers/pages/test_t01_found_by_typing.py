"""One of very many choices that is looked for by typing: what fits is offered, to be chosen without typing it all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.connectors.contract.steps import Ask, Field
from providers.pages.linking.answers import AnswersForm, answers_form

LONG = "Genossenschaftliche Kreditkasse Oberes Tal und Unteres Tal eG"
NAMES = [
    LONG,
    "Sandbox Bank",
    "بنك الواحة",
    *(f"{a} {b}" for a in "ABCDEFGHIJKLMN" for b in ("Union", "Bank", "Mutual")),
]
ASK = Ask((Field("bank", "Bank", secret=False, choices=tuple((f"id-{name}", name) for name in NAMES)),))


def sent(**data: str) -> AnswersForm:
    form = answers_form(ASK, data)
    form.is_valid()
    return form


def offered(form: AnswersForm) -> list[str]:
    return re.findall(r'type="radio" name="bank-chosen" value="([^"]+)"', str(form["bank"]))


@pytest.mark.parametrize(
    ("typed", "error", "shown"),
    [
        ("tal", "", []),
        ("sandbux", "None is called that", ["id-Sandbox Bank"]),
        ("genossenschaftlich kreditkase", "None is called that", [f"id-{LONG}"]),
        ("kreditkase oberes", "None is called that", [f"id-{LONG}"]),
        ("union", "Several fit", [f"id-{letter} Union" for letter in "ABCDEFGHIJ"]),
        ("xqzw", "None is called that", []),
        ("", "", []),
    ],
)
def test_t01_what_fits_is_offered_and_a_wrong_spelling_gets_what_is_near(
    typed: str, error: str, shown: list[str]
) -> None:
    form = sent(bank=typed)
    assert error in str(form.errors.get("bank", "")) if error else form.is_valid()
    assert offered(form) == shown
    assert f'value="{typed}"' in str(form["bank"]) or not typed or not error, "what was typed is kept"


def test_t01_an_offered_one_is_chosen_and_counts_more_than_what_was_typed() -> None:
    form = sent(bank="union", **{"bank-chosen": "id-C Union"})
    assert form.cleaned_data["bank"] == "id-C Union"
    assert sent(bank="union", **{"bank-chosen": "id-not there"}).errors["bank"]


def test_t01_the_rest_of_many_is_counted_and_names_of_any_script_stand_for_themselves() -> None:
    assert "14" in sent(bank="union").errors["bank"][0]
    assert "first 10" in sent(bank="union").errors["bank"][0]
    assert "<bdi>" in str(sent(bank="union")["bank"])


@given(st.text(max_size=30))
def test_t01_whatever_is_typed_is_answered_with_a_choice_or_a_remedy(typed: str) -> None:
    form = sent(bank=typed)
    assert form.is_valid() or form.errors["bank"]
    assert len(offered(form)) <= 10
