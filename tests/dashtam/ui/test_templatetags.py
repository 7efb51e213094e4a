import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.signals import template_rendered
from django.urls import path

from dashtam.errors import FieldError, ValidationFailed
from dashtam.templatetags.dashtam_ui import STATES
from dashtam.ui import formats
from dashtam.ui.icons import ICONS

MINUS = "\N{MINUS SIGN}"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ANA = SimpleNamespace(name="Ana <Moreira>", email="ana@example.org")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


PAGES = (
    "dashboard", "connections", "connection-new", "import-new", "settings-profile", "settings-security",
    "settings-sessions", "sign-in", "sign-up", "sign-out",
)  # fmt: skip
urlpatterns = [path(f"{name}/", page, name=name) for name in PAGES]
urlpatterns.append(path("account/<str:id>/", page, name="account"))
pytestmark = pytest.mark.urls(__name__)


class Profile(forms.Form):
    email = forms.EmailField(help_text="We <never> share it.")
    new_password = forms.CharField(widget=forms.PasswordInput)
    often = forms.ChoiceField(choices=[("day", "Daily"), ("week", "Weekly")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="I agree")
    note = forms.CharField(widget=forms.Textarea, required=False)


def show(source: str, **context: Any) -> str:
    return Template("{% load dashtam_ui %}" + source).render(Context(context))


def plain(markup: str) -> str:
    """The visible text, without words for screen readers alone."""
    return re.sub(r"<[^>]+>", "", re.sub(r'<span class="visually-hidden">.*?</span>', "", markup)).strip()


@pytest.mark.parametrize(
    ("amount", "currency", "seen", "heard"),
    [
        (Decimal("-1234.5"), "USD", f"{MINUS}$1,234.50", "minus 1,234.50 US dollars"),
        (Decimal(120000), "JPY", "¥120,000", "120,000 Japanese yen"),
        (Decimal("1.2345"), "KWD", "KWD\N{NO-BREAK SPACE}1.234", "1.234 KWD"),
        ("-0.001", "EUR", "€0.00", "0.00 euros"),
        ("-0.00002500", "BTC", f"{MINUS}BTC\N{NO-BREAK SPACE}0.000025", "minus 0.000025 BTC"),
        (Decimal(52300), "chase:points", "chase:points\N{NO-BREAK SPACE}52,300", "52,300 chase:points"),
        (
            Decimal("98765432109876543210987654321.01"),
            "GBP",
            "£98,765,432,109,876,543,210,987,654,321.01",
            None,
        ),
    ],
)
def test_money_is_exact_grouped_and_spoken(amount: Any, currency: str, seen: str, heard: str | None) -> None:
    markup = show("{% money amount currency %}", amount=amount, currency=currency)
    assert plain(markup) == seen
    assert heard is None or f'<span class="visually-hidden">{heard}</span>' in markup


def test_money_keeps_the_exact_value_for_programs() -> None:
    assert 'value="-1234.56789"' in show('{% money "-1234.56789" "USD" %}')


def test_t11_dots_stand_between_words_and_nobody_s_words_are_cut_at_them() -> None:
    markup = show("{% dotted %}{{ name }} &middot; <b>read</b>{% enddotted %}", name="A · B &middot; C")
    assert plain(markup) == "A · B &amp;middot; C · read"
    assert markup.count('class="dot"') == 1


def test_signed_money_shows_a_plus_as_well() -> None:
    assert plain(show('{% money "12" "USD" signed=True %}')) == "+$12.00"
    assert plain(show('{% money "0" "USD" signed=True %}')) == "$0.00"


def test_a_price_may_have_more_places() -> None:
    assert plain(show('{% money "0.00421" "USD" places=5 %}')) == "$0.00421"


def test_an_unknown_amount_is_said_to_be_unavailable() -> None:
    assert "not available" in show('{% money None "USD" %}')
    assert "not available" in show("{% quantity None %}")


def test_a_float_is_refused_as_money() -> None:
    with pytest.raises(TypeError, match="never float"):
        show('{% money amount "USD" %}', amount=0.1)


@pytest.mark.parametrize(
    ("amount", "seen"),
    [
        ("104.250000", "104.25"),
        ("1200", "1,200"),
        ("-0.00052", f"{MINUS}0.00052"),
        ("0E-8", "0"),
        ("-0.0", "0"),
    ],
)
def test_a_quantity_shows_all_its_digits_and_no_more(amount: str, seen: str) -> None:
    assert plain(show("{% quantity amount %}", amount=Decimal(amount))) == seen


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-20, "just now"), (-60, "1 minute ago"), (-3599, "59 minutes ago"), (-7200, "2 hours ago"),
        (-86400, "1 day ago"), (-7 * 86400, "3 Mar 2026"), (50, "in 1 minute"), (12 * 86400, "in 12 days"),
        (40 * 86400, "19 Apr 2026"),
    ],
)  # fmt: skip
def test_moments_read_as_people_say_them(seconds: int, words: str) -> None:
    assert formats.relative_text(NOON + timedelta(seconds=seconds), NOON) == words


