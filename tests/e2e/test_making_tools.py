"""Tools that make environments, as they come from a package registry: none of theirs is forgotten."""

from __future__ import annotations

import io
import os
import re
import tarfile
from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_new_environments import contents, origin, python_of, user_table
from tests.support.environments import Environment, site_packages
from tests.support.internet import Internet
from tests.support.matrix import release
from tests.support.wheels import Artifact, sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Stage
    from tests.support.environments import Result, Workshop
    from tests.support.matrix import Pair
    from tests.support.servers import Authority

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(os.name == "nt", reason="where things are in an environment differs"),
]

Make = Callable[[Environment], "tuple[Result, Path]"]

TOOLS = ("virtualenv", "tox", "nox", "pre-commit", "hatch", "pipx", "uv")


class Toolbox:
    """The tools, in an environment with the plugin and in one without."""

    def __init__(self, equipped: Path, plain: Path, pair: Pair, place: Path, stage: Stage) -> None:
        self._prefixes = {True: equipped, False: plain}
        self._pair, self._place, self.stage = pair, place, stage

    def user(self, *, equipped: bool, policy: str = "equip") -> Environment:
        """Somebody who has them, and one table."""
        place = self._place / ("with" if equipped else "without")
        extra: dict[str, str | None] = {
            "PIP_INDEX_URL": self.stage.private.url,
            "PIP_EXTRA_INDEX_URL": self.stage.public.url,
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        }
        user = Environment(self._pair, self._prefixes[equipped], place, equipped, extra)
        user_table(self.stage, user, policy)
        return user

    def publish_setuptools(self) -> None:
        """Have the public index offer what virtualenv carries."""
        seeds = site_packages(self._prefixes[True]) / "virtualenv" / "seed" / "wheels" / "embed"
        self.stage.public.add(Artifact.from_wheel(max(seeds.glob("setuptools-*.whl"))))


@pytest.fixture(scope="module")
def prefixes(pair: Pair, workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if release(workshop.pip_version(pair)) < (25,):
        pytest.skip("the tools need a newer Python")

    equipped, plain = (
        workshop.furnish(pair, tmp_path_factory.mktemp("tools"), *TOOLS, equipped=each).prefix
        for each in (True, False)
    )
    return equipped, plain


@pytest.fixture
def toolbox(
    prefixes: tuple[Path, Path], pair: Pair, workshop: Workshop, tmp_path: Path, stage: Stage
) -> Toolbox:
    toolbox = Toolbox(*prefixes, pair, tmp_path, stage)
    toolbox.publish_setuptools()
    stage.public.add(Artifact.from_wheel(workshop.pip_wheel(pair.pip)))  # pipx upgrades its own
    return toolbox


@pytest.fixture
def internet(authority: Authority, stage: Stage) -> Iterator[Internet]:
    """Whoever goes to pypi.org finds the impostors there."""
    with Internet(authority) as internet:
        internet.pypi.add(stage.impostor)
        yield internet


def app(name: str, *requires: str) -> Artifact:
    """A project with a command, such as pipx installs."""
    entry_points = f"[console_scripts]\n{name} = {name}:main\n".encode()
    extra = {f"{name}-1.0.dist-info/entry_points.txt": entry_points}
    return wheel(name, "1.0", origin="public", requires=requires, extra_files=extra)


def unpack(user: Environment, requires: str) -> None:
    """A project whose build requires something, as the working directory."""
    made = sdist("built", "1.0", origin="local", build_requires=[requires])
    with tarfile.open(fileobj=io.BytesIO(made.data)) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]
            if member.isfile():
                archive.extract(member, user.project)


def tox(user: Environment) -> tuple[Result, Path]:
    unpack(user, "acme-build")
    (user.project / "tox.ini").write_text(
        "[tox]\nenv_list = py\n[testenv]\npackage = wheel\ndeps = tool\n"
        "commands = python -c 'import acme_core'\n"
    )
    return user.run(user.python.with_name("tox"), "run", "-v"), user.project / ".tox" / "py"


def venv(user: Environment) -> tuple[Result, Path]:
    prefix = user.project / "new"
    user.run(user.python, "-m", "venv", prefix, check=True)
    return user.run(python_of(prefix), "-m", "pip", "install", "tool"), prefix


