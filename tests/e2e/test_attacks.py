"""Every way to get the wrong file installed: it works on plain pip, and not on routed pip."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.servers import status, write_flat_dir

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result


@dataclass(frozen=True)
class Command:
    """What the victim runs: the arguments of pip, and variables of its environment."""

    args: tuple[str | Path, ...]
    env: dict[str, str | None] = field(default_factory=dict)


Attack = Callable[["Stage", "Environment"], Command]


def _install(*args: str | Path, **env: str | None) -> Command:
    return Command(("install", *args), env)


def _write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def extra_index(stage: Stage, victim: Environment) -> Command:
    return _install(*stage.both, "acme-core")


def public_index_first(stage: Stage, victim: Environment) -> Command:
    return _install("--index-url", stage.public.url, "--extra-index-url", stage.private.url, "acme-core")


def only_the_public_index(stage: Stage, victim: Environment) -> Command:
    return _install("--index-url", stage.public.url, "acme-core")


def extra_index_in_the_environment(stage: Stage, victim: Environment) -> Command:
    return _install("acme-core", PIP_INDEX_URL=stage.private.url, PIP_EXTRA_INDEX_URL=stage.public.url)


def extra_index_in_pip_conf(stage: Stage, victim: Environment) -> Command:
    conf = _write(
        victim.place / "pip.conf",
        "[global]",
        f"index-url = {stage.private.url}",
        f"extra-index-url = {stage.public.url}",
    )
    return _install("acme-core", PIP_CONFIG_FILE=str(conf))


def extra_index_in_requirements(stage: Stage, victim: Environment) -> Command:
    requirements = _write(
        victim.project / "requirements.txt",
        f"--index-url {stage.private.url}",
        f"--extra-index-url {stage.public.url}",
        "acme-core",
    )
    return _install("-r", requirements)


def find_links_in_requirements(stage: Stage, victim: Environment) -> Command:
    requirements = _write(
        victim.project / "requirements.txt", f"--find-links {stage.public.flat_url}", "acme-core"
    )
    return _install("--index-url", stage.private.url, "-r", requirements)


def find_links_page(stage: Stage, victim: Environment) -> Command:
    return _install("--index-url", stage.private.url, "--find-links", stage.public.flat_url, "acme-core")


def find_links_directory(stage: Stage, victim: Environment) -> Command:
    directory = write_flat_dir(victim.place / "wheels", [stage.impostor])
    return _install("--index-url", stage.private.url, "--find-links", directory, "acme-core")


def find_links_in_the_environment(stage: Stage, victim: Environment) -> Command:
    directory = write_flat_dir(victim.place / "wheels", [stage.impostor])
    return _install("acme-core", PIP_INDEX_URL=stage.private.url, PIP_FIND_LINKS=str(directory))


def transitive(stage: Stage, victim: Environment) -> Command:
    return _install(*stage.both, "tool")


def constraint(stage: Stage, victim: Environment) -> Command:
    constraints = _write(victim.project / "constraints.txt", "acme-core>=1.0")
    return _install(*stage.both, "-c", constraints, "acme-core")


def other_spelling(stage: Stage, victim: Environment) -> Command:
    return _install(*stage.both, "Acme_Core")


def doubled_separators(stage: Stage, victim: Environment) -> Command:
    return _install(*stage.both, "acme..core")


def upper_bound_and_extra(stage: Stage, victim: Environment) -> Command:
    return _install(*stage.both, "ACME-core[extra]>0.1,<100")


ATTACKS: tuple[Attack, ...] = (
    extra_index,
    public_index_first,
    only_the_public_index,
    extra_index_in_the_environment,
    extra_index_in_pip_conf,
    extra_index_in_requirements,
    find_links_in_requirements,
    find_links_page,
    find_links_directory,
    find_links_in_the_environment,
    transitive,
    constraint,
    other_spelling,
    doubled_separators,
    upper_bound_and_extra,
)
attacks = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)


def run(attack: Attack, stage: Stage, victim: Environment) -> Result:
    command = attack(stage, victim)
    return victim.pip(*command.args, env=command.env)


class TestHigherVersionElsewhere:
    """A higher version of a private project on an index that anybody can publish to."""

    @attacks
    def test_plain_pip_installs_the_impostor(
        self, attack: Attack, stage: Stage, environments: Environments
    ) -> None:
        """The attack is one: without the plugin the impostor wins."""
        victim = environments.plain()
        stage.assert_impostor_won(victim, run(attack, stage, victim))

    @attacks
    def test_routed_pip_installs_the_real_one(
        self, attack: Attack, stage: Stage, environments: Environments
    ) -> None:
        """With a table the real one is installed, and the public index gets no request for its name."""
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_routed(victim, run(attack, stage, victim))


class TestOnEveryPip:
    """The core of it, on each pip and each Python of the matrix."""

    @pytest.mark.spread
    def test_transitive_and_build_dependencies(self, stage: Stage, environments: Environments) -> None:
        """A dependency, and a build dependency of another project, both come from their own index."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "tool", "built")
        stage.assert_routed(victim, result)
        assert victim.constant("built", "BUILT_WITH") == {"acme_build": "private"}
        assert not stage.public.asked_for("acme-build")

    @pytest.mark.spread
    def test_html_pages(self, stage: Stage, environments: Environments) -> None:
        """An index that does not speak JSON is routed as well."""
        stage.public.html_only = stage.private.html_only = True
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "tool"))


