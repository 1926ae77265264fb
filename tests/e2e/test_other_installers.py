"""Tools that look names up themselves, as they come from a package registry: what the guard does for each."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_new_environments import user_table
from tests.support.environments import Environment
from tests.support.internet import Internet
from tests.support.matrix import release
from tests.support.wheels import Artifact, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Result, Workshop
    from tests.support.matrix import Pair
    from tests.support.servers import Authority

pytestmark = [
    pytest.mark.tools,
    pytest.mark.newest,
    pytest.mark.skipif(os.name == "nt", reason="where things are in an environment differs"),
]

Use = Callable[..., "Result"]

# PDM 2.29.4 takes hishel 2, but does not work with it. The last line is what pip-audit installs first.
TOOLS = (
    "uv", "pdm", "hishel<2", "poetry", "pipenv", "pex", "zc.buildout", "pip-audit", "johnnydep",
    "setuptools", "wheel", "packaging",
)  # fmt: skip


@dataclass
class World:
    """What all tools can ask: the two indexes of the stage, and pypi.org.

    :param tools: the environments that have the tools.
    """

    stage: Stage
    internet: Internet
    tools: Tools
    pair: Pair
    place: Path

    @property
    def indexes(self) -> tuple[str, str]:
        """The private index and the public one."""
        return self.stage.private.url, self.stage.public.url

    def user(self, *, equipped: bool = False) -> Environment:
        """Somebody with the tools, beside the plugin or without it."""
        prefix = self.tools.equipped if equipped else self.tools.prefix
        environ: dict[str, str | None] = {
            **self.internet.environ,
            "PIP_CONFIG_FILE": None,  # which would take the place of the user's
            "PDM_CHECK_UPDATE": "0",
            "PIPENV_VENV_IN_PROJECT": "1",
            "PIPENV_YES": "1",
            "POETRY_VIRTUALENVS_IN_PROJECT": "1",
            "UV_PYTHON": str(prefix / "bin" / "python"),
            "VIRTUALENV_NO_PERIODIC_UPDATE": "1",
        }
        return Environment(self.pair, prefix, self.place, equipped, environ)

    def asked(self) -> list[str]:
        """Everything that anybody was asked for."""
        servers = (self.stage.public, self.stage.private, self.internet.pypi)
        return [*(request.path for each in servers for request in list(each.requests)), *self.internet.hosts]

    def assert_nothing(self, result: Result) -> None:
        """The tool failed, and installed nothing; nobody was asked for anything."""
        assert result.returncode != 0, str(result)
        assert self.asked() == [], str(result)
        assert not installed(self.place), str(result)

    def assert_taken(self, result: Result, *, keeps: bool = True) -> None:
        """The impostor came, from the public index or from pypi.org.

        :param keeps: whether the tool installs what it fetches.
        """
        servers = (self.stage.public, self.internet.pypi)
        fetched = [request.file for each in servers for request in list(each.requests)]
        assert self.stage.impostor.filename in fetched, f"{result}\n{self.asked()}\n{installed(self.place)}"
        assert not keeps or installed(self.place) == {"public"}, str(result)


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def pip_conf(user: Environment, main: str, extra: str) -> None:
    lines = ["[global]", f"index-url = {main}", f"extra-index-url = {extra}"]
    write(user.home / ".config" / "pip" / "pip.conf", *lines)


def guard(environments: Environments, user: Environment, *args: str) -> None:
    """Turn the guard on or off for somebody, from another environment, which has the plugin."""
    maker = environments.equipped()
    env: dict[str, str | None] = {**user.environ(), "PIP_CONFIG_FILE": None}
    maker.run(maker.python, "-m", "rim_router", "guard", *args, env=env, check=True)


def installed(place: Path) -> set[str]:
    """The makers of all copies of the company's project below a directory."""
    texts = [path.read_text() for path in place.rglob("acme_core.py")]
    for path in place.rglob("project/*.pex"):
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.endswith("acme_core.py")]
            texts += [archive.read(name).decode() for name in inside]
    return {"private" if "'private'" in text else "public" for text in texts}


