"""A hash in the metadata of another project is a stranger's own word: it opens no claimed name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_attacks import FEATURES
from tests.support.servers import IndexServer
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result
    from tests.support.wheels import Artifact


class World:
    """The stage, and a host that only a stranger's metadata name, with an impostor of its own."""

    def __init__(self, stage: Stage, elsewhere: IndexServer) -> None:
        self.stage = stage
        self.elsewhere = elsewhere
        self.impostor = wheel("acme-core", "1.5", origin="elsewhere")
        self.build_impostor = wheel("acme-build", "1.5", origin="elsewhere")

    def reference(self, artifact: Artifact) -> str:
        return f"{artifact.project} @ {self.elsewhere.host(artifact)}#sha256={artifact.digest()}"

    @property
    def to_core(self) -> str:
        return self.reference(self.impostor)

    @property
    def index(self) -> list[str]:
        return ["--index-url", self.stage.public.url]

    def assert_fooled(self, victim: Environment, result: Result) -> None:
        assert result.returncode == 0, str(result)
        assert self.elsewhere.asked_for("acme-core"), str(result)
        assert not self.stage.private.asked_for("acme-core")

    def assert_refused(self, victim: Environment, result: Result, name: str = "acme-core") -> None:
        assert result.returncode != 0, str(result)
        assert victim.origin(name.replace("-", "_")) is None
        assert not self.elsewhere.requests, str(result)
        assert not self.stage.public.asked_for(name)
        for words in (
            f"{name} may not come from",
            "the metadata of another project is not trusted",
            f"{name[:4]}-*",
        ):
            assert words in result.words, str(result)


@pytest.fixture
def world(stage: Stage) -> Iterator[World]:
    with IndexServer("elsewhere") as elsewhere:
        yield World(stage, elsewhere)


Way = Callable[[World, "Environment"], "list[str]"]
LEGACY = ["--use-deprecated", "legacy-resolver"]


def in_a_wheel(world: World, victim: Environment) -> list[str]:
    world.stage.public.add(wheel("harmless", "1.0", origin="public", requires=[world.to_core]))
    return ["install", "harmless"]


def in_an_sdist(world: World, victim: Environment) -> list[str]:
    world.stage.public.add(sdist("harmless", "1.0", origin="public", requires=[world.to_core]))
    return ["install", "harmless"]


def in_an_extra(world: World, victim: Environment) -> list[str]:
    requires = [f"{world.to_core} ; extra == 'more'"]
    world.stage.public.add(wheel("harmless", "1.0", origin="public", requires=requires))
    return ["install", "harmless[more]"]


def beside_the_file(world: World, victim: Environment) -> list[str]:
    artifact = wheel("harmless", "1.0", origin="public", requires=[world.to_core])
    world.stage.public.add(artifact, core_metadata=True)
    return ["install", "harmless"]


def behind_another_project(world: World, victim: Environment) -> list[str]:
    in_a_wheel(world, victim)
    world.stage.public.add(wheel("popular", "1.0", origin="public", requires=["harmless"]))
    return ["install", "popular"]


def in_a_claimed_project(world: World, victim: Environment) -> list[str]:
    world.stage.private.add(wheel("acme-app", "1.0", origin="private", requires=[world.to_core]))
    world.stage.public.add(wheel("acme-app", "1.0", origin="private", requires=[world.to_core]))
    return ["install", "acme-app"]


def in_a_local_wheel(world: World, victim: Environment) -> list[str]:
    artifact = wheel("harmless", "1.0", origin="public", requires=[world.to_core])
    return ["install", str(artifact.write_to(victim.place / "files"))]


def with_the_legacy_resolver(world: World, victim: Environment) -> list[str]:
    if not victim.offers("legacy-resolver"):
        pytest.skip("this pip has no legacy resolver")
    return [*in_a_wheel(world, victim), *LEGACY]


def in_a_dry_run(world: World, victim: Environment) -> list[str]:
    return [*in_a_wheel(world, victim), "--dry-run"]


def downloaded(world: World, victim: Environment) -> list[str]:
    return ["download", *in_a_wheel(world, victim)[1:], "-d", str(victim.place / "files")]


def collected(world: World, victim: Environment) -> list[str]:
    return ["wheel", *in_an_sdist(world, victim)[1:], "-w", str(victim.place / "files")]


def locked(world: World, victim: Environment) -> list[str]:
    if not (victim.site_packages / "pip" / "_internal" / "commands" / "lock.py").exists():
        pytest.skip("this pip has no lock command")
    return ["lock", *in_a_wheel(world, victim)[1:]]