FEATURES = (None, "inprocess-build-deps", "venv-isolation")


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature or "subprocess")
class TestBuildDependencies:
    """A build dependency is installed by pip on its own account, in a way that depends on its options."""

    def build(self, stage: Stage, victim: Environment, feature: str | None, project: str = "built") -> Result:
        if feature is None:
            return victim.pip("install", *stage.both, project)
        if not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        return victim.pip("install", "--use-feature", feature, *stage.both, project)

    def test_plain_pip_builds_with_the_impostor(
        self, feature: str | None, stage: Stage, environments: Environments
    ) -> None:
        """The attack is one: without the plugin the impostor's code runs in the build."""
        victim = environments.plain()
        result = self.build(stage, victim, feature)
        assert result.returncode == 0, str(result)
        assert victim.constant("built", "BUILT_WITH") == {"acme_build": "public"}

    @pytest.mark.parametrize("project", ["built", "late"])
    def test_routed_pip_builds_with_the_real_one(
        self, project: str, feature: str | None, stage: Stage, environments: Environments
    ) -> None:
        """Static and dynamic build dependencies come from their own index."""
        victim = environments.equipped()
        stage.route(victim)
        result = self.build(stage, victim, feature, project)
        assert result.returncode == 0, str(result)
        assert victim.constant(project, "BUILT_WITH") == {"acme_build": "private"}
        assert not stage.public.asked_for("acme-build"), str(result)

    def test_a_failing_index_stops_the_build(
        self, feature: str | None, stage: Stage, environments: Environments
    ) -> None:
        """Where the build dependency's index is out of order, nothing else is asked and nothing is built."""
        victim = environments.equipped()
        stage.route(victim)
        stage.private.on("acme-build", status(503))
        result = self.build(stage, victim, feature)
        assert result.returncode != 0, str(result)
        assert victim.origin("built") is None
        assert not stage.public.asked_for("acme-build"), str(result)
        assert "503" in result.words


class TestOtherInterpreters:
    """pip can work on an environment whose interpreter knows nothing of the plugin."""

    def run(self, stage: Stage, driver: Environment, target: Environment, by: str) -> Result:
        if not driver.offers("--python"):
            pytest.skip("this pip has no --python")
        if by == "option":
            return driver.pip("--python", target.python, "install", *stage.both, "acme-core")
        return driver.pip("install", *stage.both, "acme-core", env={"PIP_PYTHON": str(target.python)})

    @pytest.mark.parametrize("by", ["option", "variable"])
    def test_plain_pip_installs_the_impostor(self, by: str, stage: Stage, environments: Environments) -> None:
        """The attack is one."""
        driver, target = environments.plain(), environments.plain()
        stage.assert_impostor_won(target, self.run(stage, driver, target, by))

    @pytest.mark.parametrize("by", ["option", "variable"])
    def test_routed_or_refused(self, by: str, stage: Stage, environments: Environments) -> None:
        """What is installed into the other environment is the real one, or nothing with a reason."""
        driver, target = environments.equipped(), environments.plain()
        stage.route(driver)
        result = self.run(stage, driver, target, by)
        assert not stage.public.asked_for("acme-core"), str(result)
        if result.returncode == 0:
            assert target.origin("acme_core") == "private", str(result)
        else:
            assert target.origin("acme_core") is None
            assert "rim-router" in result.words
        assert driver.origin("acme_core") is None


