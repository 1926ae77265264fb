"""What a wheel may bring, by where pip will write it, and whose it is."""

from __future__ import annotations

import pytest

from rim_router.rules.contents import (
    Ground,
    content_faults,
    destinations,
    entries_at,
    metadata_entries,
    name_faults,
    project_of,
    removal_faults,
    spelling,
)

LIBRARY = "/env/lib/python3.13/site-packages"
LAYOUT = {
    "purelib": LIBRARY,
    "platlib": LIBRARY,
    "headers": "/env/include/site/python3.13/gift",
    "scripts": "/env/bin",
    "data": "/env",
}
GROUND = Ground(
    roots=frozenset({"/env", "/env/bin", LIBRARY, "/project"}),
    imports=frozenset({LIBRARY, "/env/lib/python313.zip"}),
    files=frozenset({"/etc/pip.conf"}),
    plugin=frozenset({"/editable/rim_router"}),
)


def faults(*entries: str, project: str = "gift", is_plugin: bool = False) -> list[str]:
    return content_faults(project, destinations(entries, LAYOUT), GROUND, is_plugin=is_plugin)


@pytest.mark.parametrize(
    "entry",
    [
        "gift-1.0.data/data/index-routing.toml",
        "gift-1.0.data/data/pylock.external.toml",
        "gift-1.0.data/data/./Index-Routing.TOML",
        "gift-1.0.data/data/share/../index-routing.toml",
        "gift-1.0.data/data//index-routing.toml",
        "gift-1.0.data//data/index-routing.toml",
        "gift-1.0.data/./data/index-routing.toml",
        "gift-1.0.data/x/../data/index-routing.toml",
        "gift-1.0.data/purelib/index-routing.toml",
        "gift-1.0.data/platlib/.git/HEAD",
        "gift-1.0.data/scripts/pyvenv.cfg",
        "gift-1.0.data/data/bin/python313._pth",
        "gift-1.0.data/data/lib/python3.13/site-packages/rim_router.pth",
        "gift-1.0.data/data/lib/python313.zip",
        "gift/../index-routing.toml",
        "index-routing.toml",
        "index-routing.toml.",
        "INDEX-routing.toml ",
        "index\u200b-routing.toml",
        "pip.ini::$DATA",
        "gift-1.0.data\\data\\index-routing.toml",
        ".hg/hgrc",
        ".git",
        "pip.conf",
        "pip.ini",
        "rim_router.pth",
        "_rim_router/gate.py",
        "rim_router/__init__.py",
        "Rim_Router/__init__.py",
        "rim_router-9.dist-info/METADATA",
        "acme_core-9.dist-info/METADATA",
        "acme_core.EGG-INFO",
        "gift.egg-link",
        "gift-1.0.egg/EGG-INFO/PKG-INFO",
        "EGG-INFO/PKG-INFO",
        "../../../../etc/pip.conf",
        "../../../../editable/rim_router/__init__.py",
    ],
)
def test_what_decides_for_others_is_found(entry: str) -> None:
    """However its path is written, by where it goes."""
    found = faults("gift.py", entry)
    assert found
    assert all(fault.startswith(f"{entry} leads to /") for fault in found)


@pytest.mark.parametrize(
    "entry",
    [
        "gift/index-routing.toml",
        "gift/.git/HEAD",
        "gift/.gitignore",
        ".gitignore",
        "gift/pip.conf",
        "gift-1.0.data/data/share/gift/index-routing.toml",
        "gift-1.0.data/purelib/gift/index-routing.toml",
        "gift-1.0.data/data/index-routing.toml.txt",
        "gift-1.0.data/data/etc/gift/pip.conf",
        "gift-1.0.data/headers/rim_router/x.h",
        "gift-1.0.dist-info/RECORD",
        "Gift-1.0.dist-info/METADATA",
        "gift.egg-info/PKG-INFO",
        "gift/_vendor/acme_core-9.dist-info/METADATA",
        "rim_routers/__init__.py",
        "gift.pth",
        "gift-1.0.data/unknown/index-routing.toml",
        "index-routing.toml/",
    ],
)
def test_what_lies_elsewhere_is_nobodys_business(entry: str) -> None:
    """It would not be in force, or pip does not write it."""
    assert faults(entry) == []


def test_the_plugin_brings_its_own_files() -> None:
    """Where the user or the table has it installed; and it may no more than others bring anything else."""
    own = ("rim_router/__init__.py", "rim_router.pth", "rim_router-9.dist-info/METADATA")
    assert faults(*own, project="rim-router", is_plugin=True) == []
    assert faults("acme_core-9.dist-info/METADATA", project="rim-router", is_plugin=True)


