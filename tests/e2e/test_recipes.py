"""The recipes of docs/recipes.md: each block is run as it stands, with the real tools."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rim_router
from tests.support import recipes
from tests.support.environments import ROOT, once, run, site_packages
from tests.support.recipes import Machine, recipe
from tests.support.wheels import Artifact, wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Workshop
    from tests.support.matrix import Pair

pytestmark = [
    pytest.mark.newest,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.name == "nt", reason="the recipes are for the shells of Linux"),
]

TOOLS = ("tox", "nox", "virtualenv", "pre-commit", "pipx", "ansible-core", "hatchling", "setuptools")
ACME, PYPI = "https://pypi.acme.example/simple", "https://pypi.org/simple"


def origin(prefix: Path, module: str = "acme_core") -> str | None:
    """Who made a module that is installed in an environment."""
    path = site_packages(prefix) / f"{module}.py"
    return None if not path.exists() else "private" if "'private'" in path.read_text() else "public"


def assert_real(stage: Stage, *prefixes: Path) -> None:
    """The real project is there, and nobody has asked the public index for it."""
    for prefix in prefixes:
        assert origin(prefix) == "private", prefix
    paths = [request.path for request in stage.public.requests]
    assert [path for path in paths if re.search("acme[-_](core|build)", path)] == []


def machine_of(user: Environment, stage: Stage, workshop: Workshop) -> Machine:
    """A checkout in which rim-router lies; pip is configured with both indexes, as an attacker likes it."""
    user.extra_environ.update({"PIP_INDEX_URL": stage.public.url, "PIP_EXTRA_INDEX_URL": stage.private.url})
    machine = Machine(user, {ACME: stage.private.url.rstrip("/"), PYPI: stage.public.url.rstrip("/")})
    machine.bring(workshop)
    (machine.work / "requirements.txt").write_text("tool\n")
    return machine


@pytest.fixture
def machine(stage: Stage, environments: Environments, workshop: Workshop) -> Machine:
    """Its Python has pip, and no rim-router."""
    return machine_of(environments.plain(), stage, workshop)


def test_every_block_is_run() -> None:
    """No block of the page has a name that no test here knows."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in sorted(recipes.names()) if f'"{name}"' not in source] == []


def test_they_have_this_version() -> None:
    """The page and the wheel have the same version."""
    text = recipes.PAGE.read_text(encoding="utf-8")
    found = set(re.findall(r"rim_router-([\d.]+)-py3|rev: v([\d.]+)", text))
    assert {version for each in found for version in each if version} == {rim_router.__version__}


