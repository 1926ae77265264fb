"""Copies of pip by another name, as pipenv has one, run by an equipped interpreter: they stop."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment


def copy_pip(environment: Environment, package: str) -> None:
    """Put a copy of its pip into an environment, with all that it imports under another name."""
    target = environment.site_packages.joinpath(*package.split("."))
    shutil.copytree(environment.site_packages / "pip", target, ignore=shutil.ignore_patterns("__pycache__"))
    for path in target.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\bpip\.(_internal|_vendor)\b", rf"{package}.\1", text)
        path.write_text(re.sub(r"\bfrom pip import", f"from {package} import", text), encoding="utf-8")


@pytest.fixture(params=["tool.patched.pip", "pipcopy"])
def package(request: pytest.FixtureRequest) -> str:
    """What the copy is called."""
    return str(request.param)


@pytest.fixture
def victim(environments: Environments, package: str) -> Environment:
    """An equipped environment with a copy of pip."""
    victim = environments.equipped()
    copy_pip(victim, package)
    return victim


class TestCopies:
    """None of a copy's hook points is known; so with a table in force it may ask nobody."""

    def test_without_a_table(self, victim: Environment, package: str, stage: Stage) -> None:
        """It does as it would without the plugin: this is also what it did with a table once."""
        result = victim.run(victim.python, "-m", package, "install", *stage.both, "acme-core")
        stage.assert_impostor_won(victim, result)

    def test_with_a_table(self, victim: Environment, package: str, stage: Stage) -> None:
        """Each way to start it stops before any request, and says what to do."""
        stage.route(victim)
        ways = [["-m", package], ["-I", "-m", package]]
        runner = victim.site_packages.joinpath(*package.split("."), "__pip-runner__.py")
        if runner.exists() and package.endswith(".pip"):  # it runs what is called pip in the directory above
            ways.append([str(runner)])
        for way in ways:
            result = victim.run(victim.python, *way, "install", *stage.both, "acme-core")
            stage.assert_stopped(
                victim, result, f"{package} is a copy of pip by another name", "use pip itself"
            )
            assert stage.public.requests + stage.private.requests == []
        # As it says.
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_another_interpreter(
        self, victim: Environment, package: str, environments: Environments, stage: Stage
    ) -> None:
        """Nor may it start a pip elsewhere."""
        if environments.pip_version < (22, 3):
            pytest.skip("this pip has no --python")
        stage.route(victim)
        target = environments.plain()
        options = ["--python", target.python, "install", *stage.both, "acme-core"]
        result = victim.run(victim.python, "-m", package, *options)
        stage.assert_stopped(target, result, f"{package} is a copy of pip")

    def test_what_asks_nobody(self, victim: Environment, package: str, stage: Stage) -> None:
        """It works; and so does the switch."""
        stage.route(victim)
        for command in (["--version"], ["list"], ["uninstall", "-y", "nothing-of-that-name"]):
            victim.run(victim.python, "-m", package, *command, check=True)
        victim.extra_environ["RIM_ROUTER_DISABLE"] = "1"
        result = victim.run(victim.python, "-m", package, "install", *stage.both, "acme-core")
        stage.assert_impostor_won(victim, result)
        assert "RIM_ROUTER_DISABLE=1 turns routing off" in result.stderr
