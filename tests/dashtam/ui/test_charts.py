import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashtam.ui import axes, charts
from dashtam.ui.formats import compact_text

SVG = "{http://www.w3.org/2000/svg}"
amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=2)
maybe_amounts = st.none() | amounts | st.sampled_from([Decimal("NaN"), Decimal("Infinity")])
words = st.text(max_size=40)


@st.composite
def series(draw: st.DrawFn) -> list[charts.Point]:
    days = draw(st.lists(st.dates(), max_size=40, unique=True))
    return [(day, draw(maybe_amounts)) for day in sorted(days)]


def draw_chart(points: list[charts.Point], title: str = "Net worth", width: int = 640) -> ElementTree.Element:
    svg = charts.line_chart(points, title=title, description="In dollars.", currency="USD", width=width)
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def named(svg: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [element for element in svg.iter() if element.get("class") == kind]


def steady(amounts: list[str | None]) -> list[charts.Point]:
    first = date(2026, 3, 2)
    return [
        (first + timedelta(days=index), amount if amount is None else Decimal(amount))
        for index, amount in enumerate(amounts)
    ]


def places(svg: ElementTree.Element) -> list[tuple[float, float]]:
    """Every point that anything is drawn at."""
    found = []
    for element in svg.iter():
        at = {
            key: float(element.get(key, 0))
            for key in ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height")
        }
        if element is not svg:
            found += [(at["x"], at["y"]), (at["x1"], at["y1"]), (at["x2"], at["y2"]), (at["cx"], at["cy"])]
            found.append((at["x"] + at["width"], at["y"] + at["height"]))
        if path := element.get("d"):
            found += [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path)]
    return found


@given(series(), words)
def test_any_series_gives_well_formed_svg_inside_its_frame(points: list[charts.Point], title: str) -> None:
    svg = draw_chart(points, title)
    assert all(-0.05 <= x <= 640.05 and -0.05 <= y <= 240.05 for x, y in places(svg))


@given(series(), st.sampled_from([340, 640, 1200]))
def test_day_labels_never_overlap_and_stay_in_the_frame(points: list[charts.Point], width: int) -> None:
    svg = draw_chart(points, width=width)
    spans = []
    for label in named(svg, "chart-day"):
        middle, half = float(label.attrib["x"]), len(label.text or "") * axes.CHARACTER / 2
        spans.append((middle - half, middle + half))
    assert all(first[1] < second[0] for first, second in pairwise(spans))
    assert all(start >= -0.1 and end <= width + 0.1 for start, end in spans)


