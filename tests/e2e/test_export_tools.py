"""What ``rim-router export`` prints, read by the real tools: they take the files that routed pip takes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import once
from tests.support.exported import Exported, free_address
from tests.support.nginx import NGINX
from tests.support.servers import Exchange, IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Workshop
    from tests.support.matrix import Pair

pytestmark = [
    pytest.mark.tools,
    pytest.mark.newest,
    pytest.mark.skipif(os.name == "nt", reason="where things are in an environment differs"),
]

# PDM takes any hishel, and this is the last that it works with.
TOOLS = ("uv", "pdm", "hishel==1.4.0", "poetry", "pip-audit")
PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = {}\n'


@pytest.fixture(scope="module")
def tools(pair: Pair, workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where their commands are."""

    def fetch(path: Path) -> None:
        workshop.fetch(path, *TOOLS, using=pair.interpreter)

    wheels = once(workshop.shared / f"export-tools-{pair}", fetch)
    made = workshop.make(pair, tmp_path_factory.mktemp("export-tools"), equipped=False)
    made.pip("install", "--no-index", "--find-links", wheels, *TOOLS, check=True)
    return made.python.parent


class User:
    """Somebody with a table and these tools, in a project that requires something."""

    def __init__(self, environment: Environment, tools: Path, stage: Stage, *dependencies: str) -> None:
        self.environment, self.tools, self.stage = environment, tools, stage
        environment.route(
            {"acme": stage.private.url, "pypi": stage.public.url}, {"acme-*": "acme", "*": "pypi"}
        )
        self.file = environment.project / "pyproject.toml"
        self.file.write_text(PROJECT.format(json.dumps(dependencies)))
        environment.extra_environ.update(
            {
                "POETRY_CACHE_DIR": str(environment.home / "poetry"),
                "POETRY_KEYRING_ENABLED": "false",
                "PDM_IGNORE_ACTIVE_VENV": "1",
                "PDM_CHECK_UPDATE": "0",
                "UV_NO_PROGRESS": "1",
                "UV_PYTHON": str(environment.python),
                "UV_PYTHON_DOWNLOADS": "never",
            }
        )

    def taken_by_pip(self, *names: str) -> dict[str, str]:
        """The files that routed pip takes, with their digests; what was asked for is forgotten."""
        target = self.environment.place / "by-pip"
        self.environment.pip("download", "--dest", target, *names, check=True)
        self.stage.public.forget()
        self.stage.private.forget()
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in target.iterdir()}

    def export(self, tool: str, *options: str) -> str:
        """Add what is printed to the project."""
        command = (self.environment.python, "-m", "rim_router", "export", tool, *options)
        text = self.environment.run(*command, check=True).output
        with self.file.open("a") as file:
            file.write(text)
        return text

    def lock(self, tool: str, lock: str, *options: str) -> dict[str, str]:
        """Have the tool lock; the files in the lock, with their digests."""
        path = self.environment.project / lock
        path.unlink(missing_ok=True)
        result = self.environment.run(self.tools / tool, "lock", *options)
        assert result.returncode == 0, str(result)
        text = path.read_text()
        return {
            name: digest
            for line in text.splitlines()
            for name in re.findall(r"[\w.]+-[\w.]+-py3-none-any\.whl", line)
            for digest in re.findall(r"sha256:([0-9a-f]{64})", line)
        }


def user(environments: Environments, tools: Path, stage: Stage, *dependencies: str) -> User:
    return User(environments.equipped(), tools, stage, *dependencies)


