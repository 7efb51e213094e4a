"""The design system's tags: `{% load dashtam_ui %}`. templates/styleguide.html shows all of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache, partial
from html import escape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Form, PasswordInput, RadioSelect
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from dashtam.ui import bar_charts, charts, formats, kept
from dashtam.ui.formats import Amount
from dashtam.ui.icons import ICONS

register = template.Library()

# state: (words, icon, tone). Words and shape carry the meaning; colour only repeats it.
STATES = {
    "active": ("Active", "check-circle", "good"),
    "expiring": ("Expires soon", "clock", "warn"),
    "degraded": ("Trouble updating", "warning", "warn"),
    "reauth_required": ("Sign-in needed", "key", "bad"),
    "pending": ("Pending", "pending", "quiet"),
    "revoked": ("Revoked", "revoked", "bad"),
    "disconnected": ("Disconnected", "unplugged", "quiet"),
    "posted": ("Posted", "check", "quiet"),
    "queued": ("Waiting", "pending", "quiet"),
    "preview": ("To be checked", "clock", "warn"),
    "running": ("In progress", "refresh", "info"),
    "succeeded": ("Done", "check-circle", "good"),
    "partial": ("Partly done", "warning", "warn"),
    "failed": ("Failed", "error", "bad"),
    "delivered": ("Delivered", "check-circle", "good"),
    "stale": ("Stale", "clock", "warn"),
    "current": ("This device", "check-circle", "good"),
}


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> SafeString:
    """`{% icon "bank" %}`: hidden from screen readers unless it has a `label`. Names: icons.py."""
    meaning = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" {} focusable="false">{}</svg>',
        meaning,
        mark_safe(ICONS[name]),  # noqa: S308 - our own drawings
    )


@register.simple_tag
def money(
    amount: Amount | None, currency: str, *, signed: bool = False, places: int | None = None
) -> SafeString:
    """`{% money balance "USD" %}`; `signed=True` shows a plus too; no amount reads "not available"."""
    if amount is None or amount == "":
        return mark_safe('<span class="money">–<span class="visually-hidden">not available</span></span>')
    value = formats.exact(amount)
    kind = "money money--in" if signed and value > 0 else "money"
    shown, spoken = map(escape, formats.money_words(value, currency, signed=signed, places=places))
    # A page has hundreds; format_html takes three times as long.
    return mark_safe(  # noqa: S308 - numbers of ours and escaped words
        f'<data class="{kind}" value="{value:f}"><span aria-hidden="true">{shown}</span>'
        f'<span class="visually-hidden">{spoken}</span></data>'
    )


@register.simple_tag
def quantity(amount: Amount | None, unit: str = "") -> SafeString:
    """`{% quantity holding.quantity "shares" %}`: all its digits, no trailing zeros."""
    if amount is None or amount == "":
        return money(None, "")
    text = formats.quantity_text(amount)
    return format_html('<data class="money" value="{}">{}</data>', amount, f"{text} {unit}".strip())


def _zone(context: Context) -> tzinfo:
    """The time zone in the person's profile; UTC without a profile, or if this machine does not know the zone."""
    name = getattr(context.get("user"), "time_zone", "")
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


@register.simple_tag(takes_context=True)
def when(
    context: Context, moment: datetime | date | None, style: str = "relative", never: str = "Never"
) -> SafeString:
    """`{% when session.last_seen_at %}`: relative, in full on hover; or style "date" or "moment"."""
    if not moment:
        return format_html("<span>{}</span>", never)
    if not isinstance(moment, datetime):
        return mark_safe(f'<time datetime="{moment.isoformat()}">{formats.date_text(moment)}</time>')  # noqa: S308
    moment, zone = formats.aware(moment), _zone(context)
    words = {
        "relative": formats.relative_text(moment, datetime.now(UTC), zone),
        "date": formats.date_text(moment.astimezone(zone)),
        "moment": formats.moment_text(moment, zone),
    }[style]
    return mark_safe(  # noqa: S308 - a moment and words of ours
        f'<time datetime="{moment.isoformat(timespec="seconds")[:19]}Z" title="{formats.moment_text(moment, zone)}" '
        f'data-when="{style}">{words}</time>'
    )


@register.simple_tag(takes_context=True)
def as_of(context: Context, moment: datetime | None, *, stale: bool = False) -> SafeString:
    """`{% as_of balance.as_of stale=row.stale %}`: "as of …", with a Stale badge where the source is overdue."""
    if not moment:
        return mark_safe('<span class="as-of">balance not known</span>')
    late = badge("stale") if stale else ""
    return mark_safe(f'<span class="as-of"><span>as of {when(context, moment)}</span>{late}</span>')  # noqa: S308 - ours


@register.simple_tag
def badge(state: str, text: str = "") -> SafeString:
    """`{% badge connection.state %}`: words and a shape; `text` replaces the words."""
    words, shape, tone = STATES.get(state, (state.replace("_", " ").capitalize(), "info", "quiet"))
    return format_html('<span class="badge badge--{}">{}{}</span>', tone, icon(shape), text or words)


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, hint: str = "", *, optional: bool = False, strength: bool = False, **attrs: str
) -> dict[str, Any]:
    """`{% field form.email autocomplete="email" %}`: label, hint, error and control, tied together by id."""
    widget, name = bound.field.widget, bound.auto_id or bound.html_name
    hint = hint or str(bound.help_text)
    notes = {f"{name}-hint": hint, f"{name}-error": bound.errors, f"{name}-strength": strength}
    attrs = {key.replace("_", "-"): value for key, value in attrs.items()}
    if described := " ".join(key for key, value in notes.items() if value):
        attrs["aria-describedby"] = described
    kind = next((kind for kind, types in _KINDS.items() if isinstance(widget, types)), "text")
    if kind == "password" and "autocomplete" not in attrs:
        attrs["autocomplete"] = "new-password" if "new" in bound.name else "current-password"
    group_notes = described if kind == "group" else ""
    control = bound.as_widget() if kind == "group" else bound.as_widget(attrs={**attrs})
    return {
        "bound": bound, "id": name, "hint": hint, "lines": hint.splitlines(),
        "optional": optional, "strength": strength, "kind": kind, "control": control, "group_notes": group_notes,
    }  # fmt: skip