@given(amounts, amounts)
def test_amount_ticks_cover_the_range_in_round_steps(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    ticks, step = axes.amount_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 7
    assert {later - earlier for earlier, later in pairwise(ticks)} == {step}
    assert step.scaleb(-step.adjusted()) in {1, 2, 5}


@given(amounts, amounts)
def test_no_two_amount_labels_read_the_same(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    ticks, step = axes.amount_ticks(low, high)
    labels = [compact_text(tick, step) for tick in ticks]
    assert len(set(labels)) == len(labels)


@given(st.lists(maybe_amounts, max_size=60))
def test_a_sparkline_stays_in_its_frame(values: list[Decimal | None]) -> None:
    svg = ElementTree.fromstring(charts.sparkline(values, title="Thirty days"))  # noqa: S314 - our own output
    assert all(0 <= x <= 96 and 0 <= y <= 28 for x, y in places(svg))


def test_a_chart_carries_its_title_and_description_for_screen_readers() -> None:
    svg = draw_chart(steady(["1", "2"]), 'Owned <"now"> & owed')
    title, description = svg.findall(f"{SVG}title")[0], svg.findall(f"{SVG}desc")[0]
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == 'Owned <"now"> & owed'
    assert description.text == "In dollars."


def test_a_chart_uses_no_inline_style_or_script() -> None:
    svg = charts.line_chart(steady(["-5", "900"]), title="t", description="d", currency="EUR")
    assert "style" not in svg
    assert not re.search(r"\son\w+=", svg)
    assert "<script" not in svg


def test_two_sizes_of_one_chart_have_ids_of_their_own() -> None:
    ids = [draw_chart(steady(["1", "2"]), width=width).get("aria-labelledby") for width in (340, 640)]
    assert ids[0] != ids[1]


def test_an_empty_series_says_so_in_words() -> None:
    assert named(draw_chart([]), "chart-empty")[0].text == "No numbers for this time yet"
    assert named(draw_chart(steady([None, None])), "chart-empty")


def test_a_single_point_is_a_dot_with_round_amounts_around_it() -> None:
    svg = draw_chart(steady(["250"]))
    assert len(named(svg, "chart-single")) == 1
    assert not named(svg, "chart-line")
    assert len(named(svg, "chart-amount")) >= 3


def test_a_flat_line_runs_between_its_neighbouring_ticks() -> None:
    svg = draw_chart(steady(["120000"] * 5))
    heights = {place.split()[1] for place in re.split("[ML]", named(svg, "chart-line")[0].attrib["d"])[1:]}
    grid = [float(line.attrib["y1"]) for line in named(svg, "chart-grid")]
    assert len(heights) == 1
    assert min(grid) < float(heights.pop()) < max(grid)


def test_a_gap_breaks_the_line_in_two() -> None:
    svg = draw_chart(steady(["1", "2", None, "4", "3"]))
    assert len(named(svg, "chart-line")) == 2
    assert len(named(svg, "chart-last")) == 1


def test_a_series_that_crosses_zero_shows_the_zero_line_and_a_real_minus_sign() -> None:
    svg = draw_chart(steady(["-1500", "400"]))
    assert len(named(svg, "chart-zero")) == 1
    labels = [label.text for label in named(svg, "chart-amount")]
    assert "0" in labels
    assert "\N{MINUS SIGN}1.5k" in labels


def test_the_unit_and_compact_amounts_stand_on_the_axis() -> None:
    svg = draw_chart(steady(["10000", "12500", "14000"]))
    assert named(svg, "chart-unit")[0].text == "USD"
    assert [label.text for label in named(svg, "chart-amount")] == ["10k", "11k", "12k", "13k", "14k"]


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (5, ["2 Mar", "3 Mar", "4 Mar", "5 Mar", "6 Mar"]),
        (60, ["2 Mar", "9 Mar", "16 Mar", "23 Mar", "30 Mar", "6 Apr", "13 Apr", "20 Apr", "27 Apr"]),
        (730, ["Apr", "Jul", "Oct", "2027", "Apr", "Jul", "Oct", "2028"]),
    ],
)
def test_days_are_labelled_at_a_pace_that_fits(days: int, labels: list[str]) -> None:
    svg = draw_chart(steady(["1"] * days))
    assert [label.text for label in named(svg, "chart-day")] == labels


def test_pointing_at_a_day_shows_its_exact_amount() -> None:
    svg = draw_chart(steady(["1234.56", "-1234.56"]))
    texts = [group.findall(f"{SVG}text")[0].text for group in named(svg, "chart-hover")]
    assert texts == ["2 Mar 2026: $1,234.56", "3 Mar 2026: \N{MINUS SIGN}$1,234.56"]


def test_a_long_series_keeps_its_last_day_among_the_marks() -> None:
    groups = named(draw_chart(steady(["5"] * 1000)), "chart-hover")
    assert len(groups) <= charts.HOVER_MARKS
    assert (groups[-1].findall(f"{SVG}text")[0].text or "").startswith("25 Nov 2028")


def test_balance_bars_share_one_scale() -> None:
    svg = ElementTree.fromstring(charts.balance_bars(Decimal(1000), Decimal(-250)))  # noqa: S314 - our own output
    assert [bar.get("width") for bar in svg.iter(f"{SVG}rect")] == ["400.0", "100.0"]


def test_balance_bars_of_nothing_are_empty() -> None:
    svg = ElementTree.fromstring(charts.balance_bars(Decimal(0), Decimal(0)))  # noqa: S314 - our own output
    assert [bar.get("width") for bar in svg.iter(f"{SVG}rect")] == ["0.0", "0.0"]
