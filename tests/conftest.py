"""The options, fixtures and matrix that all tests share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.environments import Environment, Workshop
from tests.support.matrix import Matrix, Pair, Version, choose, find_pythons, release
from tests.support.pool import Pool
from tests.support.servers import Authority, IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.pool import Kind

# How long an example takes is no property of the code: machines can be busy.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_MATRIX = pytest.StashKey[Matrix]()
_PYTHONS = pytest.StashKey[dict[Version, str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pip-matrix",
        choices=("newest", "ends", "pythons", "each", "full"),
        default="each",
        help="newest: the newest pip; ends: the oldest as well; pythons: the newest with each Python; each: "
        "ends, and for the tests marked `spread` each pip once and each Python once; full: every test on "
        "every pip with every Python",
    )


def pytest_configure(config: pytest.Config) -> None:
    # The workers of a run are told by their controller: looking takes a process for each Python.
    told = getattr(config, "workerinput", {}).get("pythons")
    pythons = {tuple(version): path for version, path in told} if told else find_pythons()
    config.stash[_PYTHONS] = pythons
    config.stash[_MATRIX] = choose(config.getoption("--pip-matrix"), pythons)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["pythons"] = [
        [list(version), path] for version, path in node.config.stash[_PYTHONS].items()
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "tools" in str(config.getoption("-m")):
        return
    left_out = [item for item in items if item.get_closest_marker("tools")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("tools")]


def pytest_report_header(config: pytest.Config) -> str:
    return f"pip matrix, {config.stash[_MATRIX]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    matrix = config.stash[_MATRIX]
    if matrix.missing:
        terminalreporter.write_line(f"pip matrix, {matrix}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "pair" in metafunc.fixturenames:
        matrix = metafunc.config.stash[_MATRIX]
        spread = metafunc.definition.get_closest_marker("spread") is not None
        newest = metafunc.definition.get_closest_marker("newest") is not None
        pairs = matrix.pairs if spread else matrix.ends[-1:] if newest else matrix.ends
        metafunc.parametrize("pair", pairs, ids=map(str, pairs), scope="session")


@pytest.fixture(scope="session")
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Makes environments; its templates are shared by the workers of a run."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if hasattr(request.config, "workerinput") else base) / "workshop"
    shared.mkdir(exist_ok=True)
    own = os.environ.get("RIM_ROUTER_TEST_CACHE")
    cache = Path(own) if own else request.config.cache.mkdir("rim-router")
    return Workshop(cache.resolve(), shared)


@pytest.fixture(scope="session")
def pool(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """Lends environments to one test after the other."""
    return Pool(workshop, tmp_path_factory.mktemp("pool"))


@dataclass
class Environments:
    """The environments of one test.

    :param pip_version: the version of the pair's pip, as numbers.
    """

    workshop: Workshop
    pool: Pool
    pair: Pair
    place: Path
    lent: list[Environment] = field(default_factory=list)

    @property
    def pip_version(self) -> tuple[int, ...]:
        return release(self.workshop.pip_version(self.pair))

    def equipped(self) -> Environment:
        """With the plugin."""
        return self._lend("equipped")

    def plain(self) -> Environment:
        """Without the plugin."""
        return self._lend("plain")

    def inert_twin(self) -> Environment:
        """With the plugin's files, in which nothing starts it."""
        return self._lend("inert twin")

    def _lend(self, kind: Kind) -> Environment:
        place = self.place / f"environment-{len(self.lent)}"
        self.lent.append(self.pool.lend(self.pair, kind, place))
        return self.lent[-1]

    def take_back(self) -> None:
        """Give all back to the pool."""
        while self.lent:
            self.pool.take_back(self.lent.pop())


@pytest.fixture
def environments(workshop: Workshop, pool: Pool, pair: Pair, tmp_path: Path) -> Iterator[Environments]:
    """Environments with the pair's Python and pip, each as if it were new."""
    yield (all_of_them := Environments(workshop, pool, pair, tmp_path))
    all_of_them.take_back()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody trusts unless told to."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def public() -> Iterator[IndexServer]:
    """An index where anybody can publish."""
    with IndexServer("public") as server:
        yield server


@pytest.fixture
def private() -> Iterator[IndexServer]:
    """The index of the house."""
    with IndexServer("private") as server:
        yield server