def nox(user: Environment, backend: str) -> tuple[Result, Path]:
    (user.project / "noxfile.py").write_text(
        f"import nox\n@nox.session(venv_backend={backend!r})\n"
        "def one(session):\n    session.install('tool')\n"
    )
    return user.run(user.python.with_name("nox")), user.project / ".nox" / "one"


def nox_venv(user: Environment) -> tuple[Result, Path]:
    return nox(user, "venv")


def nox_virtualenv(user: Environment) -> tuple[Result, Path]:
    return nox(user, "virtualenv")


def nox_uv(user: Environment) -> tuple[Result, Path]:
    return nox(user, "uv")


def virtualenv(user: Environment) -> tuple[Result, Path]:
    prefix = user.project / "new"
    user.run(user.python.with_name("virtualenv"), prefix, check=True)
    return user.run(python_of(prefix), "-m", "pip", "install", "tool"), prefix


def pre_commit(user: Environment) -> tuple[Result, Path]:
    (user.project / ".pre-commit-config.yaml").write_text(
        "repos:\n- repo: local\n  hooks:\n  - {id: one, name: one, language: python, entry: python -c pass, "
        "additional_dependencies: [tool], always_run: true}\n"
    )
    user.run("git", "init", "-q", user.project, check=True)
    # pre-commit installs a project of its own besides, which setuptools builds in an isolated environment.
    result = user.run(user.python.with_name("pre-commit"), "install-hooks")
    found = [*user.home.glob(".cache/pre-commit/*/py_env-*")]
    return result, found[0] if found else user.project


def hatch(user: Environment, installer: str = "pip") -> tuple[Result, Path]:
    (user.project / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\n[tool.hatch.envs.default]\nskip-install = true\n'
        f'installer = "{installer}"\ndependencies = ["tool"]\n'
    )
    result = user.run(user.python.with_name("hatch"), "env", "create")
    found = [*user.home.glob(".local/share/hatch/env/virtual/*/*/*/pyvenv.cfg")]
    return result, found[0].parent if found else user.project


def hatch_uv(user: Environment) -> tuple[Result, Path]:
    return hatch(user, "uv")


def pipx(user: Environment) -> tuple[Result, Path]:
    """Into an environment that is there."""
    prefix = user.home / "pipx" / "venvs" / "app"
    return user.run(user.python.with_name("pipx"), "inject", "app", "tool"), prefix


def pipx_new(user: Environment) -> tuple[Result, Path]:
    prefix = user.home / "pipx" / "venvs" / "needy"
    result = user.run(user.python.with_name("pipx"), "install", "needy")
    return result, prefix if prefix.exists() else user.project


def pipx_equipped(user: Environment) -> tuple[Result, Path]:
    """Made by a Python that has the plugin: otherwise pipx makes it with the base interpreter."""
    user.extra_environ["PIPX_DEFAULT_PYTHON"] = "python"
    return pipx_new(user)


def uv(user: Environment) -> tuple[Result, Path]:
    prefix = user.project / "new"
    command = user.python.with_name("uv")
    user.run(command, "venv", "--offline", "--python", user.python, prefix, check=True)
    return user.run(command, "pip", "install", "--python", prefix, "tool"), prefix


MAKERS = (virtualenv, tox, nox_venv, nox_virtualenv, pre_commit, hatch)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
class TestOneLockedTable:
    """A table of the user claims and locks the company's names, and has new environments equipped."""

    def test_the_impostor_does_not_come(self, make: Make, stage: Stage, toolbox: Toolbox) -> None:
        user = toolbox.user(equipped=True)
        result, prefix = make(user)
        assert result.returncode == 0, str(result)
        assert origin(prefix) == "private", str(result)
        assert "rim_router" in contents(prefix)
        assert not stage.public.asked_for("acme-core"), str(result)
        assert not stage.public.asked_for("acme-build"), str(result)

    def test_without_the_plugin_it_does(self, make: Make, stage: Stage, toolbox: Toolbox) -> None:
        """The attack is one."""
        result, prefix = make(toolbox.user(equipped=False))
        assert origin(prefix) == "public", str(result)

    def test_it_does_where_new_environments_are_left_as_they_are(
        self, make: Make, stage: Stage, toolbox: Toolbox
    ) -> None:
        result, prefix = make(toolbox.user(equipped=True, policy="leave"))
        assert origin(prefix) == "public", str(result)


