import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

THEMES = ("light", "dark")
INKS = ("ink", "ink-soft", "accent", "accent-strong")
TONES = ("good", "warn", "bad", "info")
TEXT = [
    *((ink, ground) for ink in INKS for ground in ("paper", "surface", "sunken")),
    *((tone, ground) for tone in TONES for ground in ("paper", "surface", f"{tone}-wash")),
    *(("ink", f"{tone}-wash") for tone in (*TONES, "accent")),
    ("accent-strong", "accent-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    ("on-bad", "bad-strong"),
    ("on-side", "side"),
    ("on-side-soft", "side"),
    ("paper", "ink"),
]
SHAPES = [(shape, ground) for shape in ("edge", "accent", "bad", "debt") for ground in ("paper", "surface")]


def stylesheet() -> str:
    return Path(str(finders.find("dashtam/dashtam.css"))).read_text()


def colours(theme: str) -> dict[str, str]:
    found = {}
    for name, light, dark, one in re.findall(
        r"--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));", stylesheet()
    ):
        found[name] = one or (light if theme == "light" else dark)
    return found


def luminance(colour: str) -> float:
    """WCAG 2.2 relative luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_reads_at_aa_contrast(theme: str, ink: str, ground: str) -> None:
    palette = colours(theme)
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_edges_and_marks_stand_out(theme: str, shape: str, ground: str) -> None:
    palette = colours(theme)
    assert contrast(palette[shape], palette[ground]) >= 3


def test_every_token_that_is_used_is_defined() -> None:
    css = stylesheet()
    assert set(re.findall(r"var\(--([\w-]+)\)", css)) <= set(re.findall(r"--([\w-]+):", css))


def test_colours_live_in_the_tokens_only() -> None:
    css = stylesheet()
    after_tokens = css[css.index("/* --- ground") :]
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", after_tokens)) <= {"#fff"}


def test_the_stylesheet_loads_nothing() -> None:
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()


def test_t11_mails_have_the_colours_of_the_pages() -> None:
    """A mail program loads no stylesheet, so its frame repeats the tokens."""
    frame = (Path(settings.BASE_DIR) / "templates/email/base.html").read_text()
    assert set(re.findall(r"#[0-9a-f]{6}\b", frame)) <= {
        *colours("light").values(),
        *colours("dark").values(),
    }