def test_a_moment_carries_its_absolute_time() -> None:
    markup = show("{% when moment %}", moment=NOON - timedelta(days=400))
    assert 'datetime="2025-02-03T12:00:00Z"' in markup
    assert 'title="3 Feb 2025, 12:00 UTC"' in markup
    assert plain(markup) == "3 Feb 2025"


@pytest.mark.parametrize(
    ("zone", "title", "day"),
    [
        ("Asia/Tokyo", "4 Feb 2025, 05:30 JST", "4 Feb 2025"),
        ("America/Sao_Paulo", "3 Feb 2025, 17:30 UTC-03", "3 Feb 2025"),
        ("Mars/Olympus", "3 Feb 2025, 20:30 UTC", "3 Feb 2025"),
        ("../etc/passwd", "3 Feb 2025, 20:30 UTC", "3 Feb 2025"),
    ],
)
def test_a_moment_is_told_in_the_reader_s_time_zone(zone: str, title: str, day: str) -> None:
    reader, moment = SimpleNamespace(time_zone=zone), datetime(2025, 2, 3, 20, 30, tzinfo=UTC)
    for source in ("{% when moment %}", '{% when moment "date" %}'):
        markup = show(source, moment=moment, user=reader)
        assert 'datetime="2025-02-03T20:30:00Z"' in markup
        assert f'title="{title}"' in markup
        assert plain(markup) == day
    assert plain(show('{% when moment "moment" %}', moment=moment, user=reader)) == title
    assert f'title="{title}"' in show("{% as_of moment %}", moment=moment, user=reader)


def test_a_day_has_no_time_and_never_is_said_in_words() -> None:
    assert show("{% when day %}", day=date(2026, 3, 9)) == '<time datetime="2026-03-09">9 Mar 2026</time>'
    assert plain(show('{% when None never="Not used yet" %}')) == "Not used yet"


def test_a_balance_says_when_it_was_true_and_when_it_is_stale() -> None:
    now = datetime.now(UTC)
    assert plain(show("{% as_of moment %}", moment=now - timedelta(hours=2))) == "as of 2 hours ago"
    assert plain(show("{% as_of moment %}", moment=now - timedelta(hours=30))) == "as of 1 day ago"
    overdue = show("{% as_of moment stale=overdue %}", moment=now - timedelta(hours=30), overdue=True)
    assert plain(overdue) == "as of 1 day agoStale"
    assert plain(show("{% as_of None %}")) == "balance not known"


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_words_and_a_shape(state: str) -> None:
    markup = show("{% badge state %}", state=state)
    assert plain(markup) == STATES[state][0]
    assert "<svg" in markup


def test_connection_states_differ_in_words_and_shape() -> None:
    states = ("active", "expiring", "degraded", "reauth_required", "pending", "revoked", "disconnected")
    assert len({STATES[state][0] for state in states}) == len({STATES[state][1] for state in states}) == 7


def test_an_unknown_state_is_still_readable() -> None:
    assert plain(show('{% badge "on_hold" %}')) == "On hold"


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in show('{% icon "bank" %}')
    assert 'role="img" aria-label="Bank"' in show('{% icon "bank" label="Bank" %}')


def test_a_field_is_tied_to_its_hint_and_error_and_keeps_what_was_typed() -> None:
    markup = show('{% field form.email autocomplete="email" %}', form=Profile({"email": 'ana@"x'}))
    control = re.search(r"<input[^>]*>", markup)[0]  # type: ignore[index]
    assert 'value="ana@&quot;x"' in control
    assert 'autocomplete="email"' in control
    assert 'aria-invalid="true"' in control
    assert 'aria-describedby="id_email-hint id_email-error"' in control
    assert 'id="id_email-hint"' in markup
    assert 'id="id_email-error"' in markup
    assert '<label for="id_email">' in markup
    assert "We &lt;never&gt; share it." in markup


def test_a_clean_field_points_at_nothing_that_is_not_there() -> None:
    markup = show("{% field form.note optional=True %}", form=Profile())
    assert "aria-describedby" not in markup
    assert "(optional)" in markup


def test_a_password_is_never_shown_again_and_says_which_it_is() -> None:
    markup = show(
        "{% field form.new_password strength=True %}", form=Profile({"new_password": "hunter2 hunter2"})
    )
    assert "hunter2" not in markup
    assert 'autocomplete="new-password"' in markup
    assert 'data-show-password="id_new_password"' in markup
    assert 'aria-describedby="id_new_password-strength"' in markup


