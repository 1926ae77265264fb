"""What lends environments to the tests: a test never sees what another one did."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.environments import Environment, Workshop
from tests.support.matrix import Pair
from tests.support.pool import Pool, WrittenInPlace

if TYPE_CHECKING:
    from pathlib import Path

PAIR = Pair((3, 9), "python3.9", "22.2.2")


class SmallWorkshop(Workshop):
    """Makes environments of a few files, some of which have a link in a template, as real ones do."""

    def make(self, pair: Pair, place: Path, *, equipped: bool = True) -> Environment:
        prefix = place / "venv"
        packages = prefix / "lib" / "python3.9" / "site-packages"
        (packages / "pip" / "empty").mkdir(parents=True)
        (packages / "own.pth").write_text("import own\n")
        (packages / "pip" / "link.py").symlink_to("__init__.py")
        template = self.shared / "__init__.py"
        if not template.exists():
            template.write_text("__version__ = '22.2.2'\n")
        os.link(template, packages / "pip" / "__init__.py")
        return Environment(pair, prefix, place, equipped)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """A pool without environments."""
    return Pool(SmallWorkshop(tmp_path, tmp_path), tmp_path / "pool")


@pytest.fixture
def lend(pool: Pool, tmp_path: Path) -> Callable[[], Environment]:
    """Lends what a test would get."""
    return lambda: pool.lend(PAIR, "equipped", tmp_path / "place")


def tree(environment: Environment) -> dict[str, tuple[int, object]]:
    """Everything in an environment: its mode, and what is in it or where it leads."""
    found: dict[str, tuple[int, object]] = {}
    for path in environment.prefix.rglob("*"):
        content = path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
        found[path.relative_to(environment.prefix).as_posix()] = (path.lstat().st_mode, content)
    return found


def added(packages: Path) -> None:
    (packages / "acme_core").mkdir()
    (packages / "acme_core" / "__init__.py").write_text("")
    (packages / "acme_core" / "linked").symlink_to(packages / "pip")
    (packages / "pip" / "__pycache__").mkdir()
    (packages / "pip" / "empty" / "no-more").write_text("")
    (packages.parent / "pyvenv.cfg").symlink_to("/nowhere")


def replaced(packages: Path) -> None:
    path = packages / "pip" / "__init__.py"
    path.unlink()
    path.write_text("__version__ = '99'\n")


def replaced_by_its_like(packages: Path) -> None:
    path = packages / "own.pth"
    before = path.stat()
    path.unlink()
    path.write_text("import OWN\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def written_in_place(packages: Path) -> None:
    path = packages / "own.pth"
    before = path.stat()
    path.write_text("import OWN\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def removed(packages: Path) -> None:
    shutil.rmtree(packages / "pip")


def empty_directory_removed(packages: Path) -> None:
    (packages / "pip" / "empty").rmdir()


def renamed(packages: Path) -> None:
    (packages / "pip").rename(packages / "pop")


def made_executable(packages: Path) -> None:
    (packages / "own.pth").chmod(0o755)


def closed(packages: Path) -> None:
    (packages / "pip" / "empty").chmod(0o700)


def led_elsewhere(packages: Path) -> None:
    (packages / "pip" / "link.py").unlink()
    (packages / "pip" / "link.py").symlink_to("__main__.py")


def made_a_directory(packages: Path) -> None:
    (packages / "own.pth").unlink()
    (packages / "own.pth").mkdir()


CHANGES = (
    added, replaced, replaced_by_its_like, written_in_place, removed, empty_directory_removed, renamed,
    made_executable, closed, led_elsewhere, made_a_directory,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_next_one_is_as_a_new_one(
    change: Callable[[Path], None], pool: Pool, lend: Callable[[], Environment]
) -> None:
    """Whatever a test did to it."""
    first = lend()
    new = tree(first)
    change(first.site_packages)
    assert tree(first) != new
    pool.take_back(first)
    assert tree(lend()) == new


def test_what_was_only_added_to_is_used_again(pool: Pool, lend: Callable[[], Environment]) -> None:
    """That is what most tests do, and why there is a pool."""
    first = lend()
    added(first.site_packages)
    pool.take_back(first)
    assert lend().prefix == first.prefix


def test_two_at_once_are_two(pool: Pool, lend: Callable[[], Environment], tmp_path: Path) -> None:
    """Neither two of a kind, nor of two kinds or pairs."""
    other = Pair((3, 13), "python3.13", "26.3")
    lent = [lend(), lend(), pool.lend(PAIR, "plain", tmp_path), pool.lend(other, "equipped", tmp_path)]
    assert len({each.prefix for each in lent}) == 4
    for each in lent:
        pool.take_back(each)
    assert pool.lend(PAIR, "plain", tmp_path).prefix == lent[2].prefix
    assert pool.lend(other, "equipped", tmp_path).prefix == lent[3].prefix


def test_home_project_and_variables_are_new(pool: Pool, tmp_path: Path) -> None:
    """Only the environment is used again."""
    first = pool.lend(PAIR, "equipped", tmp_path / "first")
    first.extra_environ["PIP_CERT"] = "somewhere"
    pool.take_back(first)
    second = pool.lend(PAIR, "equipped", tmp_path / "second")
    assert second.extra_environ == {}
    assert second.home.parent == second.project.parent == tmp_path / "second"


def test_a_shared_file_that_is_written_in_place(pool: Pool, lend: Callable[[], Environment]) -> None:
    """Every other environment now has it as well: the test that did it fails."""
    first = lend()
    with (first.site_packages / "pip" / "__init__.py").open("a") as file:
        file.write("# more\n")
    with pytest.raises(WrittenInPlace, match=r"site-packages/pip/__init__\.py"):
        pool.take_back(first)
    assert not first.prefix.exists()
