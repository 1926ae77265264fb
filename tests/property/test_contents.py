"""Generated wheels: nothing gets to a protected path, and no honest wheel is refused."""

from __future__ import annotations

import configparser
import sys
from importlib.metadata import distributions

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.contents import (
    Ground,
    content_faults,
    destinations,
    metadata_entries,
    name_faults,
    script_names,
    spelling,
)
from rim_router.rules.names import normalise

LAYOUT = {
    "purelib": "/env/lib/python3.13/site-packages",
    "platlib": "/env/lib64/python3.13/site-packages",
    "headers": "/env/include/gift",
    "scripts": "/env/bin",
    "data": "/env",
}
LIBRARIES = (LAYOUT["purelib"], LAYOUT["platlib"])
ROOTS = ("/env", "/env/bin", *LIBRARIES)
GROUND = Ground(frozenset(ROOTS), frozenset(LIBRARIES))
AT_ROOTS = (
    "index-routing.toml",
    "pylock.external.toml",
    "pip.conf",
    "pip.ini",
    "pyvenv.cfg",
    ".git/HEAD",
    ".hg/store",
)
AT_LIBRARIES = (
    "rim_router.pth",
    "rim_router/__init__.py",
    "rim_router-1.dist-info/METADATA",
    "acme_core-9.dist-info/METADATA",
    "acme_core.egg-info/PKG-INFO",
)
PROTECTED = [*(f"{root}/{name}" for root in ROOTS for name in AT_ROOTS)]
PROTECTED += [f"{library}/{name}" for library in LIBRARIES for name in AT_LIBRARIES]

noise = st.sampled_from(["", "./", "x/../", "/", "././", "a/b/../../"])


@st.composite
def spelt(draw: st.DrawFn, path: str) -> str:
    """A path in other letters, with detours."""
    flips = draw(st.lists(st.booleans(), min_size=len(path), max_size=len(path)))
    text = "".join(each.swapcase() if flip else each for each, flip in zip(path, flips))
    return "/".join(draw(noise) + part if part else part for part in text.split("/"))


@st.composite
def ways(draw: st.DrawFn) -> tuple[str, str]:
    """A protected path, and an entry of a wheel that pip writes there."""
    target = draw(st.sampled_from(PROTECTED))
    bases = [("", library) for library in LIBRARIES] + list(LAYOUT.items())
    scheme, base = draw(st.sampled_from([each for each in bases if target.startswith(each[1] + "/")]))
    # The letters of directories that are there keep their case: in others pip would write elsewhere.
    name = next(each for each in (*AT_ROOTS, *AT_LIBRARIES) if target.endswith("/" + each))
    kept = target[len(base) + 1 : -len(name)]
    prefix = f"gift-1.0.data/{draw(noise)}{scheme}/" if scheme else ""
    return target, prefix + kept + draw(spelt(name)).lstrip("/")


@given(ways(), st.lists(st.sampled_from(["gift.py", "gift/data.txt", "gift-1.0.dist-info/RECORD"])))
def test_nothing_gets_to_a_protected_path(way: tuple[str, str], others: list[str]) -> None:
    """Whatever the scheme, the letters and the detours."""
    target, entry = way
    placed = destinations([*others, entry], LAYOUT)
    assert spelling(target) in {spelling(path) for _, path in placed}
    assert content_faults("gift", placed, GROUND)


def real_records() -> list[tuple[str, list[str]]]:
    """What the distributions that this interpreter has were installed with."""
    records = []
    for distribution in distributions():
        files = [str(file) for file in distribution.files or []]
        if (
            files
            and distribution.metadata["Name"]
            and normalise(distribution.metadata["Name"]) != "rim-router"
        ):
            records.append((normalise(distribution.metadata["Name"]), files))
    return records