@dataclass(frozen=True)
class Tools:
    """An environment with the tools, one with the plugin besides, and what some fetch before they begin."""

    prefix: Path
    equipped: Path
    first: tuple[Artifact, ...]


@pytest.fixture(scope="module")
def tools(pair: Pair, workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    if release(workshop.pip_version(pair)) < (25,):
        pytest.skip("the tools need a newer Python")
    place = tmp_path_factory.mktemp("tools")
    user = workshop.furnish(pair, place, *TOOLS, equipped=False)
    code = "from pex.pip.version import PipVersion; print(*PipVersion.DEFAULT.requirements)"
    pins = user.run(user.python, "-c", code, check=True).stdout.split()
    wheels = [workshop.pip_wheel(pair.pip), *workshop.wheels(pair, *pins).glob("*.whl")]
    for name in ("setuptools", "wheel", "packaging"):
        wheels += workshop.wheels(pair, *TOOLS).glob(f"{name}-*.whl")
    other = workshop.furnish(pair, tmp_path_factory.mktemp("equipped"), *TOOLS, equipped=False)
    maker = workshop.make(pair, tmp_path_factory.mktemp("maker"))
    maker.run(maker.python, "-m", "rim_router", "equip", other.prefix, check=True)
    return Tools(user.prefix, other.prefix, tuple(map(Artifact.from_wheel, wheels)))


@pytest.fixture
def world(stage: Stage, tools: Tools, pair: Pair, authority: Authority, tmp_path: Path) -> Iterator[World]:
    with Internet(authority) as internet:
        app = {"app-1.0.dist-info/entry_points.txt": b"[console_scripts]\napp = app:main\n"}
        stage.public.add(wheel("app", "1.0", origin="public", extra_files=app))
        for index in (stage.public, internet.pypi):
            for artifact in tools.first:
                index.add(artifact)
        internet.pypi.add(stage.impostor)
        yield World(stage, internet, tools, pair, tmp_path)


# Each tool as it is used: with the two indexes given in its own way, or with what it has by default.


def run(user: Environment, tool: str, *args: str) -> Result:
    return user.run(user.python.with_name(tool), *args)


def uv_toml(user: Environment, private: str, public: str) -> None:
    lines = [f'index-url = "{private}"', f'extra-index-url = ["{public}"]']
    write(user.home / ".config" / "uv" / "uv.toml", *lines)


def project(user: Environment, *lines: str) -> None:
    head = ["[project]", 'name = "x"', 'version = "1"', 'requires-python = ">=3.10"']
    write(user.project / "pyproject.toml", *head, 'dependencies = ["acme-core"]', *lines)


def with_uv(name: str, *command: str, lines: tuple[str, ...] = ()) -> Use:
    def use(user: Environment, *indexes: str) -> Result:
        if indexes:
            uv_toml(user, *indexes)
        if lines:
            project(user, *lines)
        return run(user, *command)

    use.__name__ = name
    return use


def pdm(user: Environment, *indexes: str) -> Result:
    # A source of the first name takes the place of pypi.org.
    sources = [
        line
        for name, url in zip(("pypi", "more"), indexes)
        for line in ("[[tool.pdm.source]]", f'name = "{name}"', f'url = "{url}"', "verify_ssl = false")
    ]
    project(user, "[tool.pdm]", "distribution = false", *sources)
    return run(user, "pdm", "install")


def pdm_of_user(user: Environment, private: str, public: str) -> Result:
    user.run(user.python.with_name("pdm"), "config", "pypi.url", public, check=True)
    return pdm(user)


def poetry(user: Environment, *indexes: str) -> Result:
    sources = [
        line
        for name, url in zip(("acme", "more"), indexes)
        for line in ("[[tool.poetry.source]]", f'name = "{name}"', f'url = "{url}"', 'priority = "primary"')
    ]
    project(user, "[tool.poetry]", "package-mode = false", *sources)
    return run(user, "poetry", "install", "--no-interaction")


def pipenv(user: Environment, *indexes: str) -> Result:
    # pipenv looks a name up on the first source only.
    sources = [
        line
        for name, url in zip(("main", "acme"), reversed(indexes))
        for line in ("[[source]]", f'name = "{name}"', f'url = "{url}"', "verify_ssl = true")
    ]
    if sources:
        write(user.project / "Pipfile", *sources)
    return run(user, "pipenv", "install", "acme-core")


def pipenv_of_user(user: Environment, private: str, public: str) -> Result:
    user.extra_environ["PIPENV_PYPI_MIRROR"] = public
    return pipenv(user)


def pex(user: Environment, *indexes: str) -> Result:
    options = ["--no-pypi"] if indexes else []
    for url in indexes:
        options += ["--index", url]
    return run(user, "pex", *options, "acme-core", "-o", "a.pex")


def pex_with_pips_configuration(user: Environment) -> Result:
    return run(user, "pex", "--use-pip-config", "acme-core", "-o", "a.pex")


def buildout(user: Environment, *indexes: str) -> Result:
    lines = [f"index = {url}" for url in indexes[1:]]
    write(user.project / "buildout.cfg", "[buildout]", "parts = a", *lines, "[a]", "recipe = acme-core")
    return run(user, "buildout")


def buildout_of_user(user: Environment, private: str, public: str) -> Result:
    write(user.home / ".buildout" / "default.cfg", "[buildout]", f"index = {public}")
    return buildout(user)


def pip_audit(user: Environment, *indexes: str) -> Result:
    write(user.project / "list.txt", "acme-core")
    if indexes:
        # Its options are not for the pip and the setuptools that it installs first: pip's configuration is.
        pip_conf(user, *indexes)
    return run(user, "pip-audit", "-r", "list.txt", *options(indexes))


def johnnydep(user: Environment, *indexes: str) -> Result:
    return run(user, "johnnydep", "acme-core", *options(indexes))


def options(indexes: tuple[str, ...]) -> list[str]:
    return [f"--{kind}={url}" for kind, url in zip(("index-url", "extra-index-url"), indexes)]


TRY = ("python", "-c", "import acme_core")
BUILT = ("[build-system]", 'requires = ["acme-core"]', 'build-backend = "acme_core"')
UV = (
    uv := with_uv("uv", "uv", "pip", "install", "--target", "here", "acme-core"),
    uv_lock := with_uv("uv_lock", "uv", "lock", lines=("",)),
    with_uv("uv_sync", "uv", "sync", lines=("",)),
    with_uv("uv_run", "uv", "run", "--with", "acme-core", *TRY),
    with_uv("uv_tool", "uv", "tool", "install", "--with", "acme-core", "app"),
    with_uv("uvx", "uvx", "--with", "acme-core", *TRY),
    uv_build := with_uv("uv_build", "uv", "build", lines=BUILT),
)
OTHERS = (pdm, poetry, pipenv, pex, buildout, pip_audit, johnnydep)
OF_USER = (pdm_of_user, pipenv_of_user, buildout_of_user)
# They look at what they fetch, or lock it, and throw it away.
KEEPS_NOTHING = {uv_lock, uv_build, pip_audit, johnnydep}
# Those that find pip's configuration.
ASK_PIP = (pipenv, pip_audit, pex_with_pips_configuration)


def named(*uses: Callable[..., Result]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("use", uses, ids=lambda use: use.__name__)


@named(*UV, *OTHERS, *OF_USER)
class TestOwnWay:
    """Index URLs in each tool's own configuration or options."""

    def test_guarded(self, use: Use, world: World) -> None:
        """With rim+ it finds nothing, and asks nobody."""
        result = use(world.user(), *(f"rim+{url}" for url in world.indexes))
        world.assert_nothing(result)

    def test_plain(self, use: Use, world: World) -> None:
        """Without, the impostor comes."""
        result = use(world.user(), *world.indexes)
        world.assert_taken(result, keeps=use not in KEEPS_NOTHING)


class TestPipsConfiguration:
    """``rim-router guard on``, with pip's configuration of the user."""

    @named(*ASK_PIP)
    def test_guard(self, use: Use, world: World, environments: Environments) -> None:
        """Who finds it finds nothing else, and asks nobody."""
        user = world.user()
        pip_conf(user, *world.indexes)
        guard(environments, user, "on")
        world.assert_nothing(use(user))

    @named(*ASK_PIP)
    def test_plain(self, use: Use, world: World) -> None:
        """Without it the impostor comes."""
        user = world.user()
        pip_conf(user, *reversed(world.indexes))  # pipenv takes the first
        world.assert_taken(use(user), keeps=use not in KEEPS_NOTHING)

    @named(uv, pdm, poetry, pex, buildout, johnnydep)
    def test_who_does_not_ask(self, use: Use, world: World, environments: Environments) -> None:
        """The others go to pypi.org all the same: each needs its own way."""
        user = world.user()
        pip_conf(user, *world.indexes)
        guard(environments, user, "on")
        result = use(user)
        assert world.internet.pypi.asked_for("acme-core"), str(result)

    def test_pip_audit_with_options_only(self, world: World) -> None:
        """What it installs first comes from pypi.org then; the name is not asked for."""
        user = world.user()
        write(user.project / "list.txt", "acme-core")
        guarded = tuple(f"rim+{url}" for url in world.indexes)
        result = run(user, "pip-audit", "-r", "list.txt", *options(guarded))
        assert result.returncode != 0, str(result)
        assert world.internet.pypi.asked_for("setuptools"), str(result)
        assert not [path for path in world.asked() if "acme" in path], str(result)


class TestUvsConfiguration:
    """``rim-router guard on --uv``."""

    @named(*UV)
    def test_guard(self, use: Use, world: World, environments: Environments) -> None:
        """In every form of uv, whether there is a configuration already or not."""
        user = world.user()
        guard(environments, user, "on", "--uv")
        world.assert_nothing(use(user))
        uv_toml(user, *world.indexes)
        guard(environments, user, "on", "--uv")
        world.assert_nothing(use(user))
        guard(environments, user, "off", "--uv")
        world.assert_taken(use(user), keeps=use not in KEEPS_NOTHING)

    def test_index_of_a_project(self, world: World, environments: Environments) -> None:
        """A plain URL that a project gives itself stays plain, and is asked first."""
        user = world.user()
        guard(environments, user, "on", "--uv")
        project(user, "[[tool.uv.index]]", f'url = "{world.stage.public.url}"')
        world.assert_taken(run(user, "uv", "sync"))

    def test_lock_file(self, world: World, environments: Environments) -> None:
        """What a lock file names is fetched from where it says, with the hash that it says."""
        user = world.user()
        uv_lock(user, *world.indexes)
        guard(environments, user, "on", "--uv")
        world.stage.public.forget()
        world.assert_taken(run(user, "uv", "sync", "--frozen"))


class TestRouted:
    """Beside rim-router, with a table of the user that claims and locks the name, and plain index URLs."""

    @pytest.mark.parametrize("policy", ["equip", "leave"])
    @named(uv, pdm, poetry, pex, buildout, johnnydep)
    def test_not(self, use: Use, policy: str, world: World) -> None:
        """They bring what looks names up, or a pip that is in no environment: the impostor comes."""
        user = world.user(equipped=True)
        user_table(world.stage, user, policy)
        world.assert_taken(use(user, *world.indexes), keeps=use not in KEEPS_NOTHING)

    def test_pipenv(self, world: World) -> None:
        """The pip that it brings along stops."""
        user = world.user(equipped=True)
        user_table(world.stage, user)
        result = pipenv(user, *world.indexes)
        world.assert_nothing(result)

    @pytest.mark.parametrize("policy", ["equip", "leave"])
    def test_pip_audit(self, policy: str, world: World) -> None:
        """It makes an environment with venv: a table that has new ones equipped routes that."""
        user = world.user(equipped=True)
        user_table(world.stage, user, policy)
        result = pip_audit(user, *world.indexes)
        if policy == "leave":
            world.assert_taken(result, keeps=False)
        else:
            assert not world.stage.public.asked_for("acme-core"), str(result)
            assert world.stage.private.asked_for("acme-core"), str(result)
