"""pip and the plugin's own dependencies are replaced while a table is in force: pip stays routed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.matrix import PIPS, release, supported
from tests.support.wheels import Artifact

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment

DEPENDENCIES = ("certifi", "packaging", "platformdirs", "tomli")


def assert_still_routed(stage: Stage, victim: Environment) -> None:
    """Install the real project anew; the public index must not hear of it."""
    result = victim.pip("install", "--force-reinstall", *stage.both, "acme-core")
    stage.assert_routed(victim, result)


def stock(stage: Stage, environments: Environments) -> list[str]:
    """Put the plugin's dependencies on the public index; returns the names of those installed here."""
    wheels = environments.workshop.dependencies(environments.pair).glob("*.whl")
    return sorted(stage.public.add(Artifact.from_wheel(path)).project for path in wheels)


class TestPip:
    """pip replaces itself."""

    def test_another_pip(self, stage: Stage, environments: Environments) -> None:
        """The oldest pip becomes the newest and the other way round; both are routed."""
        pair, victim = environments.pair, environments.equipped()
        fitting = [pip for pip in PIPS if supported(pip, pair.python)]
        other = fitting[0] if pair.pip == fitting[-1] else fitting[-1]
        if other == pair.pip:
            pytest.skip("only one pip of the matrix runs on this Python")
        artifact = stage.public.add(Artifact.from_wheel(environments.workshop.pip_wheel(other)))
        stage.route(victim)
        assert_still_routed(stage, victim)
        newer = release(artifact.version) > environments.pip_version
        request = ["--upgrade", "pip"] if newer else [f"pip=={artifact.version}"]
        victim.pip("install", *stage.both, *request, check=True)
        assert victim.installed()["pip"] == artifact.version
        assert_still_routed(stage, victim)

    def test_together_with_a_routed_project(self, stage: Stage, environments: Environments) -> None:
        """A pip that is replaced on the way still routes what comes with it."""
        victim = environments.equipped()
        own = stage.public.add(Artifact.from_wheel(environments.workshop.pip_wheel(environments.pair.pip)))
        stage.route(victim)
        result = victim.pip("install", "--force-reinstall", *stage.both, f"pip=={own.version}", "tool")
        stage.assert_routed(victim, result)
        assert_still_routed(stage, victim)


class TestDependencies:
    """What the plugin itself needs comes and goes."""

    def test_upgraded(self, stage: Stage, environments: Environments) -> None:
        """All are reinstalled in one go."""
        victim = environments.equipped()
        names = stock(stage, environments)
        stage.route(victim)
        victim.pip("install", "--upgrade", "--force-reinstall", *stage.both, *names, check=True)
        assert_still_routed(stage, victim)

    @pytest.mark.parametrize("name", DEPENDENCIES)
    def test_removed_and_installed_again(self, name: str, stage: Stage, environments: Environments) -> None:
        """Without one of them pip is routed or stops; with it installed again it is routed."""
        victim = environments.equipped()
        if name not in stock(stage, environments):
            pytest.skip(f"{name} is not needed on this Python")
        stage.route(victim)
        victim.pip("uninstall", "-y", name, check=True)
        assert name not in victim.installed()
        result = victim.pip("install", *stage.both, "acme-core")
        assert not stage.public.asked_for("acme-core"), str(result)
        assert result.returncode == 0, str(result)
        assert victim.origin("acme_core") == "private", str(result)
        victim.pip("install", *stage.both, name, check=True)
        assert name in victim.installed()
        assert_still_routed(stage, victim)

    def test_all_removed_at_once(self, stage: Stage, environments: Environments) -> None:
        """pip has copies of what it needs; where it has none it stops and does not go unrouted."""
        victim = environments.equipped()
        names = stock(stage, environments)
        stage.route(victim)
        victim.pip("uninstall", "-y", *names, check=True)
        result = victim.pip("install", *stage.both, "acme-core")
        assert not stage.public.asked_for("acme-core"), str(result)
        assert victim.origin("acme_core") == ("private" if result.returncode == 0 else None), str(result)
        victim.pip("install", *stage.both, *names, check=True)
        assert_still_routed(stage, victim)
