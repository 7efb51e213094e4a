"""The README shows what Dashtam looks like, light and dark, in small pictures that a command makes."""

import re

from tests import rules

README = (rules.ROOT / "README.md").read_text()
FOLDER = rules.ROOT / "docs" / "pictures"
MOST = 150_000


def shown() -> set[str]:
    return set(re.findall(r'(?:src|srcset)="(docs/pictures/[\w-]+\.webp)"', README))


def test_t11_every_picture_is_there_small_and_in_both_schemes() -> None:
    assert len(shown()) >= 6
    assert {f"docs/pictures/{path.name}" for path in FOLDER.iterdir()} == shown()
    assert [path for path in shown() if (rules.ROOT / path).stat().st_size > MOST] == []
    for path in shown():
        assert path.replace("-light", "-dark") in shown()
        assert path.replace("-dark", "-light") in shown()


def test_t11_every_picture_is_described() -> None:
    images = re.findall(r"<img [^>]+>", README)
    assert len(images) == len(shown()) / 2
    assert [tag for tag in images if not re.search(r'alt="[^"]{20,}"', tag)] == []


def test_t11_every_command_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (rules.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`(?:PORT=\d+ )?make ([a-z0-9-]+)", README)) <= targets
    assert "make pictures" in README


def test_t11_the_map_names_rooms_that_exist() -> None:
    rooms = re.search(r"## The map of rooms\n\n```\n(.*?)```", README, re.DOTALL)
    assert rooms
    app, missing = "", []
    for line in rooms[1].splitlines():
        if line and not line.startswith(" "):
            app = line.split()[0]
            missing += [] if (rules.ROOT / app).is_dir() else [app]
            continue
        named = re.findall(r"(?:^|\s)([a-z0-9]+)/", line)
        missing += [f"{app}{room}" for room in named if not any((rules.ROOT / app).rglob(room))]
    assert missing == []
