"""rim-router cannot be loaded: whether there is a table cannot be told, so pip looks up nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Callable

import pytest

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment


def gone(victim: Environment) -> None:
    """As when the folder of an editable installation was removed."""
    shutil.rmtree(victim.site_packages / "rim_router")


def half_gone(victim: Environment) -> None:
    shutil.rmtree(victim.site_packages / "rim_router" / "config")


def failing(victim: Environment) -> None:
    (victim.site_packages / "rim_router" / "__init__.py").write_text(
        "raise KeyError('broken')\n", encoding="utf-8"
    )


@pytest.fixture(params=[gone, half_gone, failing], ids=lambda change: change.__name__)
def victim(environments: Environments, request: pytest.FixtureRequest) -> Environment:
    """An environment that was equipped once."""
    change: Callable[[Environment], None] = request.param
    victim = environments.equipped()
    change(victim)
    return victim


class TestBrokenPlugin:
    """What is left of it stops pip before any request. Without that, pip goes on unrouted."""

    def test_look_ups_stop(self, victim: Environment, stage: Stage) -> None:
        """With a table in force, and without one, because that cannot be told."""
        for _ in range(2):
            result = victim.pip("install", *stage.both, "acme-core")
            stage.assert_stopped(
                victim, result, "rim-router does not work here", "--force-reinstall rim-router"
            )
            assert stage.public.requests + stage.private.requests == []
            stage.route(victim)

    def test_an_impostor_in_the_working_directory(self, victim: Environment, stage: Stage) -> None:
        """A cloned project that has a `rim_router` of its own is not asked what to do."""
        package = victim.project / "rim_router"
        package.mkdir()
        (package / "__init__.py").write_text("print('impostor')\n", encoding="utf-8")
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "rim-router does not work here")
        assert "impostor" not in result.output

    def test_other_interpreters_stop(
        self, victim: Environment, environments: Environments, stage: Stage
    ) -> None:
        """``pip --python`` starts a pip that knows of no table."""
        if environments.pip_version < (22, 3):
            pytest.skip("this pip has no --python")
        stage.route(victim)
        target = environments.plain()
        result = victim.pip("--python", target.python, "install", *stage.both, "acme-core")
        stage.assert_stopped(target, result, "rim-router does not work here")

    def test_it_can_be_removed(self, victim: Environment, stage: Stage) -> None:
        """As the error says; what asks nobody works."""
        stage.route(victim)
        assert victim.pip("list", check=True).stdout.startswith("Package")
        victim.pip("uninstall", "-y", "rim-router", check=True)
        assert not list(victim.site_packages.glob("*rim_router*"))
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_it_can_be_installed_again(
        self, victim: Environment, environments: Environments, stage: Stage
    ) -> None:
        """As the error says."""
        workshop = environments.workshop
        links = [workshop.wheel().parent, workshop.dependencies(environments.pair)]
        result = victim.pip(
            "install", "--force-reinstall", "--no-index", "--find-links", links[0], "--find-links", links[1],
            "rim-router", env={"RIM_ROUTER_DISABLE": "1"}, check=True,
        )  # fmt: skip
        assert "RIM_ROUTER_DISABLE=1 turns routing off" in result.stderr
        stage.route(victim)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))