class TestWithoutTools:
    """What needs nothing but pip and a shell."""

    def test_plain_pip(self, machine: Machine, stage: Stage) -> None:
        """The attack is one."""
        machine.run("python -m venv .venv && .venv/bin/pip install -r requirements.txt")
        assert origin(machine.work / ".venv") == "public"

    def test_image(self, machine: Machine, stage: Stage) -> None:
        machine.write("company", "company/index-routing.toml")
        machine.build_image("Dockerfile")
        assert_real(stage, machine.user.prefix, machine.root / "opt" / "app")
        assert (site_packages(machine.root / "opt" / "app") / "rim_router.pth").exists()
        # Where the table goes missing, nothing is looked up.
        shutil.rmtree(machine.root / "etc")
        stage.public.forget()
        result = machine.user.pip("download", "leaf", env={"RIM_ROUTER_REQUIRE": "1"})
        assert "no routing table is in force here" in result.words
        assert not stage.public.requests

    def test_image_of_a_distribution(self, machine: Machine, stage: Stage) -> None:
        """Its Python is the machine's; what apt-get installs is there."""
        (machine.root / "usr").symlink_to(machine.user.prefix)
        python = machine.root / "usr" / "bin" / "python3"
        found = machine.user.run(python, "-c", "import sys; print(sys.prefix)", check=True).stdout.strip()
        assert found == str(machine.root / "usr"), "it must not be the Python that runs the tests"
        (machine.user.prefix / "bin" / "apt-get").symlink_to("/bin/true")
        machine.write("company", "company/index-routing.toml")
        machine.build_image("Dockerfile.debian")
        assert_real(stage, machine.root / "opt" / "app")

    def test_github_actions(self, machine: Machine, stage: Stage, workshop: Workshop) -> None:
        with_token(machine, stage, "ci")
        [job] = recipes.load_yaml(workshop, recipe(".github/workflows/tests.yml"))["jobs"].values()
        known = {"${{ secrets.ACME_TOKEN }}": "w0rd"}
        env: dict[str, str | None] = {key: known.get(value, value) for key, value in job["env"].items()}
        steps = [step["run"] for step in job["steps"] if "run" in step]
        for step in steps:
            result = machine.run(step, env=env)
            assert result.returncode == 0, str(result)
        assert_real(stage, machine.user.prefix)
        # From a fork there is no secret.
        [check] = [step for step in steps if "check" in step]
        result = machine.run(check, env={**env, "RIM_ROUTER_ACME_TOKEN": None})
        assert result.returncode != 0
        assert "RIM_ROUTER_ACME_TOKEN" in result.words

    def test_gitlab(self, machine: Machine, stage: Stage, workshop: Workshop) -> None:
        with_token(machine, stage, "gitlab-ci-token")
        [job] = recipes.load_yaml(workshop, recipe(".gitlab-ci.yml")).values()
        known = {"$CI_JOB_TOKEN": "w0rd"}
        env: dict[str, str | None] = {key: known.get(value, value) for key, value in job["variables"].items()}
        # The runner makes one script of both.
        result = machine.run("\n".join([*job["before_script"], *job["script"]]), env=env)
        assert result.returncode == 0, str(result)
        assert_real(stage, machine.work / ".venv")

    def test_laptop(self, machine: Machine, stage: Stage) -> None:
        """Three kinds of environments: one that is there, one that comes, and one that nobody equips."""
        user = machine.user
        # What environment variables say would go before the configuration that the guard changes.
        user.extra_environ.update(
            {"PIP_INDEX_URL": None, "PIP_EXTRA_INDEX_URL": None, "PIP_CONFIG_FILE": None}
        )
        indexes = f"[global]\nindex-url = {stage.public.url}\nextra-index-url = {stage.private.url}\n"
        (user.home / ".config" / "pip").mkdir(parents=True)
        (user.home / ".config" / "pip" / "pip.conf").write_text(indexes)
        machine.write("company", "company/index-routing.toml")
        there, forgotten, coming = (user.home / path for path in ("projects/a/.venv", "other", "new"))
        machine.run(f"python -m venv {there} && python -m venv {forgotten}")
        for _ in range(2):  # as often as one likes
            machine.follow("roll-out.sh")
        machine.run(f"python3 -m venv {coming}")
        for prefix in (there, coming):
            user.run(prefix / "bin" / "python", "-m", "pip", "install", "tool", check=True)
        result = user.run(forgotten / "bin" / "python", "-m", "pip", "install", "tool")
        assert result.returncode != 0, str(result)
        assert origin(forgotten) is None
        assert_real(stage, there, coming)

    def test_pip_tools(self, machine: Machine, stage: Stage, workshop: Workshop) -> None:
        publish(stage, workshop, machine.user.pair, "pip-tools")
        machine.write("project", "index-routing.toml")
        (machine.work / "requirements.in").write_text("tool\n")
        machine.user.extra_environ["PIP_EXTRA_INDEX_URL"] = None
        machine.follow("pip-tools")
        assert "acme-core==1.0" in (machine.work / "requirements.txt").read_text()
        assert_real(stage, machine.work / ".venv")
        # It is still routed, although its dependencies are on no list.
        doctor = machine.run(".venv/bin/python -m pip download acme-core")
        assert doctor.returncode == 0, str(doctor)
        assert_real(stage, machine.work / ".venv")


def with_token(machine: Machine, stage: Stage, user: str) -> None:
    """The private index wants a token; the table has the line that the page gives for that."""
    stage.private.credentials = (user, "w0rd")
    variable = f"{user}:${{RIM_ROUTER_ACME_TOKEN}}@"
    assert f'`acme = "{ACME.replace("//", f"//{variable}")}"`' in recipes.PAGE.read_text(encoding="utf-8")
    machine.urls = {**machine.urls, ACME: machine.urls[ACME].replace("//", f"//{variable}")}
    machine.write("project", "index-routing.toml")


def publish(stage: Stage, workshop: Workshop, pair: Pair, *tools: str) -> None:
    """Have the public index offer what it really has: tools, and what they need."""

    def fetch(path: Path) -> None:
        workshop.fetch(path, *tools, using=pair.interpreter)

    for path in once(workshop.shared / f"{'+'.join(tools)}-{pair}", fetch).glob("*.whl"):
        stage.public.add(Artifact.from_wheel(path))


