"""The form of a question that an institution asks before it is connected."""

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.pages.forms import AccountForm
from providers.connections.conversation import LONGEST_ANSWER
from providers.connectors.contract.steps import Ask, Field
from providers.pages.linking.finding import FoundChoice

FEW = 4  # choices that stand below each other; more are folded into a list
MANY = 40  # choices of which one is looked for by typing


class AnswersForm(AccountForm):
    """Answers to one question. What is secret is not written back into the page."""

    def __init__(self, ask: Ask, data: Mapping[str, Any] | None, proposed: Mapping[str, str]) -> None:
        known = {field.name: proposed.get(field.name, "") for field in ask.fields if not field.secret}
        super().__init__(data, initial={name: value for name, value in known.items() if value})
        self.fields.update({field.name: _field(field) for field in ask.fields})


def answers_form(
    ask: Ask, data: Mapping[str, Any] | None, proposed: Mapping[str, str] | None = None
) -> AnswersForm:
    """The form of this question, bound if there is data. The service has the last word on what is required.

    `proposed` are answers that are not secret and that the person has shown before that they want.
    """
    return AnswersForm(ask, data, proposed or {})


def _field(field: Field) -> forms.Field:
    made = _choice(field) if field.choices else _text(field)
    made.left_out = field.optional  # type: ignore[attr-defined]
    return made


def _choice(field: Field) -> forms.Field:
    told: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    if len(field.choices) > MANY:
        return FoundChoice(field.choices, **told)
    if len(field.choices) <= FEW and not field.optional:
        only = field.choices[0][0] if len(field.choices) == 1 else None
        return forms.ChoiceField(choices=field.choices, initial=only, widget=forms.RadioSelect, **told)
    return forms.ChoiceField(choices=[("", "Choose…"), *field.choices], **told)


def _text(field: Field) -> forms.Field:
    attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
    widget: forms.Widget = forms.TextInput(attrs)
    if field.lines > 1:
        widget = _Secret({**attrs, "rows": field.lines}) if field.secret else forms.Textarea(attrs)
    elif field.secret:
        widget = forms.PasswordInput({**attrs, "autocomplete": "new-password"})
    return forms.CharField(
        widget=widget, max_length=LONGEST_ANSWER, label=field.label, help_text=field.help, required=False
    )


class _Secret(forms.Textarea):
    """A text of many lines, such as a PEM key, that is not shown again after it was sent."""

    def format_value(self, value: Any) -> str | None:
        """Nothing, whatever was typed."""
        return None