WAYS: tuple[Way, ...] = (
    in_a_wheel,
    in_an_sdist,
    in_an_extra,
    beside_the_file,
    behind_another_project,
    in_a_claimed_project,
    in_a_local_wheel,
    with_the_legacy_resolver,
    in_a_dry_run,
    downloaded,
    collected,
    locked,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
class TestDependencies:
    """``harmless`` requires ``acme-core`` from a host of its choice, with a hash of its choice."""

    def test_plain_pip_takes_the_strangers_file(
        self, way: Way, world: World, environments: Environments
    ) -> None:
        """The attack is one."""
        victim = environments.plain()
        world.assert_fooled(victim, victim.pip(*way(world, victim), *world.index))

    def test_refused(self, way: Way, world: World, environments: Environments) -> None:
        """The other host is never asked, and the message says what to do."""
        victim = environments.equipped()
        world.stage.route(victim)
        world.assert_refused(victim, victim.pip(*way(world, victim), *world.index))


class TestBuiltEarlier:
    """A wheel that pip built and cached before there was a table."""

    def test_refused(self, world: World, environments: Environments) -> None:
        """Its metadata are as much a stranger's as those of the sdist that it was built from."""
        victim = environments.equipped()
        cached = {"PIP_NO_CACHE_DIR": None}
        arguments = in_an_sdist(world, victim)
        victim.pip(*arguments, *world.index, "--no-deps", env=cached, check=True)
        victim.pip("uninstall", "--yes", "harmless", check=True)
        world.stage.route(victim)
        result = victim.pip(*arguments, *world.index, env=cached)
        assert "Using cached harmless-1.0" in result.words or "harmless-1.0-py3-none-any.whl" in result.words
        world.assert_refused(victim, result)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature or "subprocess")
class TestBuildRequirements:
    """``build-system.requires`` of an sdist from an index, and what its backend asks for besides."""

    def build(self, world: World, victim: Environment, feature: str | None, kind: str) -> Result:
        if feature is not None and not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        requires = [world.reference(world.build_impostor)]
        static, dynamic = (requires, []) if kind == "static" else ([], requires)
        world.stage.public.add(
            sdist("harmless", "1.0", origin="public", build_requires=static, dynamic_build_requires=dynamic)
        )
        options = [] if feature is None else ["--use-feature", feature]
        return victim.pip("install", *options, *world.index, "harmless")

    def test_plain_pip_builds_with_the_strangers_file(
        self, feature: str | None, world: World, environments: Environments
    ) -> None:
        """The attack is one."""
        victim = environments.plain()
        result = self.build(world, victim, feature, "static")
        assert result.returncode == 0, str(result)
        assert victim.constant("harmless", "BUILT_WITH") == {"acme_build": "elsewhere"}

    @pytest.mark.parametrize("kind", ["static", "dynamic"])
    def test_refused(self, kind: str, feature: str | None, world: World, environments: Environments) -> None:
        """In each isolation mode, and before the backend runs with it."""
        victim = environments.equipped()
        world.stage.route(victim)
        world.assert_refused(victim, self.build(world, victim, feature, kind), "acme-build")


class TestLocalPaths:
    """A path in a stranger's metadata: whoever can write a file there is not the user."""

    def publish(self, world: World, victim: Environment) -> None:
        path = world.impostor.write_to(victim.place / "shared")
        requires = [f"acme-core @ {path.as_uri()}"]
        world.stage.public.add(wheel("harmless", "1.0", origin="public", requires=requires))

    def test_plain_pip_installs_it(self, world: World, environments: Environments) -> None:
        """The attack is one."""
        victim = environments.plain()
        self.publish(world, victim)
        victim.pip("install", *world.index, "harmless", check=True)
        assert victim.origin("acme_core") == "elsewhere"

    def test_refused(self, world: World, environments: Environments) -> None:
        """Never from a stranger's path."""
        victim = environments.equipped()
        world.stage.route(victim)
        self.publish(world, victim)
        world.assert_refused(victim, victim.pip("install", *world.index, "harmless"))


def on_the_command_line(world: World, victim: Environment) -> list[str]:
    return [world.to_core]


def in_requirements(world: World, victim: Environment) -> list[str]:
    path = victim.project / "requirements.txt"
    path.write_text(world.to_core + "\n", encoding="utf-8")
    return ["-r", str(path)]


def as_an_option_in_requirements(world: World, victim: Environment) -> list[str]:
    path = victim.project / "requirements.txt"
    url = world.elsewhere.host(world.impostor)
    path.write_text(f"acme-core @ {url} --hash=sha256:{world.impostor.digest()}\n", encoding="utf-8")
    return ["-r", str(path)]


