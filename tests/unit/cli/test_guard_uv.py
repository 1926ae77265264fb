"""The index URLs in uv's configuration, guarded in place."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

import pytest

from rim_router.cli.guard import uv
from rim_router.cli.guard.command import _freed, _guarded
from rim_router.errors import TableError


@pytest.fixture(autouse=True)
def _no_other_configuration(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file and no variable of this machine's uv counts."""
    monkeypatch.chdir(tmp_path_factory.mktemp("project"))
    monkeypatch.setattr(uv, "path", lambda level: tmp_path / "other" / level / "uv.toml")
    for name in [name for name in os.environ if name.startswith("UV_")]:
        monkeypatch.delenv(name)


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
    assert [url[:4] for _, url in uv.in_force(file)] == ["rim+"] * 5
    assert uv.change(file, _guarded) == []
    uv.change(file, _freed)
    assert file.read_text() == TEXT


def test_default_index(tmp_path: Path) -> None:
    """Where nothing replaces uv's default index, that is guarded too; afterwards the file is gone again."""
    file = tmp_path / "uv" / "uv.toml"
    assert uv.in_force(file) == [("uv's default", "https://pypi.org/simple")]
    uv.change(file, _guarded)
    assert uv.in_force(file) == [(f"{file}, index.[0].url", "rim+https://pypi.org/simple")]
    uv.change(file, _freed)
    assert not file.exists()


def test_named_indexes_leave_the_default(tmp_path: Path) -> None:
    """An index that is not the default one stands beside PyPI."""
    file = tmp_path / "uv.toml"
    text = '[[index]]\nname = "c"\nurl = "https://c.example/simple"\n'
    file.write_text(text)
    uv.change(file, _guarded)
    assert [url for _, url in uv.in_force(file)] == [
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


PATH = uv.path  # before the fixture has replaced it


def test_no_such_level() -> None:
    """uv has no configuration of an environment."""
    with pytest.raises(TableError, match="--user or --global"):
        PATH("site")


class TestInForce:
    """What uv may go by, wherever that comes from."""

    def test_other_files(self, tmp_path: Path) -> None:
        """The other level, and the project in which uv is started."""
        other = tmp_path / "other" / "global" / "uv.toml"
        other.parent.mkdir(parents=True)
        other.write_text('index-url = "rim+https://a.example/simple"\n')
        Path("pyproject.toml").write_text(
            '[[tool.uv.index]]\nurl = "https://b.example/simple"\n[tool.uv]\nfind-links = ["vendor"]\n'
        )
        assert uv.in_force(tmp_path / "none.toml") == [
            ("./pyproject.toml, index.[0].url", "https://b.example/simple"),
            (f"{other}, index-url", "rim+https://a.example/simple"),
            ("./pyproject.toml, find-links", "vendor"),
        ]

    @pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
    def test_variables(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of the default index, of others, and of links."""
        monkeypatch.setenv(name, "rim+https://a.example/simple")
        monkeypatch.setenv("UV_INDEX", "b=https://b.example/simple?x=y https://c.example/simple")
        monkeypatch.setenv("UV_FIND_LINKS", "https://d.example/links")
        assert [url for _, url in uv.in_force(tmp_path / "none.toml")] == [
            "rim+https://a.example/simple",
            "https://b.example/simple?x=y",
            "https://c.example/simple",
            "https://d.example/links",
        ]

    def test_no_configuration(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where uv reads no file, none of them guards anything."""
        file = tmp_path / "uv.toml"
        uv.change(file, _guarded)
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        assert uv.in_force(file) == [("uv's default", "https://pypi.org/simple")]

    def test_another_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It takes the place of all others."""
        file, named = tmp_path / "uv.toml", tmp_path / "named.toml"
        uv.change(file, _guarded)
        named.write_text('index-url = "https://a.example/simple"\n')
        monkeypatch.setenv("UV_CONFIG_FILE", str(named))
        assert uv.in_force(file) == [(f"{named}, index-url", "https://a.example/simple")]

    def test_not_urls(self, tmp_path: Path) -> None:
        """What uv would refuse is no URL."""
        file = tmp_path / "uv.toml"
        file.write_text("extra-index-url = [1, {}]\nfind-links = [2]\n[[index]]\nurl = 3\n")
        assert uv.change(file, lambda url: url) == []
        assert uv.in_force(file) == [("uv's default", "https://pypi.org/simple")]


def test_credentials(tmp_path: Path) -> None:
    """They are not put behind a scheme that whoever does not know it prints as a whole."""
    file = tmp_path / "uv.toml"
    text = 'index-url = "https://ci:s3cret@a.example/simple"\n'
    file.write_text(text)
    assert uv.change(file, _guarded) == []
    assert file.read_text() == text
