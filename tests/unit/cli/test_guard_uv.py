"""The index URLs in uv's configuration, guarded in place."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from rim_router.cli.guard import uv
from rim_router.cli.guard.command import _freed, _guarded
from rim_router.errors import TableError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = dedent(
    """\
    # ours
    index-url = "https://pypi.org/simple"   # the default
    extra-index-url = [
        'https://a.example/simple',
        "https://b.example/simple", # b
    ]

    [pip]
    index-url = "https://pypi.org/simple"

    [[index]]
    name = "c"
    url = "https://c.example/simple"
    """
)


def test_on_and_off(tmp_path: Path) -> None:
    """Every URL, and nothing else; twice is as once; and back again, to the byte."""
    file = tmp_path / "uv.toml"
    file.write_text(TEXT)
    changed = uv.change(file, _guarded)
    assert changed == [
        "index-url",
        "extra-index-url.[0]",
        "extra-index-url.[1]",
        "index.[0].url",
        "pip.index-url",
    ]
    assert file.read_text().replace("rim+", "") == TEXT
    assert [url[:4] for _, url in uv.indexes(file)] == ["rim+"] * 5
    assert uv.change(file, _guarded) == []
    uv.change(file, _freed)
    assert file.read_text() == TEXT


def test_default_index(tmp_path: Path) -> None:
    """Where nothing replaces uv's default index, that is guarded too; afterwards the file is gone again."""
    file = tmp_path / "uv" / "uv.toml"
    assert uv.indexes(file) == [("uv's default", "https://pypi.org/simple")]
    uv.change(file, _guarded)
    assert uv.indexes(file) == [("index.[0].url", "rim+https://pypi.org/simple")]
    uv.change(file, _freed)
    assert not file.exists()


def test_named_indexes_leave_the_default(tmp_path: Path) -> None:
    """An index that is not the default one stands beside PyPI."""
    file = tmp_path / "uv.toml"
    text = '[[index]]\nname = "c"\nurl = "https://c.example/simple"\n'
    file.write_text(text)
    uv.change(file, _guarded)
    assert [url for _, url in uv.indexes(file)] == [
        "rim+https://c.example/simple",
        "rim+https://pypi.org/simple",
    ]
    uv.change(file, _freed)
    assert file.read_text() == text


def test_escaped(tmp_path: Path) -> None:
    """A URL that is not written as it is cannot be changed in place, and that is said."""
    file = tmp_path / "uv.toml"
    file.write_text('index-url = "https://pypi.org/s\\u0069mple"\n')
    with pytest.raises(TableError, match="cannot be changed in place"):
        uv.change(file, _guarded)


def test_no_such_level() -> None:
    """uv has no configuration of an environment."""
    with pytest.raises(TableError, match="--user or --global"):
        uv.path("site")