def in_constraints(world: World, victim: Environment) -> list[str]:
    path = victim.project / "constraints.txt"
    path.write_text(world.to_core + "\n", encoding="utf-8")
    return ["-c", str(path), "acme-core"]


def beside_the_same_in_a_strangers(world: World, victim: Environment) -> list[str]:
    return [in_a_wheel(world, victim)[1], world.to_core]


def _project(victim: Environment, requires: str, build_requires: str = "") -> list[str]:
    artifact = sdist(
        "mine",
        "1.0",
        origin="user",
        requires=[requires] if requires else [],
        build_requires=[build_requires] if build_requires else [],
    )
    directory = victim.place / "mine"
    artifact.unpack_to(directory)
    return [str(directory)]


def in_a_local_project(world: World, victim: Environment) -> list[str]:
    return _project(victim, world.to_core)


def in_a_project_of_a_local_project(world: World, victim: Environment) -> list[str]:
    inner = _project(victim, world.to_core)
    (victim.place / "mine").rename(victim.place / "inner")
    uri = (victim.place / "inner").as_uri()
    artifact = sdist("outer", "1.0", origin="user", requires=[f"mine @ {uri}"])
    artifact.unpack_to(victim.place / "outer")
    assert inner
    return [str(victim.place / "outer")]


def in_a_dependency_group(world: World, victim: Environment) -> list[str]:
    if not victim.offers("--group"):
        pytest.skip("this pip has no dependency groups")
    text = f'[dependency-groups]\ncore = ["{world.to_core}"]\n'
    (victim.project / "pyproject.toml").write_text(text, encoding="utf-8")
    return ["--group", "core"]


def in_a_script(world: World, victim: Environment) -> list[str]:
    if not victim.offers("--requirements-from-script"):
        pytest.skip("this pip reads no scripts")
    path = victim.project / "script.py"
    path.write_text(f'# /// script\n# dependencies = ["{world.to_core}"]\n# ///\n', encoding="utf-8")
    return ["--requirements-from-script", str(path)]


USERS: tuple[Way, ...] = (
    on_the_command_line,
    in_requirements,
    as_an_option_in_requirements,
    in_constraints,
    beside_the_same_in_a_strangers,
    in_a_local_project,
    in_a_project_of_a_local_project,
    in_a_dependency_group,
    in_a_script,
)


class TestTheUsersOwn:
    """What the user has written with a hash is the user's decision, as before."""

    @pytest.mark.parametrize("way", USERS, ids=lambda way: way.__name__)
    def test_installed(self, way: Way, world: World, environments: Environments) -> None:
        """From the host that the user has named."""
        victim = environments.equipped()
        world.stage.route(victim)
        victim.pip("install", *way(world, victim), *world.index, check=True)
        assert victim.origin("acme_core") == "elsewhere"

    @pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature or "subprocess")
    def test_a_constraint_of_a_build(
        self, feature: str | None, world: World, environments: Environments
    ) -> None:
        """Nobody but the user has constraints, also where a stranger says what is built with."""
        victim = environments.equipped()
        if feature is not None and not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        world.stage.route(victim)
        options = [] if feature is None else ["--use-feature", feature]
        world.stage.public.add(sdist("harmless", "1.0", origin="public", build_requires=["acme-build"]))
        path = victim.project / "constraints.txt"
        path.write_text(world.reference(world.build_impostor) + "\n", encoding="utf-8")
        # Before pip 25.3 every constraint was one for builds.
        is_option = victim.offers("--build-constraint")
        options += ["--build-constraint", str(path)] if is_option else []
        env = {} if is_option else {"PIP_CONSTRAINT": str(path)}
        victim.pip("install", *options, *world.index, "harmless", env=env, check=True)
        assert victim.constant("harmless", "BUILT_WITH") == {"acme_build": "elsewhere"}

    @pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature or "subprocess")
    def test_build_requirement_of_a_local_project(
        self, feature: str | None, world: World, environments: Environments
    ) -> None:
        """Its ``pyproject.toml`` is the user's own."""
        victim = environments.equipped()
        if feature is not None and not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        world.stage.route(victim)
        options = [] if feature is None else ["--use-feature", feature]
        project = _project(victim, "", world.reference(world.build_impostor))
        victim.pip("install", *options, *world.index, *project, check=True)
        assert victim.constant("mine", "BUILT_WITH") == {"acme_build": "elsewhere"}
