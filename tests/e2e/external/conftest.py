"""The stage of external files: an index whose files lie elsewhere, on hosts that real nginx plays."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.external import FLAT, JSON, Index, assert_said, read_log, write_pins, write_table
from tests.support.nginx import NGINX, Issuer, Nginx, Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.environments import Environment, Result
    from tests.support.external import Event, Pin
    from tests.support.wheels import Artifact

HOUSE = "house"


@dataclass
class World:
    """An index, two places for large files, a third host that the index links to, and their users.

    :param index: the pages; HTML, JSON or flat.
    :param site: the host that the pages are on.
    """

    nginx: Nginx
    environments: Environments
    index: Index
    site: Site
    cdn: Site
    mirror: Site
    third: Site

    # Users

    def _user(self, environment: Environment) -> Environment:
        self.nginx.introduce(environment)
        environment.extra_environ["PIP_CERT"] = str(self.nginx.issuer.bundle)
        return environment

    def plain(self) -> Environment:
        """Somebody with plain pip, who trusts the hosts' certificates."""
        return self._user(self.environments.plain())

    def equipped(self) -> Environment:
        """Somebody with the plugin, who trusts the hosts' certificates."""
        return self._user(self.environments.equipped())

    def routed(self, *hosts: Site | str, **options: Any) -> Environment:
        """Somebody with a table; see :meth:`route`."""
        victim = self.equipped()
        self.route(victim, *hosts, **options)
        return victim

    def route(
        self,
        victim: Environment,
        *hosts: Site | str,
        policy: Mapping[str, object] | None = None,
        wheels: Sequence[Mapping[str, object]] = (),
        routes: Mapping[str, object] | None = None,
        **entry: Any,
    ) -> Path:
        """Route every name to the index.

        :param hosts: its ``external-hosts``.
        :param entry: further keys of the index.
        """
        index = self.index.entry(external_hosts=[str(host) for host in hosts], **entry)
        chosen = {"*": HOUSE} if routes is None else routes
        return write_table(victim.project, {HOUSE: index}, chosen, policy, wheels)

    def pin(self, victim: Environment, *pins: Pin) -> Path:
        """Record files beside the table."""
        return write_pins(victim.project, *pins)

    # What they do

    def pip(self, victim: Environment, *args: str | Path, **options: Any) -> Result:
        """Run pip while the hosts are up; plain pip is told of the index."""
        self.nginx.serve()
        command, *rest = args
        index = [] if victim.equipped else self.index.plain_options
        return victim.pip(command, *index, *rest, **options)

    def install(self, victim: Environment, *args: str | Path, **options: Any) -> Result:
        """Run ``pip install``."""
        return self.pip(victim, "install", *args, **options)

    def rim_router(self, victim: Environment, *args: str, **options: Any) -> Result:
        """Run ``rim-router`` while the hosts are up."""
        self.nginx.serve()
        return victim.run(victim.python, "-m", "rim_router", *args, **options)

    def log(self, victim: Environment, *args: str | Path, **options: Any) -> tuple[Result, list[Event]]:
        """Run pip with ``RIM_ROUTER_LOG``; returns what it wrote as well."""
        path = victim.place / "log.jsonl"
        path.unlink(missing_ok=True)
        env = {**options.pop("env", {}), "RIM_ROUTER_LOG": str(path)}
        result = self.pip(victim, *args, env=env, **options)
        return result, read_log(path)

    # What came of it

    def assert_installed(self, victim: Environment, result: Result, name: str, origin: str = "owner") -> None:
        """pip ended well, and what it installed is of this origin."""
        assert result.returncode == 0, str(result)
        assert victim.origin(name.replace("-", "_")) == origin, str(result)

    def assert_stopped(
        self, victim: Environment, result: Result, *words: str, name: str = "big-model"
    ) -> None:
        """pip failed and said why, and nothing was installed."""
        assert result.returncode != 0, str(result)
        assert victim.origin(name.replace("-", "_")) is None, str(result)
        assert "Traceback" not in result.output, str(result)
        assert_said(result, *words)

    def assert_refused(self, victim: Environment, result: Result, host: Site | str, *words: str) -> None:
        """It was stopped, and the words say which host is meant, for which index, and what would help."""
        self.assert_stopped(victim, result, str(host), self.index.url, *words)

    def show_at(self, site: Site, artifact: Artifact, served: Artifact | None = None, **options: Any) -> str:
        """Show a file on the page that is at another host; returns its URL.

        :param served: what is really there.
        """
        url = site.put(f"/w/{artifact.filename}", (served or artifact).data)
        self.index.show(artifact, url, **options)
        return url

    def report(self, victim: Environment, *args: str | Path) -> tuple[Result, dict[str, Any]]:
        """Run ``pip install --dry-run --report``; returns the report as well."""
        path = victim.place / "report.json"
        result = self.pip(victim, "install", "--dry-run", "--report", path, *args)
        return result, json.loads(path.read_text(encoding="utf-8")) if result.returncode == 0 else {}


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Vouches for the hosts; nobody trusts it unless told to."""
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def nginx(tmp_path: Path, issuer: Issuer) -> Iterator[Nginx]:
    """An nginx that plays no host yet."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    with Nginx(tmp_path / "nginx", issuer) as server:
        yield server
    shutil.rmtree(tmp_path / "nginx", ignore_errors=True)


@pytest.fixture
def form() -> str:
    """How the index answers, where a test does not say."""
    return JSON


@pytest.fixture
def world(nginx: Nginx, environments: Environments, form: str) -> World:
    """Four hosts, and an index without files."""
    site = nginx.site("download.pytorch.example")
    cdn, mirror = nginx.site("cdn-a.example"), nginx.site("cdn-b.example")
    third = nginx.site("files.pythonhosted.example")
    index = Index(site, form, "/links/" if form == FLAT else "/whl/cu126/")
    return World(nginx, environments, index, site, cdn, mirror, third)
