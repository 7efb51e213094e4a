"""Forms that support staff fill in before they act."""

from typing import Any

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.core.validators import RegexValidator

from accounts.staff.roles import ROLES


class ReasonForm(forms.Form):
    """The reason, in words that the person will read."""

    reason = forms.CharField(
        min_length=10,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="In a sentence. The person can read it in their settings, under Activity.",
        error_messages={"min_length": "Write a sentence: the person will read it."},
    )
    ticket = forms.CharField(
        max_length=60,
        required=False,
        help_text="Its number, if there is one.",
        validators=[RegexValidator(r"\A[\w#./-]+\Z", "Use letters, digits and # . / - only.")],
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)


class ReasonedActionForm(ActionForm):
    """The choice of an action on rows of a list, with its reason; ReasonForm judges that."""

    reason = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "The reason, which the person will read"}),
    )


class RolesForm(ReasonForm):
    """The roles of a person."""

    roles = forms.MultipleChoiceField(
        choices=[(name, name) for name in ROLES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="With none, they are no longer staff. They are signed out, and sign in again with their new roles.",
    )
    field_order = ("roles", "reason", "ticket")

    def clean_roles(self) -> list[str]:
        """The chosen roles, in the order of ROLES."""
        chosen: Any = self.cleaned_data["roles"]
        return [name for name in ROLES if name in chosen]
