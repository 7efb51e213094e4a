"""Charts of bars: well-formed, on one scale, with every amount in words."""

from decimal import Decimal
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from dashtam.ui.bar_charts import Bar, flow_chart, share_bar

SVG = "{http://www.w3.org/2000/svg}"
BARS = [
    Bar("Oct", "October 2026", Decimal(2000), Decimal(-1000)),
    Bar("Nov", "November <2026>", Decimal(1000), Decimal("-1500.50")),
]


def drawn(bars: list[Bar], width: int = 640) -> Element:
    chart = flow_chart(bars, title="In & out", description="Two months.", currency="USD", width=width)
    parsed: Element = fromstring(str(chart))
    return parsed


def rects(chart: Element, kind: str) -> list[tuple[float, float]]:
    found = [each for each in chart.iter(f"{SVG}rect") if each.get("class") == kind]
    return [(float(str(each.get("y"))), float(str(each.get("height")))) for each in found]


def test_t07_money_in_stands_above_zero_and_money_out_below_on_one_scale() -> None:
    chart = drawn(BARS)
    (first_in, second_in), (first_out, second_out) = rects(chart, "bar-in"), rects(chart, "bar-out")
    assert abs(first_in[0] + first_in[1] - first_out[0]) < 0.2
    assert abs(first_in[1] / second_in[1] - 2) < 0.01
    assert abs(first_in[1] / first_out[1] - 2) < 0.01
    assert second_out[1] > first_out[1]


def test_t07_the_chart_says_its_numbers_and_escapes_names() -> None:
    chart = drawn(BARS)
    assert chart.get("role") == "img"
    assert chart.findtext(f"{SVG}title") == "In & out"
    words = [each.text for each in chart.iter(f"{SVG}text")]
    assert "October 2026: +$2,000.00, −$1,000.00" in words
    assert "November <2026>: +$1,000.00, −$1,500.50" in words
    assert {"USD", "Oct", "Nov"} <= set(words)


def test_t07_labels_that_have_no_room_are_left_out() -> None:
    many = [Bar("Nov", f"Month {n}", Decimal(n), Decimal(-1)) for n in range(1, 61)]
    labels = [each for each in drawn(many, width=340).iter(f"{SVG}text") if each.get("class") == "chart-day"]
    assert 5 < len(labels) < 15


def test_t07_nothing_in_or_out_is_said() -> None:
    assert "No money in or out" in str(
        flow_chart(
            [Bar("Nov", "November", Decimal(0), Decimal(0))], title="t", description="d", currency="USD"
        )
    )


def test_t07_a_share_never_leaves_its_bar() -> None:
    for share, length in {"0.25": "100.0", "-0.1": "0.0", "1.7": "400.0"}.items():
        assert f'class="share__part" width="{length}"' in share_bar(Decimal(share))
