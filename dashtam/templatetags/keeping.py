"""`{% load keeping %}`: parts of pages that are written once for as long as what they show stays the same."""

from typing import Any

import msgspec
from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils.safestring import SafeString

from dashtam.ui.kept import Parts

register = template.Library()

PARTS = 128  # of 20 to 60 kB
_parts = Parts(PARTS)


class KeptPart(template.Node):
    """The part between the tags, and the values that it is made of."""

    def __init__(self, inside: NodeList, shown: list[FilterExpression]) -> None:
        self.inside = inside
        self.shown = shown

    def render(self, context: template.Context) -> SafeString:
        """Write the part, or take it as it was written for equal values."""
        values = [each.resolve(context) for each in self.shown]
        return _parts.get((self, _key(values)), lambda: self.inside.render(context))


@register.tag
def keep(parser: Parser, token: Token) -> KeptPart:
    """`{% keep transactions caption %}…{% endkeep %}`: name all that the part shows, also what its includes do.

    Nothing in it may depend on anything else: not on the time, the person, the request or a token of a form.
    """
    _, *names = token.split_contents()
    inside = parser.parse(("endkeep",))
    parser.delete_first_token()
    return KeptPart(inside, [parser.compile_filter(name) for name in names])


def _text(value: Any) -> Any:
    """A form for what msgspec does not know: markup, which is another thing than a text of the same characters."""
    if isinstance(value, str):
        return msgspec.msgpack.Ext(int(isinstance(value, SafeString)), value.encode())
    raise NotImplementedError(type(value).__name__)


_key = msgspec.msgpack.Encoder(enc_hook=_text).encode  # of a decimal, with all the digits that are shown