_KINDS: dict[str, tuple[type, ...]] = {
    "checkbox": (CheckboxInput,),
    "group": (RadioSelect, CheckboxSelectMultiple),
    "password": (PasswordInput,),
}


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: Form, title: str = "There is a problem") -> dict[str, Any]:
    """`{% error_summary form %}` above the form: lists the errors, links to their fields, takes focus."""
    fields = [bound for bound in form if bound.errors] if form.is_bound else []
    return {"title": title, "general": form.non_field_errors() if form.is_bound else [], "fields": fields}


@register.simple_block_tag
def notice(content: str, tone: str = "info", title: str = "") -> SafeString:
    """`{% notice "warning" title="…" %}…{% endnotice %}`; tones: info, success, warning, danger."""
    shape = {"info": "info", "success": "check-circle", "warning": "warning", "danger": "error"}[tone]
    context = {"tone": tone, "icon": shape, "title": title, "body": content}
    return render_to_string("components/notice.html", context)


@register.simple_block_tag
def dotted(content: str) -> SafeString:
    """`{% dotted %}one &middot; two{% enddotted %}`: words with dots between them, none where a line ends."""
    first, *rest = map(mark_safe, content.split(" &middot; "))
    more = format_html_join("", '<span><span class="dot"> · </span>{}</span>', ((each,) for each in rest))
    return format_html('<span class="dotted"><span>{}</span>{}</span>', first, more)


@register.simple_block_tag
def table(content: str, caption: str, *, cards: bool = False, show_caption: bool = False) -> SafeString:
    """`{% table "Transactions" cards=True %}<thead>…<tbody>…{% endtable %}`.

    Wide tables scroll inside a region that takes focus. With `cards`, rows become cards on phones; give every
    cell but the first `data-label="Column"`. Number columns: class "num" on th and td.
    """
    context = {"caption": caption, "cards": cards, "show_caption": show_caption, "body": content}
    return render_to_string("components/table.html", context)


@register.simple_block_tag
def account_group(
    content: str,
    title: str,
    subtotal: Amount | None = None,
    currency: str = "",
    *,
    count: int = 0,
    open: bool = True,
) -> SafeString:
    """`{% account_group "Cash" subtotal=total currency="USD" count=2 %}` around account_row.html includes.

    It folds; with `open=False` it begins folded. The browser remembers by the title how a person left it.
    """
    context = {
        "id": f"group-{slugify(title)}", "title": title, "subtotal": subtotal, "currency": currency,
        "count": count, "open": open, "body": content,
    }  # fmt: skip
    return render_to_string("components/account_group.html", context)


@register.simple_tag(takes_context=True)
def account_row(context: Context, view: str, id: object, **parameters: Any) -> SafeString:
    """`{% account_row "account" account.id name=… %}`: an account_row.html that leads to this view of this id."""
    moment, stale = parameters.pop("as_of", None), bool(parameters.pop("stale", False))
    balance, trend = parameters.pop("balance", None), parameters.pop("trend", None) or ()
    dated = as_of(context, moment, stale=stale)
    return kept.account_row(view, id, dated=dated, balance=balance, trend=trend, **parameters)


@register.simple_tag
def line_chart(
    points: Sequence[tuple[date, Decimal | None]], title: str, description: str, currency: str
) -> SafeString:
    """`{% line_chart series title="…" description="…" currency="USD" %}`: two drawings and a table."""
    return kept.line_chart(points, title, description, currency)


@register.inclusion_tag("components/flow_chart.html")
def flow_chart(
    bars: Sequence[bar_charts.Bar], title: str, description: str, currency: str
) -> dict[str, SafeString]:
    """`{% flow_chart bars title="…" description="…" currency="USD" %}`: two drawings; put a table beside them."""
    draw = partial(bar_charts.flow_chart, bars, title=title, description=description, currency=currency)
    return {"wide": draw(), "narrow": draw(width=340, height=210)}


@register.simple_tag
def share_bar(share: Decimal) -> SafeString:
    """`{% share_bar row.share %}`: a bar from 0 to 1, hidden from screen readers."""
    return bar_charts.share_bar(share)


@register.simple_tag
def sparkline(values: Sequence[Decimal | None], title: str) -> SafeString:
    """`{% sparkline account.recent title="Balance over 30 days" %}`."""
    return kept.sparkline(values, title)


@register.inclusion_tag("components/balance.html")
def balance_bars(assets: Amount, liabilities: Amount, currency: str) -> dict[str, Any]:
    """`{% balance_bars assets liabilities "USD" %}`: assets and liabilities on one scale."""
    owned, owed = formats.exact(assets), formats.exact(liabilities)
    return {
        "bars": charts.balance_bars(owned, owed),
        "owned": owned,
        "owed": -abs(owed),
        "currency": currency,
    }
