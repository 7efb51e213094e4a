"""A choice among very many, found by typing: what fits, or is spelled nearly so, is offered to be chosen."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from providers.connections.conversation import LONGEST_ANSWER
from providers.connectors.contract.institutions import folded

OFFERED = 10  # choices that are offered at once
NEAR, MOST_NEAR = 0.7, 5  # how alike a wrong spelling has to be, and how many names are proposed for it
MOST_WORDS, LONGEST_WORD = 6, 40  # of what is typed; comparing spellings takes time with both

Choices = Sequence[tuple[str, str]]


class _Suggesting(forms.TextInput):
    """A text field with the choices as the browser's own suggestions, and radio buttons for those `offered`."""

    def __init__(self, choices: Choices) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false"})
        self.choices = choices
        self.offered: Choices = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        id_ = f"{name}-choices"
        shown = dict(self.choices).get(value, value)
        field = super().render(name, shown, {**(attrs or {}), "list": id_}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((text,) for _, text in self.choices))
        return format_html('{}<datalist id="{}">{}</datalist>{}', field, id_, options, self._offers(name))

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """An offered choice counts more than what was typed before it."""
        return data.get(_chosen(name)) or super().value_from_datadict(data, files, name)

    def _offers(self, name: str) -> SafeString:
        if not self.offered:
            return SafeString("")
        rows = format_html_join(
            "",
            '<div><label><input type="radio" name="{}" value="{}"> <bdi>{}</bdi></label></div>',
            ((_chosen(name), key, text) for key, text in self.offered),
        )
        return format_html('<fieldset class="offered"><legend>Choose one</legend>{}</fieldset>', rows)


class FoundChoice(forms.CharField):
    """One of very many choices: the whole name, a part that fits one alone, or one of those offered."""

    def __init__(self, choices: Choices, *, help_text: str = "", **told: Any) -> None:
        super().__init__(
            widget=_Suggesting(choices),
            max_length=LONGEST_ANSWER,
            help_text=help_text or f"Type a part of the name and choose. There are {len(choices)}.",
            **told,
        )
        self.choices = choices

    def clean(self, value: Any) -> str:
        """The value of the choice. Raises ValidationError, and offers those that fit or are near."""
        typed = folded(super().clean(value))
        if not typed:
            return ""
        fit = _fitting(self.choices, typed)
        if len(fit) == 1:
            return fit[0][0]
        self.widget.offered = fit[:OFFERED] if fit else _near(self.choices, typed)
        if not fit:
            near = bool(self.widget.offered)
            remedy = "Is it one of these? If not, type" if near else "Type"
            raise ValidationError(f"None is called that. {remedy} another part of the name.")
        many = f" There are {len(fit)}; the first {OFFERED} are below." if len(fit) > OFFERED else ""
        raise ValidationError(f"Several fit. Choose one of them, or type more of its name.{many}")


def _chosen(name: str) -> str:
    return f"{name}-chosen"


def _fitting(choices: Choices, typed: str) -> Choices:
    """The choice of exactly that name, else those whose names hold all words; first those that begin with it."""
    names = {key: folded(text) for key, text in choices}
    if exact := [(key, text) for key, text in choices if typed in (folded(key), names[key])]:
        return exact
    words = typed.split()
    found = [(key, text) for key, text in choices if all(word in names[key] for word in words)]
    return sorted(found, key=lambda each: (not names[each[0]].startswith(typed), names[each[0]]))


def _near(choices: Choices, typed: str) -> Choices:
    """Those with a word spelled nearly like each that was typed, or beginning like it; the nearest first."""
    names = [(folded(text), (key, text)) for key, text in choices]
    known = {word for name, _ in names for word in name.split()}
    wanted = list(dict.fromkeys(typed.split()))[:MOST_WORDS]
    alike = [_alike(word[:LONGEST_WORD], known) for word in wanted]
    ranked = []
    for name, choice in names:
        best = [max((each.get(word, 0.0) for word in name.split()), default=0.0) for each in alike]
        if best and min(best) >= NEAR:
            ranked.append((-sum(best), name, choice))
    return [choice for _, _, choice in sorted(ranked)[:MOST_NEAR]]


def _alike(typed: str, words: Iterable[str]) -> dict[str, float]:
    """How alike each word is to what was typed, as a whole or as its beginning: those that are NEAR."""
    matcher, found = SequenceMatcher(None, "", typed), dict[str, float]()
    for word in words:
        for part in {word, word[: len(typed)]}:
            matcher.set_seq1(part)
            # The two quick bounds spare most words the exact comparison.
            if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR:
                found[word] = max(found.get(word, 0.0), matcher.ratio())
    return found
