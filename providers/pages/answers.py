"""The form of a question that an institution asks before it is connected."""

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.pages.forms import AccountForm
from providers.connections.conversation import LONGEST_ANSWER
from providers.connectors.contract.steps import Ask, Field


class AnswersForm(AccountForm):
    """Answers to one question. What is secret is not written back into the page."""

    def __init__(self, ask: Ask, data: Mapping[str, Any] | None) -> None:
        super().__init__(data)
        self.fields.update({field.name: _field(field) for field in ask.fields})


def answers_form(ask: Ask, data: Mapping[str, Any] | None) -> AnswersForm:
    """The form of this question, bound if there is data. The service has the last word on what is required."""
    return AnswersForm(ask, data)


def _field(field: Field) -> forms.Field:
    attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
    told: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    if field.choices:
        return forms.ChoiceField(choices=[("", "Choose…"), *field.choices], **told)
    widget: forms.Widget = forms.TextInput(attrs)
    if field.lines > 1:
        widget = _Secret({**attrs, "rows": field.lines}) if field.secret else forms.Textarea(attrs)
    elif field.secret:
        widget = forms.PasswordInput(attrs)
    return forms.CharField(widget=widget, max_length=LONGEST_ANSWER, **told)


class _Secret(forms.Textarea):
    """A text of many lines, such as a PEM key, that is not shown again after it was sent."""

    def format_value(self, value: Any) -> str | None:
        """Nothing, whatever was typed."""
        return None