def test_a_group_of_choices_is_a_fieldset_with_a_legend() -> None:
    markup = show("{% field form.often %}", form=Profile({}))
    assert re.search(r'<fieldset[^>]*aria-describedby="id_often-error"', markup)
    assert "<legend>Often</legend>" in markup


def test_the_error_summary_takes_focus_and_leads_to_each_field() -> None:
    markup = show("{% error_summary form %}", form=Profile({"email": "ana@example.org"}))
    assert 'tabindex="-1" autofocus' in markup
    assert 'href="#id_new_password"' in markup
    assert 'href="#id_email"' not in markup


def test_the_error_summary_is_absent_while_nothing_is_wrong() -> None:
    assert show("{% error_summary form %}", form=Profile()).strip() == ""


def test_what_people_typed_is_escaped_inside_blocks() -> None:
    evil = "<script>x</script>"
    for source in (
        '{% notice "info" title=evil %}{{ evil }}{% endnotice %}',
        "{% table evil %}<tr><td>{{ evil }}</td></tr>{% endtable %}",
        '{% account_group evil %}{% include "components/account_row.html" with name=evil institution=evil %}'
        "{% endaccount_group %}",
        "{% badge evil %}{% money 1 evil %}{% icon 'bank' label=evil %}",
    ):
        markup = show(source, evil=evil)
        assert evil not in markup
        assert "&lt;script&gt;" in markup


def test_a_chart_comes_with_its_numbers_as_a_table_newest_first() -> None:
    points = [(date(2026, 3, 1), Decimal(10)), (date(2026, 3, 2), None)]
    markup = show('{% line_chart points title="Net worth" description="d" currency="USD" %}', points=points)
    assert markup.count("<svg") == 2
    assert markup.index("2 Mar 2026</time>") < markup.index("1 Mar 2026</time>")
    assert "not available" in markup


def test_s04_charts_of_the_same_numbers_are_drawn_once_and_of_others_anew() -> None:
    def shown(*amounts: str | None, currency: str = "USD") -> tuple[str, bool]:
        drawn: list[Any] = []
        points = [(date(2026, 4, n), each and Decimal(each)) for n, each in enumerate(amounts, 1)]
        with captured(drawn):
            line = '{% line_chart points title="Kept" description="d" currency=currency %}'
            markup = show(line, points=points, currency=currency)
        return markup, "components/chart.html" in drawn

    first, other = shown("1.0", None), shown("1.00", None)
    assert (first[1], other[1]) == (True, True)  # equal, and shown differently
    assert shown("1.0", None) == (first[0], False)
    assert shown("1.00", None) == (other[0], False)
    assert first[0] != other[0]
    assert shown("1.0", "2")[1]
    assert shown("1.0", None, currency="EUR")[1]
    line = '{% sparkline values title="t" %}'
    assert show(line, values=[Decimal(1), None, Decimal(3)]) == show(
        line, values=[Decimal(1), None, Decimal(3)]
    )
    assert show(line, values=[Decimal(1), Decimal(3)]) != show(line, values=[Decimal(3), Decimal(1)])


def test_s04_a_row_that_is_kept_is_the_row_that_is_included() -> None:
    shared = "name=name institution=name mask='0042' currency='USD' as_of=moment stale=stale icon='card'"
    shared += (
        " state='expiring' trend=trend balance=balance hidden=True counted=False lacks='without its cash'"
    )
    tag = f'{{% account_row "account" "7" {shared} %}}'
    inclusion = (
        f'{{% url "account" "7" as to %}}{{% include "components/account_row.html" with url=to {shared} %}}'
    )
    told = []
    for balance in ("10.0", "10.00", None, "10.0"):
        for name, stale, trend in (("<b>", True, None), ("Ana", False, [Decimal(1), None, Decimal("1.0")])):
            given = {"name": name, "stale": stale, "trend": trend, "balance": balance, "moment": NOON}
            told.append(show(tag, **given))
            assert told[-1] == show(inclusion, **given)
    assert len(set(told)) == 6


@contextmanager
def captured(names: list[Any]) -> Iterator[None]:
    """Note the names of the templates that are rendered."""

    def note(template: Any, **_: Any) -> None:
        names.append(template.name)

    template_rendered.connect(note)
    yield
    template_rendered.disconnect(note)


def framed(source: str, **context: Any) -> str:
    request = RequestFactory().get("/settings-security/")
    return Template('{% extends "base.html" %}' + source).render(Context({"request": request, **context}))