class TestTheWholeList:
    """One locked table, new environments equipped, and the guard on in pip's and uv's configuration."""

    ROUTED = (venv, virtualenv, tox, nox_venv, nox_virtualenv, pre_commit, hatch, pipx, pipx_equipped)
    CLOSED = (pipx_new, nox_uv, hatch_uv, uv)

    @pytest.fixture
    def user(self, request: pytest.FixtureRequest, toolbox: Toolbox, internet: Internet) -> Environment:
        """Somebody who has one environment of pipx from before."""
        stage = toolbox.stage
        stage.public.add(app("app"))
        stage.public.add(app("needy", "acme-core"))
        user = toolbox.user(equipped=request.param)
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
            del user.extra_environ[name]
        user.extra_environ.update({**internet.environ, "PIP_CONFIG_FILE": None})
        user.extra_environ.update({"PIPX_HOME": str(user.home / "pipx"), "PIPX_DEFAULT_BACKEND": "pip"})
        for name, lines in {
            "pip/pip.conf": [
                "[global]",
                f"index-url = {stage.private.url}",
                f"extra-index-url = {stage.public.url}",
            ],
            "uv/uv.toml": [f'index-url = "{stage.private.url}"', f'extra-index-url = ["{stage.public.url}"]'],
        }.items():
            path = user.home / ".config" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        if request.node.callspec.params["make"] is pipx:
            user.run(user.python.with_name("pipx"), "install", "app", check=True)
        return user

    @pytest.mark.parametrize("user", [True], indirect=True, ids=["equipped"])
    @pytest.mark.parametrize("make", [*ROUTED, *CLOSED], ids=lambda make: make.__name__)
    def test_no_impostor(self, make: Make, user: Environment, toolbox: Toolbox, internet: Internet) -> None:
        """Each is routed, or installs nothing and says so; no public index was asked for the names."""
        for command in (["guard", "on"], ["guard", "on", "--uv"], ["equip", "--pipx"]):
            user.run(user.python, "-m", "rim_router", *command, check=True)
        toolbox.stage.public.forget()
        result, prefix = make(user)
        if make in self.ROUTED:
            assert result.returncode == 0, str(result)
            assert origin(prefix) == "private", str(result)
            assert "rim_router" in contents(prefix)
        else:
            assert result.returncode != 0, str(result)
            assert not [*user.place.rglob("acme_core.py")], str(result)
            assert re.search("not found|no matching|could not find", result.words, re.IGNORECASE), str(result)
        for index in (toolbox.stage.public, internet.pypi):
            assert not [name for name in index.projects_asked_for() if "acme" in name], str(result)

    @pytest.mark.parametrize("user", [False], indirect=True, ids=["plain"])
    @pytest.mark.parametrize("make", [*ROUTED, *CLOSED], ids=lambda make: make.__name__)
    def test_plain(self, make: Make, user: Environment) -> None:
        """Without the plugin and the guard, each has the impostor."""
        result, prefix = make(user)
        assert origin(prefix) == "public", str(result)


