"""Tools that run pip, as they come from a package registry: the rows of docs/tools.md that CI can afford."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_new_environments import origin, python_of, user_table
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result, Workshop
    from tests.support.matrix import Pair

pytestmark = pytest.mark.newest

Tool = Callable[["Environment"], object]
"""Uses a tool to install the company's project, or to build with it; returns whose it was."""

TOOLS = ("build", "nox", "pip-tools", "shiv", "tox", "virtualenv")


@pytest.fixture
def victim(pair: Pair, workshop: Workshop, tmp_path: Path, stage: Stage) -> Environment:
    """An equipped environment with the tools, and with both indexes in pip's variables."""
    victim = workshop.furnish(pair, tmp_path, *TOOLS, equipped=True)
    victim.extra_environ.update(
        {
            "PIP_INDEX_URL": stage.private.url,
            "PIP_EXTRA_INDEX_URL": stage.public.url,
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        }
    )
    return victim


def use(victim: Environment, tool: str, *args: str | Path) -> Result:
    return victim.run(victim.python.with_name(tool), *args)


def build(victim: Environment) -> object:
    sdist("built", "1.0", origin="here", build_requires=["acme-build"]).unpack_to(victim.project)
    made = use(victim, "pyproject-build", "--wheel")
    assert made.returncode == 0, str(made)
    victim.pip("install", "--no-index", *victim.project.glob("dist/*.whl"), check=True)
    built_with = victim.constant("built", "BUILT_WITH")
    assert isinstance(built_with, dict)
    return built_with["acme_build"]


def pip_compile(victim: Environment) -> object:
    (victim.project / "requirements.in").write_text("acme-core\n", encoding="utf-8")
    made = use(victim, "pip-compile", "--no-emit-index-url")
    assert made.returncode == 0, str(made)
    text = (victim.project / "requirements.txt").read_text(encoding="utf-8")
    return {"1.0": "private", "99.0": "public"}[text.partition("acme-core==")[2].split()[0]]


def shiv(victim: Environment) -> object:
    made = use(victim, "shiv", "-o", "a.pyz", "acme-core")
    assert made.returncode == 0, str(made)
    code = "import sys; sys.path.insert(0, 'a.pyz/site-packages'); import acme_core; print(acme_core.ORIGIN)"
    return victim.run(victim.python, "-c", code, check=True).stdout.strip()


def virtualenv(victim: Environment) -> object:
    made = use(victim, "virtualenv", "new")
    assert made.returncode == 0, str(made)
    victim.run(python_of(victim.project / "new"), "-m", "pip", "install", "tool", check=True)
    return origin(victim.project / "new")


def nox(victim: Environment) -> object:
    lines = ["import nox", "@nox.session", "def one(session):", "    session.install('tool')", ""]
    (victim.project / "noxfile.py").write_text("\n".join(lines), encoding="utf-8")
    made = use(victim, "nox")
    assert made.returncode == 0, str(made)
    return origin(victim.project / ".nox" / "one")


def tox(victim: Environment) -> object:
    lines = ["[testenv]", "skip_install = true", "deps = tool", "commands = python --version", ""]
    (victim.project / "tox.ini").write_text("\n".join(lines), encoding="utf-8")
    made = use(victim, "tox", "run", "-e", "py")
    assert made.returncode == 0, str(made)
    return origin(victim.project / ".tox" / "py")


def named(*tools: Tool) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("tool", tools, ids=lambda tool: tool.__name__)


class TestRouted:
    """What the page answers with yes or no."""

    @named(build, pip_compile, shiv)
    def test_yes(self, tool: Tool, stage: Stage, victim: Environment) -> None:
        """They start the pip of their own environment, or use it in their own process."""
        stage.route(victim)
        assert tool(victim) == "private"
        assert not [name for name in stage.public.projects_asked_for() if "acme" in name]

    @named(build, pip_compile, shiv)
    def test_without_a_table(self, tool: Tool, stage: Stage, victim: Environment) -> None:
        """The attack is one."""
        assert tool(victim) == "public"

    @pytest.mark.skipif(os.name == "nt", reason="where things are in an environment differs")
    @pytest.mark.parametrize("policy", ["leave", "equip"])
    @named(virtualenv, nox, tox)
    def test_no_unless_equipped(self, tool: Tool, policy: str, stage: Stage, victim: Environment) -> None:
        """They make environments of their own, which a table can have equipped."""
        user_table(stage, victim, policy)
        assert tool(victim) == {"leave": "public", "equip": "private"}[policy]
        assert stage.public.asked_for("acme-core") is (policy == "leave")


class TestPipSync:
    """``pip-sync`` removes what its list does not have, and then installs, each with a pip of its own."""

    def sync(self, victim: Environment) -> Result:
        (victim.project / "requirements.txt").write_text("acme-core\n", encoding="utf-8")
        # What the tool itself needs is removed as well, after it has been loaded.
        return use(victim, "pip-sync", "requirements.txt")

    def test_stays_routed(self, stage: Stage, victim: Environment) -> None:
        """The plugin is kept, and the pip that installs is routed."""
        victim.pip("install", "leaf", check=True)
        stage.public.forget()
        stage.route(victim)
        result = self.sync(victim)
        assert "rim-router is kept" in result.words, str(result)
        assert "rim-router" in victim.installed()
        assert "leaf" not in victim.installed()
        stage.assert_routed(victim, result)

    def test_without_a_table(self, stage: Stage, victim: Environment) -> None:
        """The attack is one: it removes the plugin, and whatever comes next is unrouted."""
        result = self.sync(victim)
        assert "rim-router" not in victim.installed()
        stage.assert_impostor_won(victim, result)


class TestPipCompile:
    """``pip-compile`` looks up in its own process, and forgets what it has found to look for more files."""

    def test_hashes_of_every_platform(self, stage: Stage, victim: Environment) -> None:
        """Also where the indexes of a project are asked in turn, each with a memory of its own."""
        files = [
            stage.private.add(wheel("acme-built", "1.0", origin="private", tag=f"py3-none-{platform}"))
            for platform in ("any", "win_amd64", "macosx_11_0_arm64")
        ]
        indexes = {"acme": stage.private.url, "public": stage.public.url}
        target = {"indexes": ["acme", "public"], "strategy": "first-index"}
        (victim.project / "requirements.in").write_text("acme-built\n", encoding="utf-8")
        for route in ("acme", target):
            victim.route(indexes, {"acme-*": route})
            script = victim.python.with_name("pip-compile")
            options = ["--quiet", "--generate-hashes", "requirements.in"]
            # It asks each index that pip is configured with for hashes, claimed or not.
            victim.run(script, *options, env={"PIP_EXTRA_INDEX_URL": None}, check=True)
            text = (victim.project / "requirements.txt").read_text(encoding="utf-8")
            assert [each.filename for each in files if each.digest() not in text] == [], text
            (victim.project / "requirements.txt").unlink()
        assert not stage.public.asked_for("acme-built")
