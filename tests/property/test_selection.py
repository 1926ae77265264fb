"""What is dropped by its name is what pip would drop, and nothing that anybody would notice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.format_control import FormatControl
from pip._internal.models.link import Link
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.models.target_python import TargetPython

from rim_router.rules.recognition import is_file_of
from rim_router.rules.selection import Environment, Selection

PAGE = "https://index.example/simple/acme-core/"
NAMES = ("acme_core", "Acme.Core", "acme-core", "acme", "acme_core_extra", "other")
VERSIONS = ("1.0", "1.0.post1", "2.0rc1", "0.9", "1!3", "2.0+cpu", "2.0%2Bcpu", "x", "1-2", "")
TAGS = (
    "py3-none-any", "py2.py3-none-any", "cp311-cp311-win_amd64", "CP27-none-any", "py3-none-any.win32",
    "cp39.cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64", "1-py3-none-any", "1a-cp27-cp27m-win32",
    "py3-none", "none-any", "--",
)  # fmt: skip
ENDS = (".whl", ".tar.gz", ".zip", ".egg", ".exe", ".rim", ".tar.bz2", ".txt", "", ".WHL", ".whl.metadata")
BEFORE = (
    "",
    "https://index.example/files/",
    "../../files/",
    "//cdn.example/",
    "/a%20b/",
    "https://h.example/x?y=/",
)
AFTER = ("", "#sha256=" + "0" * 64, "#egg=acme-core", "?q=1", "#egg=acme-core-7")

finder = PackageFinder.create(
    link_collector=LinkCollector(None, SearchScope.create([], [], no_index=False)),  # type: ignore[arg-type]
    selection_prefs=SelectionPreferences(allow_yanked=True),
)


@st.composite
def filenames(draw: st.DrawFn) -> str:
    name, version = draw(st.sampled_from(NAMES)), draw(st.sampled_from(VERSIONS))
    end = draw(st.sampled_from(ENDS))
    tags = f"-{draw(st.sampled_from(TAGS))}" if end.lower() in (".whl", ".rim", ".whl.metadata") else ""
    return f"{name}-{version}{tags}{end}"


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    url = draw(st.sampled_from(BEFORE)) + draw(filenames()) + draw(st.sampled_from(AFTER))
    file: dict[str, Any] = {"url": url}
    optional = {
        "hashes": st.sampled_from([{}, {"sha256": "0" * 64}]),
        "requires-python": st.sampled_from([None, ">=3.8", ">=3.99", "<3", "nonsense"]),
        "yanked": st.sampled_from([False, True, "broken"]),
        "core-metadata": st.sampled_from([False, True, {"sha256": "0" * 64}]),
    }
    for key, values in optional.items():
        if draw(st.booleans()):
            file[key] = draw(values)
    return file


def environment() -> Environment:
    ranks: dict[str, int] = {}
    target: Any = TargetPython()
    tags = target.get_tags() if hasattr(target, "get_tags") else target.get_sorted_tags()
    for rank, tag in enumerate(tags):
        ranks.setdefault(str(tag), rank)
    return Environment(ranks, {})


SHARED = environment()
CONTROLS = {
    "all": FormatControl(),
    "wheels": FormatControl(set(), {":all:"}),
    "sources": FormatControl({":all:"}, set()),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pip 23 has versions of its own
@settings(max_examples=150, deadline=None)
@given(st.lists(files(), max_size=12), st.sampled_from(sorted(CONTROLS)))
def test_pip_finds_the_same(page: list[dict[str, Any]], control: str) -> None:
    """Whatever a page has: the same candidates in the same order, and the same skipped for their Python."""
    finder.format_control = CONTROLS[control]
    selection = Selection("acme-core", SHARED, CONTROLS[control].get_allowed_formats("acme-core"))
    found = []
    usable = selection.usable(page)
    for some in (page, usable):
        links = [link for file in some if (link := Link.from_json(file, PAGE)) is not None]
        finder._requires_python_skipped = set()
        candidates = finder.evaluate_links(finder.make_link_evaluator("acme-core"), links)
        found.append(
            (
                [
                    (each.name, str(each.version), each.link.url, each.link.requires_python)
                    for each in candidates
                ],
                finder.requires_python_skipped_reasons(),
                any(is_file_of(link.filename, "acme-core") for link in links),
            )
        )
    assert found[0] == found[1]
    assert all(any(file is each for each in page) for file in usable)


def wheel(version: str, tags: str = "py3-none-any", **more: Any) -> dict[str, Any]:
    return {"url": f"acme_core-{version}-{tags}.whl", "core-metadata": True, **more}


def newest(versions: Any) -> str | None:
    return max(versions, default=None)


def test_what_does_not_fit_is_dropped() -> None:
    """Other platforms, other projects, and formats that nobody can install."""
    page = [
        wheel("1.0"), wheel("1.0", "cp27-cp27m-win32"), {"url": "acme_core-1.0.exe"},
        {"url": "other-1.0-py3-none-any.whl"}, {"url": "acme-core-1.0.tar.gz"},
    ]  # fmt: skip
    both = Selection("acme-core", SHARED, {"binary", "source"})
    assert both.usable(page) == [page[0], page[4]]
    assert Selection("acme-core", SHARED, {"binary"}).usable(page) == [page[0]]
    assert Selection("acme-core", SHARED, {"source"}).usable(page) == [page[4]]


@pytest.mark.parametrize(
    "spoilt",
    [
        {"upload-time": "2024-13-01T00:00:00Z"}, {"upload-time": "2023-02-29T00:00:00Z"}, {"upload-time": 5},
        {"hashes": None}, {"hashes": []},
    ],
)  # fmt: skip
def test_what_pip_would_fail_on_is_left_to_pip(spoilt: dict[str, Any]) -> None:
    """A page that cannot be read is an error, whatever the file is that spoils it."""
    useless = wheel("1.0", "cp27-cp27m-win32")
    selection = Selection("acme-core", SHARED, {"binary", "source"})
    assert selection.usable([wheel("1.0"), useless]) == [wheel("1.0")]
    page = [wheel("1.0"), {**useless, **spoilt}]
    assert selection.usable(page) == page
    for odd in (None, 5, "x", {}, {"url": None}, {"url": "https://[x/acme_core-1.0-cp27-none-win32.whl"}):
        assert selection.usable([wheel("1.0"), odd]) == [wheel("1.0"), odd]


def test_where_the_number_of_files_matters_all_are_left() -> None:
    """That an index has files of the project is known from them; and a .rim has to agree with its wheel."""
    useless = wheel("1.0", "cp27-cp27m-win32")
    selection = Selection("acme-core", SHARED, {"binary", "source"})
    assert selection.usable([useless]) == [useless]
    assert selection.usable([useless, {"url": "README.txt"}]) == [useless, {"url": "README.txt"}]
    rim = {"url": "acme_core-1.0-py3-none-any.rim"}
    assert selection.usable([useless, rim]) == [useless, rim]


def test_the_best_file() -> None:
    """The newest version's wheel with the best tags, if its metadata are beside it and all is clear."""
    selection = Selection("acme-core", SHARED, {"binary", "source"})
    best = next(tag for tag in SHARED.ranks if tag.startswith("cp") and "linux" in tag)
    fits = wheel("2.0", best)
    assert selection.best([wheel("1.0"), wheel("2.0"), fits], newest) == fits
    both = [wheel("2.0", "py2.py3-none-any"), wheel("2.0")]
    assert selection.best(both, newest) == both[1]  # as pip does with those that fit alike
    assert selection.best([wheel("1.0"), wheel("2.0", yanked="broken")], newest) == wheel("1.0")
    assert selection.best([wheel("1.0"), {"url": "acme-core-2.0.tar.gz"}], newest) is None
    assert selection.best([wheel("2.0", "1-py3-none-any")], newest) is None
    assert selection.best([{**wheel("2.0"), "core-metadata": False}], newest) is None
    assert selection.best([], newest) is None
