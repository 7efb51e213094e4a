"""Dependencies: locked with hashes, and under permissive licences."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from packaging import tags
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from tests.rules import ROOT

UV = Path(sys.executable).parent / "uv"
# A word of each licence that asks for no more than its text being kept, or covers its own files alone.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|CNRI-Python|MPL|Mozilla Public|Unlicense|LGPL",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\bA?GPL|Affero|SSPL|BUSL|Commons Clause|Proprietary", re.IGNORECASE)
SAYS_NOTHING = {
    "axe-playwright-python": "MIT, says its licence file",
    "CurrencyConverter": "Apache 2.0, says its licence file",
    "promql-parser": "Apache 2.0, says its repository; for tests alone",
    "pyrage": "MIT, says its repository",
}


def locked() -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return [package for package in packages if package["name"] != "dashtam"]


def licence(distribution: Distribution) -> str:
    def said(name: str) -> list[str]:
        return distribution.metadata.get_all(name, [])

    kinds = [line for line in said("Classifier") if line.startswith("License ::")]
    return "; ".join(said("License-Expression") or kinds or said("License")).partition("\n")[0]


def acceptable(words: str) -> bool:
    choices = re.split(r"\bOR\b", words)  # of several, we may choose
    return any(ALLOWED.search(choice) and not FORBIDDEN.search(choice) for choice in choices)


def test_n6_every_file_that_may_be_installed_is_pinned_by_its_hash() -> None:
    assert len(locked()) > 100
    for package in locked():
        assert "registry" in package["source"], package["name"]
        files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        assert files, package["name"]
        for file in files:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]), file
            assert file["url"].startswith("https://"), file


def test_n6_every_licence_is_one_that_lets_everybody_use_dashtam() -> None:
    found = {each.metadata["Name"]: licence(each) for each in distributions()}
    assert len(found) > 100
    wrong = {name: words for name, words in found.items() if not acceptable(words)}
    assert wrong.keys() <= SAYS_NOTHING.keys(), wrong


def test_n6_a_licence_that_asks_for_more_is_noticed() -> None:
    for words in (
        "GPL-3.0-only",
        "AGPL-3.0-or-later",
        "",
        "BUSL-1.1",
        "License :: OSI Approved :: GPL (GPLv2)",
    ):
        assert not acceptable(words)
    for words in ("MIT", "GPL-2.0-only OR BSD-3-Clause", "LGPL-3.0-only", "Apache-2.0 AND BSD-2-Clause"):
        assert acceptable(words)


def test_n6_the_bill_of_materials_names_every_part_and_its_hashes() -> None:
    command = re.search(r"^sbom:.*\n\t(.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert command
    arguments = command[1].replace("> sbom.cdx.json", "").split()
    bill = json.loads(subprocess.check_output([str(UV), *arguments[1:]], cwd=ROOT, stderr=subprocess.DEVNULL))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    versions = {package["name"]: package["version"] for package in locked()}
    parts = {part["name"]: part for part in bill["components"]}
    assert {"django", "cryptography", "psycopg", "httpx"} <= parts.keys()
    assert "pytest" not in parts
    for name, part in parts.items():
        assert part["version"] == versions[name]
        assert part["purl"].startswith(f"pkg:pypi/{name}@")
        assert all(file["hashes"] for file in part["externalReferences"] if file["type"] == "distribution")


PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
MACHINES = {
    "Linux on x86-64": [f"manylinux_2_{minor}_x86_64" for minor in range(17, 37)] + ["manylinux2014_x86_64"],
    "Linux on arm64": [f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)] + ["manylinux2014_aarch64"],
    "macOS on arm64": list(tags.mac_platforms((14, 0), "arm64")),
}
SYSTEMS = {"Linux": ("linux", "posix"), "macOS": ("darwin", "posix")}


def needed(machine: str, python: tuple[int, int]) -> set[str]:
    """The packages that are installed there without developers' tools, by their edges and markers."""
    system = machine.partition(" ")[0]
    environment = {
        "sys_platform": SYSTEMS[system][0],
        "os_name": "posix",
        "platform_system": {"Linux": "Linux", "macOS": "Darwin"}[system],
        "platform_machine": {"x86-64": "x86_64"}.get(
            machine.rpartition(" ")[2], "aarch64" if system == "Linux" else "arm64"
        ),
        "python_version": "{}.{}".format(*python),
        "python_full_version": "{}.{}.0".format(*python),
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    packages: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    every = {package["name"]: package for package in packages}
    found: set[str] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [("dashtam", ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        optional = every[name].get("optional-dependencies", {})
        edges: list[dict[str, Any]] = [
            *every[name].get("dependencies", []),
            *(edge for each in extras for edge in optional.get(each, [])),
        ]
        there = [
            edge for edge in edges if "marker" not in edge or Marker(edge["marker"]).evaluate(environment)
        ]
        waiting += [(edge["name"], tuple(edge.get("extra", []))) for edge in there]
    return found - {"dashtam"}


def fits(file: str, python: tuple[int, int], platforms: list[str]) -> bool:
    wanted = {
        *tags.cpython_tags(python, platforms=platforms),
        *tags.compatible_tags(python, platforms=platforms),
    }
    return bool(parse_wheel_filename(unquote(file))[3] & wanted)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_package_has_a_wheel_for_each_python_and_machine(machine: str) -> None:
    """Nobody needs a compiler. Where this fails after an upgrade, the one before may have had them all."""
    wheels = {
        package["name"]: [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", [])]
        for package in locked()
    }
    missing = [
        (name, python)
        for python in PYTHONS
        for name in sorted(needed(machine, python))
        if not any(fits(file, python, MACHINES[machine]) for file in wheels[name])
    ]
    assert missing == []


def test_a_wheel_for_another_python_or_machine_is_noticed() -> None:
    arm = MACHINES["Linux on arm64"]
    assert fits("some-1.0-cp311-abi3-manylinux_2_28_aarch64.whl", (3, 14), arm)
    assert fits("some-1.0-py3-none-any.whl", (3, 14), arm)
    assert not fits("some-1.0-cp311-cp311-manylinux_2_28_aarch64.whl", (3, 14), arm)
    assert not fits("some-1.0-cp314-cp314-manylinux_2_28_x86_64.whl", (3, 14), arm)
    assert not fits("some-1.0-cp314-cp314-musllinux_1_2_aarch64.whl", (3, 14), arm)
