"""What files of requirements and constraints name that pip always reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from rim_router.cli.guard.named import named_in

if TYPE_CHECKING:
    from pathlib import Path

X, Y = "https://x.example/simple", "https://y.example/simple"
TEXTS = [
    "# To lift this cap: rm -r /etc/xdg/pip\nsix<2\n",
    f"six<2  # see build -i {X}\n",
    f"--extra-index-url {X}#a -f {Y}\n",
    f"--index-url {X} #-i {Y}\n",
    f"--index\\\n-url {X}\nsix\n",
    f"# a comment \\\n-i {X}\n",
    f"six \\\n# -i {X}\n",
    f"-i{X}\n",
    f'--index-url="{X}"\n',
    f"--extra {X}\n--extra-index {Y}\n",
    f"\ufeff-i {X}\n",
    f"-r more.txt  # and -c none.txt\n-f {Y}\n",
    "-c more.txt\n",
]


@pytest.mark.filterwarnings("ignore:pkg_resources")  # of an older pip, about itself
@pytest.mark.parametrize("text", TEXTS)
def test_as_pip_reads_it(text: str, tmp_path: Path) -> None:
    """It is what pip itself makes of the file: a comment names nothing."""
    file = tmp_path / "c.txt"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "more.txt").write_text(f"-i {X}\n")
    session = PipSession()
    collector = LinkCollector(session, SearchScope.create([], [], no_index=False))
    finder = PackageFinder.create(collector, SelectionPreferences(allow_yanked=False))
    list(parse_requirements(str(file), session, finder=finder, constraint=True))
    assert {each.place for each in named_in(file)} == {*finder.index_urls, *finder.find_links}


def test_unreadable(tmp_path: Path) -> None:
    """It is no index; what it names is not known."""
    file = tmp_path / "c.txt"
    file.write_text("-c none.txt\n")
    assert [tuple(each) for each in named_in(file)] == [(str(tmp_path / "none.txt"), None)]