@pytest.fixture
def tooled(stage: Stage, environments: Environments, workshop: Workshop) -> Machine:
    """A machine that is the same, and a public index that has the tools, and what they need."""
    machine = machine_of(environments.plain(), stage, workshop)
    machine.user.extra_environ["VIRTUALENV_NO_PERIODIC_UPDATE"] = "1"
    publish(stage, workshop, machine.user.pair, *TOOLS)
    offered = [*workshop.dependencies(machine.user.pair).glob("*.whl")]
    offered.append(workshop.pip_wheel(machine.user.pair.pip))  # pipx upgrades its own
    for path in offered:
        stage.public.add(Artifact.from_wheel(path))
    machine.write("project", "index-routing.toml")
    return machine


@pytest.mark.tools
class TestWithTools:
    """What needs a tool from a registry."""

    def test_tox(self, tooled: Machine, stage: Stage) -> None:
        """Its environments, and those in which it builds."""
        tooled.write("tox.ini")
        become_project(tooled)
        tooled.follow("tox")
        assert_real(stage, tooled.work / ".tox" / "py")
        assert (site_packages(tooled.work / ".tox" / ".pkg") / "rim_router.pth").exists()

    def test_tox_that_fetches_it(self, tooled: Machine, stage: Stage) -> None:
        """One that somebody has, without rim-router; without the lines it makes nothing."""
        become_project(tooled)
        tooled.run("python -m venv mine && mine/bin/pip install tox")
        tooled.write("tox.ini")
        result = tooled.run("mine/bin/tox run")
        assert result.returncode != 0
        assert "could not find python interpreter" in result.words
        assert not stage.public.asked_for("acme-core")
        lines = recipe("requires").partition("[tox]\n")[2]
        tooled.write("tox.ini", text=recipe("tox.ini").replace("[tox]\n", f"[tox]\n{lines}", 1))
        result = tooled.run("mine/bin/tox run")
        assert result.returncode == 0, str(result)
        assert_real(stage, tooled.work / ".tox" / "py")

    def test_what_the_page_warns_of(self, tooled: Machine, stage: Stage, workshop: Workshop) -> None:
        """rim-router among the dependencies is too late."""
        deps = "rim-router, acme-core"
        assert f"Do **not** write `deps = {deps}`" in recipes.PAGE.read_text(encoding="utf-8")
        stage.public.add(Artifact.from_wheel(workshop.wheel()))
        lines = ["[tox]", "env_list = py", "[testenv]", "skip_install = true", "deps ="]
        lines += [*(f"    {each}" for each in deps.split(", ")), "commands = python -c pass", ""]
        tooled.write("tox.ini", text="\n".join(lines))
        tooled.run("python -m venv mine && mine/bin/pip install tox && mine/bin/tox run")
        assert origin(tooled.work / ".tox" / "py") == "public"

    def test_nox(self, tooled: Machine, stage: Stage) -> None:
        tooled.write("noxfile.py")
        tooled.follow("nox")
        assert_real(stage, tooled.work / ".nox" / "tests")
        # Without rim-router beside nox, nothing is made.
        tooled.run("rm -r .nox && python -m venv mine && mine/bin/pip install nox virtualenv")
        result = tooled.run("mine/bin/nox")
        assert result.returncode != 0, str(result)
        assert_real(stage)

    def test_pre_commit(self, tooled: Machine, stage: Stage, workshop: Workshop) -> None:
        """The hook of this repository, and one with dependencies of one's own."""
        tooled.urls = {
            **tooled.urls,
            "https://git.acme.example/rim-router": str(clone(tooled.root / "clone")),
        }
        own = "{id: one, name: one, language: python, entry: python -c pass, additional_dependencies: [tool]}"
        hooks = f"{recipe('.pre-commit-config.yaml')}  - repo: local\n    hooks: [{own}]\n"
        tooled.write(".pre-commit-config.yaml", text=hooks)
        tooled.run("git init -q . && git add index-routing.toml .pre-commit-config.yaml")
        result = tooled.follow("pre-commit")
        assert "rim-router check" in result.stdout
        assert "Passed" in result.stdout, str(result)
        made = [*tooled.user.home.glob(".cache/pre-commit/*/py_env-*")]
        [prefix] = [path for path in made if origin(path)]
        assert len(made) == 2
        assert_real(stage, prefix)
        # A warning stops a commit with --strict, and an error always does.
        lines = recipe("project").splitlines(keepends=True)
        loose = [line for line in lines if not line.startswith(("rim-router", '"*"'))]
        tooled.write("index-routing.toml", text="".join(loose))
        result = tooled.run(".tools/bin/pre-commit run --all-files rim-router-check")
        assert result.returncode == 1
        assert "no route claims rim-router itself" in result.words

    def test_pipx(self, tooled: Machine, stage: Stage, workshop: Workshop) -> None:
        """One application that is there, and one that comes; by the user's table."""
        for index, version in ((stage.public, "99.0"), (stage.private, "1.0")):
            for name in ("acme-tool", "acme-other", "acme-last"):
                points = f"[console_scripts]\n{name} = {name.replace('-', '_')}:main\n".encode()
                files = {f"{name.replace('-', '_')}-{version}.dist-info/entry_points.txt": points}
                index.add(wheel(name, version, origin=index.name, requires=["acme-core"], extra_files=files))
        user = tooled.user
        (tooled.work / "index-routing.toml").unlink()
        user.extra_environ["PIPX_HOME"] = str(user.home / "pipx")
        tooled.run("python -m venv apps && apps/bin/pip install pipx")
        installed = tooled.run("PIPX_DEFAULT_BACKEND=pip apps/bin/pipx install acme-other")
        assert origin(user.home / "pipx" / "venvs" / "acme-other") == "public", str(installed)
        stage.public.forget()
        tooled.write("company", str(user.home / ".config" / "rim-router" / "index-routing.toml"))
        router = '"$HOME/.local/share/rim-router"'
        install = f"{router}/bin/pip install --no-index --require-hashes -r ci/rim-router.txt"
        tooled.run(f"python -m venv {router} && {install}")
        path = {"PATH": f"{tooled.work / 'apps' / 'bin'}:{os.environ['PATH']}"}
        tooled.follow("pipx", env=path)
        assert_real(stage, user.home / "pipx" / "venvs" / "acme-tool")
        assert (site_packages(user.home / "pipx" / "venvs" / "acme-other") / "rim_router.pth").exists()
        # What the page warns of: it is in the libraries that all environments see.
        early = tooled.run(
            "PIPX_DEFAULT_BACKEND=pip pipx install --preinstall $PWD/ci/wheels/rim_router-*.whl acme-last",
            env=path,
        )
        assert origin(user.home / "pipx" / "venvs" / "acme-last") == "public", str(early)
        check = tooled.run(f"{router}/bin/rim-router equip --pipx --check", env=path)
        assert check.returncode == 1
        assert "acme-last" in check.words

    def test_ansible(self, tooled: Machine, stage: Stage) -> None:
        """The machine's table for the application, and the project's where ``chdir`` leads."""
        (tooled.work / "index-routing.toml").unlink()
        tooled.write("company", "company/index-routing.toml")
        playbook = tooled.write("playbook.yml")
        application = tooled.root / "srv" / "app"
        application.mkdir(parents=True)
        (application / "requirements.txt").write_text("tool\nleaf\n")
        stage.private.add(wheel("leaf", "0.5", origin="private"))
        route = f'[indexes]\nown = "{stage.private.url}"\n[routes]\nleaf = "own"\n'
        (application / "index-routing.toml").write_text(route)
        tooled.run("python -m venv control && control/bin/pip install ansible-core")
        python = f"ansible_python_interpreter={tooled.work / 'control' / 'bin' / 'python'}"
        command = ["control/bin/ansible-playbook", "-i", "localhost,", "-c", "local", "-e", python]
        result = tooled.user.run(*command, playbook)
        assert result.returncode == 0, str(result)
        assert_real(stage, tooled.root / "opt" / "app")
        assert origin(tooled.root / "opt" / "app", "leaf") == "private"


def become_project(machine: Machine) -> None:
    """Have the repository be a project whose build needs something of the company's."""
    (machine.work / "built.py").write_text("")
    (machine.work / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling", "acme-build"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "built"\nversion = "1"\n'
        '[tool.hatch.build.targets.wheel]\nonly-include = ["built.py"]\n'
        '[tool.hatch.build.targets.sdist]\nonly-include = ["built.py"]\n'
    )


def clone(target: Path) -> Path:
    """A repository with what a build of rim-router needs, and a tag for this version."""
    shutil.copytree(
        ROOT, target, ignore=shutil.ignore_patterns(".*", "tests", "bench", "dist", "__pycache__", "*.pyc")
    )
    shutil.copy2(ROOT / ".pre-commit-hooks.yaml", target)
    author = ["-c", "user.name=test", "-c", "user.email=test@acme.example"]
    run(["git", "init", "-q", target])
    run(["git", "add", "."], cwd=target)
    run(["git", *author, "commit", "-q", "-m", "all of it"], cwd=target)
    run(["git", *author, "tag", f"v{rim_router.__version__}"], cwd=target)
    return target
