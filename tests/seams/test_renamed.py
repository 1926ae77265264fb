"""A pip in which something that the plugin relies on has another name: each thing once, in the real files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from _rim_router import waiter
from rim_router.hooks import seams
from tests.support.environments import ROOT
from tests.support.renaming import Name, Sources, imported_from_pip, names_in, texts_in
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Environments
    from tests.support.environments import Environment
    from tests.support.servers import IndexServer

# What they import from pip is probed before they are imported.
_ONLY_FOR_SPEED = ("dropping", "early", "entries", "foresight")
PARTS = 4  # so that the workers of a run can share the work


def named_at_start_up(sources: Sources) -> Iterator[str]:
    """What the start-up code waits for, and what it looks for there."""
    texts = set().union(*map(texts_in, (ROOT / "_rim_router").glob("*.py")))
    for module in filter(sources.has, waiter._AWAITED):  # others are of other pips, or of virtualenv
        yield module
        yield from (place for place in sources.places(module) if re.split("[.:]", place)[-1] in texts)


def names(sources: Sources, places: Iterator[str] | set[str]) -> set[Name]:
    """Every single name in these places."""
    return {name for place in places for name in names_in(sources.resolved(place))}


def relied_on(sources: Sources, version: str) -> list[Name]:
    """Every name in pip that the plugin mentions, but for those that it can go without.

    pip calls methods of these by names that are not renamed with them, and crashes by itself.
    """
    places = {seam.place for seam in seams.expected(version) if seam.feature is None}
    modules = (ROOT / "rim_router" / "hooks").glob("*.py")
    places |= set(imported_from_pip(path for path in modules if path.stem not in _ONLY_FOR_SPEED))
    return sorted(names(sources, places) | names(sources, named_at_start_up(sources)))


def test_what_the_hooks_import_is_declared() -> None:
    """So that it is probed, and `rim-router doctor` names what is missing."""
    declared = {name for seam in seams.SEAMS for name in names_in(seam.place)}
    paths = (ROOT / "rim_router" / "hooks").glob("*.py")
    for place in imported_from_pip(paths):
        missing = set(names_in(place)) - declared
        assert not missing or Name(place.replace(":", ".")) in declared, place


@pytest.fixture
def victim(environments: Environments) -> Environment:
    """An equipped environment, in which nothing is compiled anew."""
    victim = environments.equipped()
    victim.extra_environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return victim


@pytest.mark.parametrize("part", range(PARTS))
def test_each_name(
    part: int, victim: Environment, environments: Environments, public: IndexServer, private: IndexServer
) -> None:
    """pip stops with the error for an unsupported pip, or is routed; what asks nobody works."""
    public.add(wheel("acme-core", "99.0", origin="public"))
    private.add(wheel("acme-core", "1.0", origin="private"))
    victim.route({"acme": private.url}, {"acme-*": "acme"})
    sources = Sources(victim.site_packages / "pip")
    everything = relied_on(sources, victim.installed()["pip"])
    assert len(everything) > 80
    stopped = 0
    for name in everything[part::PARTS]:
        with sources.renamed(name):
            result = victim.pip("download", "--no-deps", "acme-core", "--index-url", public.url)
            assert "Traceback" not in result.output, f"{name}: {result}"
            assert public.requests == [], f"{name}: {result}"
            if result.returncode == 0:
                assert (victim.project / "acme_core-1.0-py3-none-any.whl").exists(), f"{name}: {result}"
            else:
                stopped += 1
                assert private.requests == [], f"{name}: {result}"
                assert re.search("cannot be routed|not supported", result.words), f"{name}: {result}"
                assert "or upgrade rim-router" in result.words, f"{name}: {result}"
            if not name.attribute:  # it takes long, and is the same for whatever else is missing
                removal = victim.pip("uninstall", "-y", "nothing-of-that-name")
                assert removal.returncode == 0, f"{name}: {removal}"
        private.forget()
        (victim.project / "acme_core-1.0-py3-none-any.whl").unlink(missing_ok=True)
    assert stopped > len(everything[part::PARTS]) / 2


def test_what_is_named_at_start_up_without_a_table(victim: Environment, public: IndexServer) -> None:
    """Nothing changes for such a pip where nothing is routed; with a table, all works that asks nobody."""
    public.add(wheel("acme-core", "99.0", origin="public"))
    sources = Sources(victim.site_packages / "pip")
    for name in sorted(names(sources, named_at_start_up(sources))):
        with sources.renamed(name):
            result = victim.pip("download", "--no-deps", "acme-core", "--index-url", public.url)
            assert result.returncode == 0, f"{name}: {result}"
            assert public.asked_for("acme-core"), f"{name}: {result}"
            table = victim.route({}, {"acme-*": {"deny": "not here"}})
            for command in (["--version"], ["list"], ["uninstall", "-y", "nothing"]):
                result = victim.pip(*command)
                assert result.returncode == 0, f"{name}: {result}"
        table.unlink()
        public.forget()
        (victim.project / "acme_core-99.0-py3-none-any.whl").unlink()
