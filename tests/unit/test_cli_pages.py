"""Reading index pages."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.cli.pages import IndexFile, read_page
from rim_router.recognition import page_fault

URL = "https://a.example/simple/six/"
HTML = "text/html; charset=utf-8"
JSON = "application/vnd.pypi.simple.v1+json"


def links(html: str, content_type: str = HTML) -> tuple[IndexFile, ...]:
    return read_page(html.encode(), content_type, URL).files


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        ('<a href="six-1.0.tar.gz">x</a>', IndexFile("six-1.0.tar.gz", URL + "six-1.0.tar.gz")),
        ('<A HREF="/f/six-1.0.zip">x</A>', IndexFile("six-1.0.zip", "https://a.example/f/six-1.0.zip")),
        (
            '<a href="//b.example/six-1.0+cpu.whl#sha256=ABC">x</a>',
            IndexFile("six-1.0+cpu.whl", "https://b.example/six-1.0+cpu.whl", {"sha256": "abc"}),
        ),
        (
            '<a href="six-1.0%2Bcpu.whl" data-yanked data-requires-python="&gt;=3">x</a>',
            IndexFile("six-1.0+cpu.whl", URL + "six-1.0%2Bcpu.whl", {}, True, ">=3"),
        ),
        (
            '<base href="https://c.example/x/"><base href="https://d.example/"><a href="six-1.0.whl">x</a>',
            IndexFile("six-1.0.whl", "https://c.example/x/six-1.0.whl"),
        ),
    ],
)
def test_html_links(anchor: str, expected: IndexFile) -> None:
    assert links(anchor) == (expected,)


@pytest.mark.parametrize("anchor", ['<a href="../">up</a>', "<a>x</a>", '<a href="">x</a>'])
def test_html_links_that_are_no_files(anchor: str) -> None:
    assert links(anchor) == ()


def as_json(*entries: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.0"}, "files": entries}).encode()


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'<a href="http://[">x</a><a href="six-1.0.whl">y</a>', HTML),
        (b'<base href="https://["><a href="six-1.0.whl">y</a>', HTML),
        (b'<a href="six-1.0.whl">\xff</a>', HTML),
        (b'<a href="six-1.0.whl">y</a>', "text/html; charset=klingon"),
        (b'<a href="six-1.0.whl">y</a>', "text/html; charset=a\0b"),
        (as_json({"url": "six-1.0.whl"}, {"url": "https://[bad/six-2.0.whl"}), JSON),
        (as_json({"url": 1}), JSON),
        (as_json({}), JSON),
        (b"<a>", "text/json"),
    ],
)
def test_a_page_of_which_a_part_cannot_be_read(content: bytes, content_type: str) -> None:
    """None of it is read, as pip reads none of it."""
    with pytest.raises(ValueError, match=r"^[A-Za-z]+Error$"):
        read_page(content, content_type, URL)


def test_json() -> None:
    page = {
        "files": [
            {
                "filename": "six-1.0.whl",
                "url": "../six-1.0.whl",
                "hashes": {"SHA256": "ABC"},
                "yanked": "",
                "requires-python": ">=3",
            },
            {"url": "https://b.example/six-2.0.whl", "hashes": None, "yanked": False},
        ]
    }
    assert read_page(json.dumps(page).encode(), JSON, URL).files == (
        IndexFile("six-1.0.whl", "https://a.example/simple/six-1.0.whl", {"sha256": "abc"}, True, ">=3"),
        IndexFile("six-2.0.whl", "https://b.example/six-2.0.whl"),
    )


@given(
    st.binary(), st.sampled_from([HTML, JSON, "", "application/octet-stream", "text/html; charset=utf-16"])
)
def test_no_page_is_a_crash(content: bytes, content_type: str) -> None:
    if page_fault(content, content_type, None) is None:
        with contextlib.suppress(ValueError):
            assert all(file.url for file in read_page(content, content_type, URL).files)