def test_a_signed_in_person_gets_the_rail_with_their_place_marked() -> None:
    markup = framed("", user=ANA)
    assert 'data-live="/ws/events"' in markup
    assert re.search(r'href="/settings-profile/" aria-current="true"', markup)
    assert '<form method="post" action="/sign-out/">' in markup
    assert "Ana &lt;Moreira&gt;" in markup


def test_a_stranger_gets_no_navigation_and_no_live_events() -> None:
    markup = framed("", user=None)
    assert "data-live" not in markup
    assert "sign-out" not in markup
    assert 'class="gate"' in markup


def test_the_title_says_when_a_form_needs_mending() -> None:
    markup = framed("{% block title %}Profile{% endblock %}", form=Profile({}))
    assert "<title>Error: Profile – Dashtam</title>" in markup


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_every_error_page_renders_without_any_context(status: int) -> None:
    markup = render_to_string(f"errors/{status}.html")
    assert f"Error {status}" in markup
    assert "request id" not in markup.lower()


def test_a_refused_address_says_what_is_wrong_with_it_and_leads_back() -> None:
    error = ValidationFailed(errors=[FieldError("cursor", "invalid_cursor", "This <page> mark is not ours.")])
    markup = render_to_string("errors/400.html", {"error": error, "back": "/accounts/1"})
    assert "<li>This &lt;page&gt; mark is not ours.</li>" in markup
    assert 'href="/accounts/1">Back to the page</a>' in markup


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_every_error_page_names_the_request(status: int) -> None:
    assert "9f2c11ab" in render_to_string(f"errors/{status}.html", {"request_id": "9f2c11ab"})


@pytest.fixture
def style_guide() -> str:
    now = datetime.now(UTC)
    points = [(date(2026, 3, 1) + timedelta(days=day), Decimal(100 + day)) for day in range(90)]
    context = {
        "user": ANA, "form": Profile({"often": "hourly"}), "filter_form": Profile(prefix="filter"),
        "confirm_form": Profile(prefix="confirm"), "points": points, "gaps": points[:30], "flat": points[:1],
        "trend": [amount for _, amount in points], "assets": Decimal(10), "liabilities": Decimal(-4),
        "recent": now, "old": now - timedelta(days=3), "soon": now + timedelta(days=12), "icons": ICONS,
        "ranges": [{"url": "?range=1m", "text": "1M", "long": "1 month", "current": True}],
        "will": ["It ends."], "will_not": ["It stays."], "facts": [("State", "Active")],
    }  # fmt: skip
    return render_to_string("styleguide.html", context, request=RequestFactory().get("/dashboard/"))


def test_no_component_needs_more_than_the_content_policy_allows(style_guide: str) -> None:
    assert not re.search(r"<[^>]+\s(style|on\w+)=", style_guide)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|javascript:", style_guide)


def test_every_id_is_unique_and_every_reference_finds_its_target(style_guide: str) -> None:
    ids = Counter(re.findall(r'\sid="([^"]+)"', style_guide))
    assert [name for name, count in ids.items() if count > 1] == []
    referred = re.findall(
        r'\s(?:for|aria-labelledby|aria-describedby|data-copy|data-show-password)="([^"]+)"', style_guide
    )
    assert {name for names in referred for name in names.split()} <= set(ids)


def test_t08_every_icon_is_used_on_a_page() -> None:
    root = Path(__file__).resolve().parents[3]
    places = [
        root / "templates",
        root / "dashtam/templatetags",
        root / "providers/pages",
        root / "accounts/pages",
    ]
    files = [file for place in places for file in place.rglob("*.*") if file.suffix in (".html", ".py")]
    text = "\n".join(file.read_text() for file in files if file.name != "styleguide.html")
    assert [name for name in ICONS if f'"{name}"' not in text and f"'{name}'" not in text] == []


def test_every_icon_is_drawn(style_guide: str) -> None:
    assert all(f'aria-label="{name}"' in style_guide for name in ICONS)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        ("0", "0.0%"),
        ("0.0004", "< 0.1%"),
        ("0.0005", "< 0.1%"),
        ("0.0006", "0.1%"),
        ("-0.0001", f"> {MINUS}0.1%"),
        ("0.125", "12.5%"),
    ],
)
def test_t11_a_share_that_is_not_nothing_never_reads_as_nothing(share: str, text: str) -> None:
    assert formats.share_text(Decimal(share)) == text


def test_t14_an_amount_without_a_currency_has_its_decimals_and_no_gap() -> None:
    told = plain(show('{% money "-4.5" "" %} {% money "1200" "" signed=True %} {% money "0.125" "" %}'))
    assert told == f"{MINUS}4.50 +1,200.00 0.125"