class TestSeeder:
    """virtualenv's own way to the same end: no table has to ask for it."""

    @pytest.mark.parametrize("how", ["variable", "virtualenv.ini", "option"])
    def test_seeds_and_equips(self, how: str, stage: Stage, toolbox: Toolbox) -> None:
        user = toolbox.user(equipped=True, policy="leave")
        options = ["--seeder", "rim"] if how == "option" else []
        if how == "variable":
            user.extra_environ["VIRTUALENV_SEEDER"] = "rim"
        elif how == "virtualenv.ini":
            directory = user.home / ".config" / "virtualenv"
            directory.mkdir(parents=True)
            (directory / "virtualenv.ini").write_text("[virtualenv]\nseeder = rim\n")
        prefix = user.project / "new"
        user.run(user.python.with_name("virtualenv"), *options, prefix, check=True)
        result = user.run(python_of(prefix), "-m", "pip", "install", "tool")
        assert origin(prefix) == "private", str(result)

    def test_without_seeds(self, stage: Stage, toolbox: Toolbox) -> None:
        user = toolbox.user(equipped=True, policy="leave")
        prefix = user.project / "new"
        command = [user.python.with_name("virtualenv"), "--seeder", "rim", "--no-seed", prefix]
        user.run(*command, check=True)
        assert contents(prefix) >= {"rim_router"}
        assert "pip" not in contents(prefix)

    def test_tox(self, stage: Stage, toolbox: Toolbox) -> None:
        """With its environment for packages, and isolated builds in that."""
        user = toolbox.user(equipped=True, policy="leave")
        user.extra_environ["VIRTUALENV_SEEDER"] = "rim"
        result, prefix = tox(user)
        assert result.returncode == 0, str(result)
        assert origin(prefix) == "private", str(result)
        assert not stage.public.asked_for("acme-build"), str(result)
        assert (site_packages(user.project / ".tox" / ".pkg") / "rim_router.pth").exists()

    def test_it_fails_with_the_reason(self, stage: Stage, toolbox: Toolbox) -> None:
        user = toolbox.user(equipped=True, policy="leave")
        prefix = user.project / "new"
        taken = site_packages_of_new(user, prefix)
        taken.mkdir(parents=True)
        (taken / "__init__.py").write_text("")
        result = user.run(user.python.with_name("virtualenv"), "--seeder", "rim", prefix)
        assert result.returncode == 1, str(result)
        assert "already exists" in result.words
        assert "pip" not in contents(prefix)


def site_packages_of_new(user: Environment, prefix: Path) -> Path:
    """Where the plugin would go in an environment that is not made yet."""
    return prefix / site_packages(user.prefix).relative_to(user.prefix) / "rim_router"


class TestEquip:
    """What no new environment is asked for: environments that another interpreter has made."""

    def test_pipx(self, stage: Stage, toolbox: Toolbox) -> None:
        """Its pip is that of the shared libraries, under each environment's own Python."""
        stage.public.add(app("app"))
        user = toolbox.user(equipped=True)
        user.extra_environ.update({"PIPX_HOME": str(user.home / "pipx"), "PIPX_DEFAULT_BACKEND": "pip"})
        pipx = user.python.with_name("pipx")
        user.run(pipx, "install", "app", check=True)
        prefix = user.home / "pipx" / "venvs" / "app"
        assert not (site_packages(prefix) / "rim_router.pth").exists()
        attacked = user.run(pipx, "inject", "app", "tool", check=True)
        assert origin(prefix) == "public", str(attacked)
        user.run(pipx, "uninject", "app", "tool", check=True)
        (site_packages(prefix) / "acme_core.py").unlink(missing_ok=True)
        for left in site_packages(prefix).glob("acme_core-*"):
            (left / "METADATA").unlink()
        stage.public.forget()
        assert user.run(user.python, "-m", "rim_router", "equip", "--pipx", "--check").returncode == 1
        user.run(user.python, "-m", "rim_router", "equip", "--pipx", check=True)
        result = user.run(pipx, "inject", "app", "tool", check=True)
        assert origin(prefix) == "private", str(result)
        assert not stage.public.asked_for("acme-core")
        user.run(user.python, "-m", "rim_router", "equip", "--pipx", "--check", check=True)

    def test_uv(self, stage: Stage, toolbox: Toolbox) -> None:
        """It makes environments without pip: one that comes later is routed."""
        user = toolbox.user(equipped=True)
        prefix = user.project / "envs" / "new"
        user.run(
            user.python.with_name("uv"), "venv", "--offline", "--python", user.python, prefix, check=True
        )
        user.run(user.python, "-m", "rim_router", "equip", "--recursive", user.project, check=True)
        user.run(python_of(prefix), "-m", "ensurepip", check=True)
        result = user.run(python_of(prefix), "-m", "pip", "install", "tool")
        assert origin(prefix) == "private", str(result)

    def test_uv_tools(self, stage: Stage, toolbox: Toolbox) -> None:
        """One that uv has installed, with files that are links into its cache."""
        user = toolbox.user(equipped=True)
        file = app("app").write_to(user.place)
        user.run(
            user.python.with_name("uv"), "tool", "install", "--offline", "--no-config", "--no-index",
            "--python", user.python, file, check=True,
        )  # fmt: skip
        tools = user.home / ".local" / "share" / "uv" / "tools"
        user.run(user.python, "-m", "rim_router", "equip", "--recursive", tools, check=True)
        assert (site_packages(tools / "app") / "rim_router.pth").exists()