def test_real_distributions_are_let_through() -> None:
    """Installed ones, by the list of what was written for them."""
    records = real_records()
    assert len(records) > 10
    library = f"{sys.prefix}/lib/python3.13/site-packages"
    layout = {
        **LAYOUT,
        "purelib": library,
        "platlib": library,
        "data": sys.prefix,
        "scripts": f"{sys.prefix}/bin",
    }
    ground = Ground(frozenset({spelling(sys.prefix), spelling(library)}), frozenset({spelling(library)}))
    for project, files in records:
        placed = destinations(files, layout)
        assert content_faults(project, placed, ground) == [], project
        metadata = metadata_entries(placed, ground)
        assert name_faults(project, [(entry, where, [project]) for entry, where in metadata]) == [], project


@pytest.mark.parametrize(
    ("project", "entries"),
    [
        ("setuptools", ["distutils-precedence.pth", "setuptools/_vendor/wheel-0.45.1.dist-info/METADATA"]),
        (
            "pywin32",
            ["pywin32.pth", "win32/lib/win32con.py", "pywin32-311.data/scripts/pywin32_postinstall.py"],
        ),
        (
            "jupyterlab",
            ["jupyterlab-4.data/data/etc/jupyter/x.json", "jupyterlab-4.data/data/share/jupyter/y"],
        ),
        ("numpy", ["numpy.libs/libopenblas.so", "numpy/_core/include/numpy/arrayobject.h"]),
        ("greenlet", ["greenlet-3.data/headers/greenlet.h"]),
        (
            "backports-zoneinfo",
            ["backports/zoneinfo/__init__.py", "backports.zoneinfo-0.2.1.dist-info/METADATA"],
        ),
        ("protobuf", ["protobuf-3.20-py3.9-nspkg.pth", "google/protobuf/__init__.py"]),
        (
            "poorly-packed",
            ["tests/__init__.py", "docs/conf.py", "LICENSE", ".gitignore", "setup.cfg", "README.md"],
        ),
        ("ruff", ["ruff-0.15.data/scripts/ruff"]),
        ("cmake", ["cmake/data/bin/cmake", "cmake/data/share/pip.conf"]),
    ],
)
def test_shapes_of_well_known_wheels_are_let_through(project: str, entries: list[str]) -> None:
    """Also sloppy ones."""
    assert content_faults(project, destinations(entries, LAYOUT), GROUND) == []


SCRIPTS = ("console_scripts", "gui_scripts")
SPELT = ["[console_scripts]", "[setuptools_scm.parse_scm]", "[DEFAULT]", "gui_scripts", ".git = a:b", "x.y"]
ENDS = ["\n", "\n", "\n[", "]\n", "\r", "\x0c", "\x1c", "\u2028"]
pieces = st.sampled_from([*SPELT, *ENDS, *"[]=:#; \t\ufeff"])


def by_configparser(text: str) -> set[str]:
    """As importlib.metadata of Python 3.9 reads them."""
    parser = configparser.ConfigParser(delimiters="=", strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return set()
    return {name for section in parser.sections() if section in SCRIPTS for name in parser[section]}


def by_lines(text: str) -> set[str]:
    """As pkg_resources and later importlib.metadata read them, whichever takes more for a header."""
    found, section = set(), ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[] ")
        elif section in SCRIPTS and "=" in line and not line.startswith("#"):
            found.add(line.partition("=")[0].strip())
    return found


class TestScriptNames:
    """The scripts that pip makes of entry points."""

    @given(st.lists(pieces, max_size=24).map("".join))
    def test_no_reader_finds_more(self, text: str) -> None:
        """However the sections and lines are written."""
        ours = set(script_names(text))
        assert by_configparser(text) <= ours
        assert by_lines(text) <= ours

    def test_other_sections(self) -> None:
        """What is not for scripts may have any name; real projects name directories of repositories."""
        text = "[setuptools_scm.parse_scm]\n.git = a:b\n\n[console_scripts]\nrun = a:c\n[x.y]\n.hg = a:d\n"
        assert list(script_names(text)) == ["run"]