class TestOtherWaysToStartPip:
    """pip is pip, however it is started."""

    @pytest.mark.parametrize("way", ["script", "isolated", "from its wheel"])
    def test_routed(self, way: str, stage: Stage, environments: Environments) -> None:
        """The console script, ``python -I -m pip``, and a pip that is not installed at all."""
        victim = environments.equipped()
        stage.route(victim)
        zipped = environments.workshop.pip_wheel(environments.pair.pip) / "pip"
        start: dict[str, tuple[str | Path, ...]] = {
            "script": (victim.python.with_name("pip"),),
            "isolated": (victim.python, "-I", "-m", "pip"),
            "from its wheel": (victim.python, zipped),
        }
        stage.assert_routed(victim, victim.run(*start[way], "install", *stage.both, "acme-core"))


class TestOtherCommands:
    """Every command that looks projects up is routed."""

    def test_download(self, stage: Stage, environments: Environments) -> None:
        """``pip download`` gets the real file."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("download", "-d", victim.project / "files", *stage.both, "tool", check=True)
        assert (victim.project / "files" / stage.real.filename).read_bytes() == stage.real.data
        assert not stage.public.asked_for("acme-core")

    def test_wheel(self, stage: Stage, environments: Environments) -> None:
        """``pip wheel`` collects the real file."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("wheel", "-w", victim.project / "files", *stage.both, "tool", check=True)
        assert (victim.project / "files" / stage.real.filename).read_bytes() == stage.real.data
        assert not stage.public.asked_for("acme-core")

    def test_dry_run_report(self, stage: Stage, environments: Environments) -> None:
        """The installation report names the real file."""
        victim = environments.equipped()
        stage.route(victim)
        report = victim.project / "report.json"
        victim.pip("install", "--dry-run", "--report", report, *stage.both, "acme-core", check=True)
        assert stage.private.file_url(stage.real) in report.read_text(encoding="utf-8")
        assert not stage.public.asked_for("acme-core")

    def test_index_versions(self, stage: Stage, environments: Environments) -> None:
        """``pip index versions`` knows the versions of the real one only."""
        plain, victim = environments.plain(), environments.equipped()
        stage.route(victim)
        assert "99.0" in plain.pip("index", "versions", *stage.both, "acme-core", check=True).stdout
        stage.public.forget()
        result = victim.pip("index", "versions", *stage.both, "acme-core", check=True)
        assert "1.0" in result.stdout
        assert "99.0" not in result.output
        assert not stage.public.asked_for("acme-core")

    def test_list_outdated(self, stage: Stage, environments: Environments) -> None:
        """``pip list --outdated`` does not advertise the impostor."""
        victim = environments.equipped()
        victim.pip("install", "--no-index", "--no-deps", stage.real.write_to(victim.place), check=True)
        assert "99.0" in victim.pip("list", "--outdated", *stage.both, check=True).stdout
        stage.public.forget()
        stage.route(victim)
        result = victim.pip("list", "--outdated", *stage.both, check=True)
        assert "99.0" not in result.output
        assert not stage.public.asked_for("acme-core")

    def test_lock(self, stage: Stage, environments: Environments) -> None:
        """``pip lock`` writes the real file down."""
        victim = environments.equipped()
        if not (victim.site_packages / "pip" / "_internal" / "commands" / "lock.py").exists():
            pytest.skip("this pip has no lock command")
        stage.route(victim)
        victim.pip("lock", *stage.both, "tool", check=True)
        text = (victim.project / "pylock.toml").read_text(encoding="utf-8")
        assert stage.real.digest() in text
        assert stage.impostor.digest() not in text
        assert not stage.public.asked_for("acme-core")

    def test_legacy_resolver(self, stage: Stage, environments: Environments) -> None:
        """The resolver of old goes the same way."""
        victim = environments.equipped()
        if not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        stage.route(victim)
        legacy = ["--use-deprecated", "legacy-resolver"]
        stage.assert_routed(victim, victim.pip("install", *legacy, *stage.both, "tool"))

    def test_the_check_for_a_newer_pip(self, stage: Stage, environments: Environments) -> None:
        """pip asks for its own newest version where the table says that pip comes from."""
        plain, victim = environments.plain(), environments.equipped()
        env = {"PIP_DISABLE_PIP_VERSION_CHECK": None}
        options = ["--index-url", stage.public.url]
        plain.pip("install", *options, "leaf", env=env, check=True)
        assert stage.public.asked_for("pip")
        stage.public.forget()
        victim.route({"acme": stage.private.url}, {"pip": "acme"})
        victim.pip("install", *options, "leaf", env=env, check=True)
        assert not stage.public.asked_for("pip")
        assert stage.private.asked_for("pip")
