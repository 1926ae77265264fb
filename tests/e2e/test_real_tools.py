"""Tools that run pip, as they come from a package registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.environments import once

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment


@pytest.fixture
def victim(environments: Environments) -> Environment:
    """An equipped environment with pip-tools."""
    if environments.pip_version < (23,):
        pytest.skip("pip-tools needs a newer pip")
    victim = environments.equipped()

    def fetch(path: Path) -> None:
        environments.workshop.fetch(path, "pip-tools", using=environments.pair.interpreter)

    wheels = once(environments.workshop.shared / f"pip-tools-{environments.pair}", fetch)
    victim.pip("install", "--no-index", "--find-links", wheels, "pip-tools", check=True)
    return victim


class TestPipSync:
    """``pip-sync`` removes what its list does not have, and then installs, each with a pip of its own."""

    def sync(self, victim: Environment, stage: Stage) -> None:
        requirements = victim.project / "requirements.txt"
        requirements.write_text("acme-core\n", encoding="utf-8")
        script = victim.python.with_name("pip-sync")
        # What the tool itself needs is removed as well, after it has been loaded.
        self.result = victim.run(script, *stage.both, requirements)

    def test_stays_routed(self, stage: Stage, victim: Environment) -> None:
        """The plugin is kept, and the pip that installs is routed."""
        victim.pip("install", *stage.both, "leaf", check=True)
        stage.public.forget()
        stage.route(victim)
        self.sync(victim, stage)
        assert "rim-router is kept" in self.result.words, str(self.result)
        assert "rim-router" in victim.installed()
        assert "leaf" not in victim.installed()
        stage.assert_routed(victim, self.result)

    def test_without_a_table(self, stage: Stage, victim: Environment) -> None:
        """The attack is one: it removes the plugin, and whatever comes next is unrouted."""
        self.sync(victim, stage)
        assert "rim-router" not in victim.installed()
        stage.assert_impostor_won(victim, self.result)