class TestUv:
    """uv knows no patterns, so each name has a source, and the default index has nothing."""

    def test_the_same_files(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """Also of a name that only others require; indexes that a user has by variables get no say."""
        somebody = user(environments, tools, stage, "tool")
        expected = somebody.taken_by_pip("tool")
        assert set(expected) == {"tool-1.0-py3-none-any.whl", "acme_core-1.0-py3-none-any.whl"}
        plain = somebody.lock("uv", "uv.lock", "--default-index", stage.public.url)
        assert "acme_core-99.0-py3-none-any.whl" in plain, "the attack is none"
        stage.public.forget()
        names = somebody.environment.project / "names.txt"
        names.write_text("tool\nacme-core\nleaf\n")
        somebody.export("uv", "-r", "names.txt")
        with IndexServer("other") as other:
            other.add(wheel("tool", "66.0", origin="other", requires=["acme-core"]))
            for variable in ("UV_INDEX", "UV_DEFAULT_INDEX"):
                somebody.environment.extra_environ[variable] = other.url
            assert somebody.lock("uv", "uv.lock") == expected
            assert not other.requests
        assert not stage.public.asked_for("acme-core")
        assert not stage.public.asked_for("leaf"), "a name that nothing requires is not locked"

    def test_they_are_installed(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """``uv sync`` installs what is locked; what a build requires comes from its own index, too."""
        somebody = user(environments, tools, stage, "tool", "built")
        (somebody.environment.project / "names.txt").write_text("tool\nbuilt\nacme-core\nacme-build\n")
        somebody.export("uv", "-r", "names.txt")
        somebody.environment.run(tools / "uv", "sync", check=True)
        installed = next(
            (somebody.environment.project / ".venv" / "lib").glob("*/site-packages/acme_core.py")
        )
        assert "private" in installed.read_text()
        assert stage.private.asked_for("acme-build")
        assert not {"acme-core", "acme-build"}.intersection(stage.public.projects_asked_for())

    @pytest.mark.parametrize("missing", ["tool", "acme-core"])
    def test_what_is_not_listed(
        self, missing: str, environments: Environments, tools: Path, stage: Stage
    ) -> None:
        """Nobody is asked for it, whichever route it has."""
        somebody = user(environments, tools, stage, "tool")
        names = {"tool", "acme-core"} - {missing}
        (somebody.environment.project / "names.txt").write_text("\n".join(names))
        said = somebody.export("uv", "-r", "names.txt")
        assert "names that are not listed, also where something is built: uv finds them nowhere" in said
        result = somebody.environment.run(tools / "uv", "lock")
        assert result.returncode != 0
        assert f"{missing} was not found" in result.words
        assert not stage.public.asked_for(missing)
        assert not stage.private.asked_for(missing)

    def test_denied(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """Nobody is asked for a name that the table denies, and nothing that requires it is installed."""
        somebody = user(environments, tools, stage, "tool")
        indexes = {"acme": stage.private.url, "pypi": stage.public.url}
        somebody.environment.route(indexes, {"acme-core": {"deny": "no"}, "*": "pypi"})
        (somebody.environment.project / "names.txt").write_text("tool\n")
        somebody.export("uv", "-r", "names.txt")
        assert somebody.environment.run(tools / "uv", "lock").returncode != 0
        assert not stage.public.asked_for("acme-core")

    def test_markers(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """A route by markers becomes sources of which one at most holds, as uv demands."""
        somebody = user(environments, tools, stage, "tool")
        indexes = {"acme": stage.private.url, "pypi": stage.public.url}
        away = {"index": "pypi", "marker": "os_name == 'nt' or 'x' in platform_machine and os_name == 'java'"}
        somebody.environment.route(indexes, {"acme-core": [away, {"index": "acme"}], "*": "pypi"})
        (somebody.environment.project / "names.txt").write_text("tool\n")
        somebody.export("uv", "-r", "names.txt")
        somebody.environment.run(tools / "uv", "sync", check=True)
        where = (somebody.environment.project / ".venv" / "lib").glob("*/site-packages/acme_core.py")
        assert "private" in next(where).read_text()

    def test_ages(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """A file that is too young for the table is not locked, and plain uv takes it."""
        somebody = user(environments, tools, stage, "aged")
        (somebody.environment.project / "names.txt").write_text("aged\n")
        with IndexServer("aged") as server:
            now = datetime.now(timezone.utc)
            for version, days in (("1.0", 30), ("1.1", 1)):
                uploaded = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
                server.add(wheel("aged", version, origin="aged"), uploaded=uploaded)
            plain = somebody.lock("uv", "uv.lock", "--default-index", server.url)
            assert "aged-1.1-py3-none-any.whl" in plain
            somebody.environment.route({"a": {"url": server.url, "min-age": "7d"}}, {"*": "a"})
            somebody.export("uv", "-r", "names.txt")
            assert set(somebody.lock("uv", "uv.lock")) == {"aged-1.0-py3-none-any.whl"}

    def test_a_lock_has_the_names(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """A first lock, made anywhere, has the names that the sources need; the second is right."""
        somebody = user(environments, tools, stage, "tool")
        expected = somebody.taken_by_pip("tool")
        somebody.lock("uv", "uv.lock", "--default-index", stage.public.url)
        somebody.export("uv", "--lock", "uv.lock")
        assert somebody.lock("uv", "uv.lock") == expected


class TestPdm:
    """PDM knows the same patterns."""

    def test_the_same_files(self, environments: Environments, tools: Path, stage: Stage) -> None:
        somebody = user(environments, tools, stage, "tool")
        expected = somebody.taken_by_pip("tool")
        before = somebody.file.read_text()
        sources = "".join(
            f'[[tool.pdm.source]]\nname = "{name}"\nurl = "{index.url}"\n'
            for name, index in (("pypi", stage.public), ("acme", stage.private))
        )
        somebody.file.write_text(before + sources)
        plain = somebody.lock("pdm", "pdm.lock")
        assert "acme_core-99.0-py3-none-any.whl" in plain, "the attack is none"
        stage.public.forget()
        somebody.file.write_text(before)
        somebody.export("pdm")
        assert somebody.lock("pdm", "pdm.lock") == expected
        assert not stage.public.asked_for("acme-core")

    def test_denied(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """No source is asked for it."""
        somebody = user(environments, tools, stage, "leaf")
        indexes = {"acme": stage.private.url, "pypi": stage.public.url}
        somebody.environment.route(indexes, {"acme-*": "acme", "leaf": {"deny": "no"}, "*": "pypi"})
        somebody.export("pdm")
        result = somebody.environment.run(tools / "pdm", "lock")
        assert result.returncode != 0
        assert not stage.public.asked_for("leaf")


class TestPoetry:
    """Explicit sources of Poetry."""

    def test_the_same_files(self, environments: Environments, tools: Path, stage: Stage) -> None:
        somebody = user(environments, tools, stage, "tool", "acme-core")
        expected = somebody.taken_by_pip("tool", "acme-core")
        (somebody.environment.project / "names.txt").write_text("acme-core\n")
        before = somebody.file.read_text()
        plain = f'[[tool.poetry.source]]\nname = "pypi-x"\nurl = "{stage.public.url}"\npriority = "primary"\n'
        somebody.file.write_text(before + plain)
        assert "acme_core-99.0-py3-none-any.whl" in somebody.lock("poetry", "poetry.lock")
        stage.public.forget()
        somebody.file.write_text(before)
        somebody.export("poetry", "-r", "names.txt")
        assert somebody.lock("poetry", "poetry.lock") == expected
        assert not stage.public.asked_for("acme-core")

    def test_what_only_others_require(self, environments: Environments, tools: Path, stage: Stage) -> None:
        """The output says that its source does not count, because it does not."""
        somebody = user(environments, tools, stage, "tool")
        (somebody.environment.project / "names.txt").write_text("acme-core\n")
        said = somebody.export("poetry", "-r", "names.txt")
        assert "names that only others require" in said
        assert "acme_core-99.0-py3-none-any.whl" in somebody.lock("poetry", "poetry.lock")


class TestPipAudit:
    """Names that are not everybody's do not reach a public service."""

    def test_names_that_leave(self, environments: Environments, tools: Path, stage: Stage) -> None:
        somebody = user(environments, tools, stage)
        lines = ["acme-core==1.0", "tool==0.9 ; python_version < '3'", "tool==1.0 ; python_version >= '3'"]
        (somebody.environment.project / "all.txt").write_text("\n".join(lines))
        asked: list[Any] = []

        def answer(exchange: Exchange) -> bool:
            length = int(exchange.headers["Content-Length"])
            asked.append(json.loads(exchange.rfile.read(length)))
            exchange.reply(200, "{}", "application/json")
            return True

        indexes = {"acme": stage.private.url, "pypi": "https://pypi.org/simple"}
        somebody.environment.route(indexes, {"acme-*": "acme", "*": "pypi"})
        public = somebody.environment.project / "public.txt"
        command = (somebody.environment.python, "-m", "rim_router", "export", "pip-audit", "-r", "all.txt")
        public.write_text(somebody.environment.run(*command, check=True).output)
        with IndexServer("service") as service:
            service.on("/v1/query", answer)
            options = (
                "-s",
                "osv",
                "--osv-url",
                f"{service.base}/v1/query",
                "--no-deps",
                "--disable-pip",
                "-r",
            )
            for file in ("all.txt", "public.txt"):
                somebody.environment.run(tools / "pip-audit", *options, file, check=True)
        names = [(each["package"]["name"], each["version"]) for each in asked]
        assert sorted(names) == [("acme-core", "1.0"), ("tool", "1.0"), ("tool", "1.0")]
        assert "tool==0.9" in public.read_text()


def test_wheels_from_nowhere(environments: Environments, tools: Path, stage: Stage) -> None:
    """A name inside a claimed prefix that its index lacks is found nowhere by PDM, as by pip."""
    stage.public.add(wheel("acme-new", "1.0", origin="public"))
    somebody = user(environments, tools, stage, "acme-new")
    somebody.export("pdm")
    assert somebody.environment.run(tools / "pdm", "lock").returncode != 0
    assert not stage.public.asked_for("acme-new")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("tool", ["uv", "pdm", "poetry"])
def test_one_index_for_all(
    tool: str, environments: Environments, tools: Path, stage: Stage, tmp_path: Path
) -> None:
    """Each tool takes from nginx, as its only index, what routed pip takes by the table."""
    somebody = user(environments, tools, stage, "tool")
    expected = somebody.taken_by_pip("tool")
    address = free_address()
    command = (somebody.environment.python, "-m", "rim_router", "export", "nginx", "--listen", address)
    server = Exported(tmp_path, somebody.environment.run(*command, check=True).output, address)
    sources = {
        "uv": f'[[tool.uv.index]]\nname = "all"\nurl = "{server.url}"\ndefault = true\n',
        "pdm": f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{server.url}"\n',
        "poetry": f'[[tool.poetry.source]]\nname = "all"\nurl = "{server.url}"\npriority = "primary"\n',
    }
    with somebody.file.open("a") as file:
        file.write(sources[tool])
    try:
        assert somebody.lock(tool, f"{tool}.lock") == expected
        assert not stage.public.asked_for("acme-core")
    finally:
        server.close()