def test_two_libraries() -> None:
    """Into which of the two pip unpacks depends on what the wheel says of itself: both count."""
    layout = {**LAYOUT, "platlib": "/env/lib64/site-packages"}
    assert destinations(["gift.py", "gift-1.0.data/platlib/x.py"], layout) == [
        ("gift.py", f"{LIBRARY}/gift.py"),
        ("gift.py", "/env/lib64/site-packages/gift.py"),
        ("gift-1.0.data/platlib/x.py", "/env/lib64/site-packages/x.py"),
    ]


def test_files_with_an_end_in_some_directories() -> None:
    """Right there, and not below."""
    placed = destinations(["a.PTH", "below/b.pth", "gift-1.0.data/data/c.pth"], LAYOUT)
    assert entries_at(placed, GROUND.imports, ".pth") == [("a.PTH", f"{LIBRARY}/a.PTH")]


@pytest.mark.parametrize(
    ("info", "project"),
    [
        ("acme_core-1.0.dist-info", "acme-core"),
        ("Acme.Core-1.0.dist-info", "acme-core"),
        ("acme_core.egg-info", "acme-core"),
        ("acme_core-1.0-py3.13.egg-info", "acme-core"),
        ("acme-core-1.0.dist-info", "acme"),
    ],
)
def test_project_of(info: str, project: str) -> None:
    """Up to the first hyphen, as pip reads it."""
    assert project_of(info) == project


def names(*files: tuple[str, list[str]], project: str = "gift") -> list[str]:
    placed = destinations([entry for entry, _ in files], LAYOUT)
    said = dict(files)
    found = metadata_entries(placed, GROUND)
    return name_faults(project, [(entry, where, said[entry]) for entry, where in found])


def test_one_project() -> None:
    """However it is spelt; further metadata of the same project do no harm."""
    assert names(("Gift-1.0.dist-info/METADATA", ["GIFT"])) == []
    assert names(("gift-1.0.dist-info/METADATA", ["gift"]), ("gift.egg-info/PKG-INFO", ["gift"])) == []


@pytest.mark.parametrize(
    "files",
    [
        [],
        [("gift/METADATA", ["gift"])],
        [("other-1.0.dist-info/METADATA", ["gift"])],
        [("gift_more-1.0.dist-info/METADATA", ["gift"])],
        [("gift-1.0.dist-info/METADATA", ["other"])],
        [("gift-1.0.dist-info/METADATA", [])],
        [("gift-1.0.dist-info/METADATA", ["gift", "other"])],
        [("gift-1.0.dist-info/METADATA", ["gift", "gift"])],
        [("gift-1.0.dist-info/METADATA", ["gift"]), ("gift-1.0.dist-info/./METADATA", ["gift"])],
        [
            ("gift-1.0.dist-info/METADATA", ["gift"]),
            ("gift-1.0.data/purelib/gift-1.0.dist-info/metadata", ["gift"]),
        ],
        [("gift-1.0.dist-info/METADATA", ["gift"]), ("gift.egg-info/PKG-INFO", ["other"])],
        [("gift-1.0.dist-info/METADATA", ["gift"]), ("gift.egg-info", ["other"])],
    ],
)
def test_another_project(files: list[tuple[str, list[str]]]) -> None:
    """In any of the places that count, or in two at once."""
    assert names(*files)


@pytest.mark.parametrize("path", ["rim_router.pth", "../..", "../../..", "/etc/pip.conf", "../../../bin/.."])
def test_what_may_not_be_removed(path: str) -> None:
    """Nor a directory around it: pip removes those as a whole."""
    assert removal_faults([("RECORD", f"{LIBRARY}/{path}" if path[0] != "/" else path)], GROUND)


@pytest.mark.parametrize("path", ["gift-1.0.dist-info/RECORD.jws", "gift", "../../../bin/gift", "other.py"])
def test_what_may_be_removed(path: str) -> None:
    """What is the wheel's own, or nobody's."""
    assert removal_faults([("RECORD", f"{LIBRARY}/{path}")], GROUND) == []


def test_spelling() -> None:
    """One form for all that some file system takes for the same."""
    assert spelling("/Env//lib/../PIP.Conf. ") == "/env/pip.conf"
    assert spelling("/") == ""
    assert spelling("/Env") == spelling("/env/") == spelling("/env/x/..") == "/env"
