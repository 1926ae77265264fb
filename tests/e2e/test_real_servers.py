"""Index servers that are not ours, set up as docs/index-servers.md says, and pypi.org itself."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import index_servers
from tests.support.environments import run
from tests.support.index_servers import SERVERS
from tests.support.nginx import NGINX
from tests.support.servers import IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Workshop


# What brings much along, and shows little that others do not.
SLOW = ("simpleindex", "simple-repository-server")


def online(victim: Environment) -> dict[str, str]:
    """What ``check --online`` warns of: codes and messages; nothing is wrong otherwise."""
    result = victim.run(victim.python, "-m", "rim_router", "check", "--online", "--json")
    report = json.loads(result.stdout)
    assert [each["message"] for each in report["online"] if not each["ok"]] == []
    return {each["code"]: each["message"] for each in report["warnings"]}


@pytest.mark.newest
@pytest.mark.timeout(600)  # the first test of a run installs the server
class TestServers:
    """A house with a real server."""

    @pytest.mark.parametrize(
        "server",
        [pytest.param(name, marks=[pytest.mark.tools] if name in SLOW else []) for name in SERVERS],
    )
    def test_routed(
        self, server: str, stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path
    ) -> None:
        """The real project is installed, an unknown one is not found, the other index is not asked."""
        if server == "nginx" and NGINX is None:
            pytest.skip("there is no nginx")
        plain, victim = environments.plain(), environments.equipped()
        stage.public.add(wheel("acme-unknown", "1.0", origin="public"))
        with SERVERS[server](workshop, tmp_path, [stage.real]) as url:
            both = ["--index-url", url, "--extra-index-url", stage.public.url]
            stage.assert_impostor_won(plain, plain.pip("install", *both, "tool"))
            stage.public.forget()
            victim.route({"house": url}, {"acme-*": "house", "acme": "house"})
            result = victim.pip("install", *both, "acme-unknown")
            assert result.returncode != 0, str(result)
            assert "No matching distribution found for acme-unknown" in result.words, str(result)
            victim.pip("install", *both, "tool", check=True)
            assert victim.origin("acme_core") == "private"
            assert not stage.public.asked_for("acme-core")
            assert not stage.public.asked_for("acme-unknown")
            assert "forwarding-index" not in online(victim)


@pytest.mark.newest
@pytest.mark.timeout(600)  # the first test of a run installs the server
def test_age(stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path) -> None:
    """Neither kind of devpi's indexes passes upload times on: refused, and the two ways out are said."""
    victim = environments.equipped()
    stage.public.add(wheel("parcel", "1.0", origin="public"), uploaded="2020-01-01T00:00:00Z")
    with index_servers.devpi_server(workshop, tmp_path) as server:
        house = server.stage("private")
        server.upload("private", stage.real)
        for index, name in ((server.mirror("public", stage.public.url), "parcel"), (house, "acme-core")):
            table = {"pypi": {"url": index, "min-age": "7d"}}
            victim.route(table, {"*": "pypi"})
            refused = victim.pip("install", name)
            assert refused.returncode != 0
            assert "its index does not say when it was uploaded" in refused.words, str(refused)
            assert "use an index that does" in refused.words
            victim.route(table, {"*": {"index": "pypi", "min-age": "0d"}})
            victim.pip("install", name, check=True)
        # What is before the mirror has the times.
        victim.route({"pypi": {"url": stage.public.url, "min-age": "7d"}}, {"*": "pypi"})
        victim.pip("install", "--force-reinstall", "parcel", check=True)


@contextlib.contextmanager
def stage_with_base(workshop: Workshop, place: Path, stage: Stage) -> Iterator[str]:
    """devpi, whose stage has a mirror of the public index as its base."""
    with index_servers.devpi_server(workshop, place) as server:
        server.mirror("public", stage.public.url)
        url = server.stage("private", "root/public")
        server.upload("private", stage.real)
        yield url


@contextlib.contextmanager
def proxy_of_both(workshop: Workshop, place: Path, stage: Stage) -> Iterator[str]:
    """proxpi before the private and the public index."""
    with index_servers.proxpi_of(workshop, place, stage.private.url, stage.public.url) as url:
        yield url


@contextlib.contextmanager
def folder_before_public(workshop: Workshop, place: Path, stage: Stage) -> Iterator[str]:
    """simple-repository-server with a folder, and with the public index for what is not there."""
    stage.real.write_to(place / "packages" / "acme-core")
    sources = ["--stream-http-resources", place / "packages", stage.public.url]
    with index_servers.simple_repository_server_of(workshop, place, *sources) as url:
        yield url


MERGING = [stage_with_base, proxy_of_both, pytest.param(folder_before_public, marks=pytest.mark.tools)]


@pytest.mark.timeout(600)  # the first test of a run installs the server
class TestForwarding:
    """Servers that answer for names that they lack."""

    def test_pypiserver(
        self, stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path
    ) -> None:
        """Where it redirects to is said, and neither asked nor advised to be listed. By default: PyPI."""
        files = [wheel("acme-other", "1.0", origin="private")]
        plain, victim = environments.plain(), environments.equipped()
        to_public = ["--fallback-url", stage.public.url]
        with index_servers.pypiserver(workshop, tmp_path, files, *to_public) as url:
            stage.assert_impostor_won(plain, plain.pip("install", "--index-url", url, "acme-core"))
            stage.public.forget()
            victim.route({"house": url, "public": stage.public.url}, {"acme-*": "house", "*": "public"})
            result = victim.pip("install", "acme-core")
            stage.assert_stopped(
                victim, result, "which is index public's: it forwards the names that it lacks"
            )
            assert "external-hosts" not in result.words
            victim.pip("install", "acme-other", check=True)
            assert "redirects the page of acme-" in online(victim)["forwarding-index"]
            assert not stage.public.asked_for("acme-core")
        with index_servers.pypiserver(workshop, tmp_path, files) as url:
            victim.route({"house": url}, {"acme-*": "house"})
            result = victim.pip("install", "acme-core")
            stage.assert_stopped(victim, result, "to https://pypi.org/simple/acme-core/, which is PyPI's")
            assert "external-hosts" not in result.words

    @pytest.mark.tools
    @pytest.mark.newest
    def test_simpleindex(
        self, stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path
    ) -> None:
        """A route of its kind ``http`` redirects to its target, which it cannot be told apart from."""
        victim = environments.equipped()
        target = f"{stage.public.url}{{project}}/"
        with index_servers.simpleindex(workshop, tmp_path, [], "http", target) as url:
            victim.route({"house": url}, {"acme-*": "house"})
            stage.assert_stopped(victim, victim.pip("install", "acme-core"), "redirects")
            assert "redirects the page of acme-" in online(victim)["forwarding-index"]
            assert not stage.public.requests

    @pytest.mark.newest
    @pytest.mark.parametrize("running", MERGING, ids=lambda each: each.__name__)
    def test_merging(
        self, running: object, stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path
    ) -> None:
        """What it answers for the public index is its own answer: no pip can tell, and ``check`` warns."""
        victim = environments.equipped()
        stage.public.add(wheel("acme-unknown", "1.0", origin="public"))
        stage.public.add(wheel("pip", "1.0", origin="public"))
        with running(workshop, tmp_path, stage) as url:  # type: ignore[operator]
            victim.route({"house": url}, {"acme-*": "house"})
            result = victim.pip("install", "acme-unknown", check=True)
            assert victim.origin("acme_unknown") == "public", str(result)
            assert "has pip, which is not claimed for it" in online(victim)["forwarding-index"]


def certificates() -> str | None:
    """The certificates with which the machine's own pip reaches pypi.org, if it was given any."""
    done = run([sys.executable, "-m", "pip", "config", "list"])
    settings = dict(line.split("=", 1) for line in done.splitlines() if "=" in line)
    for key in (":env:.cert", "install.cert", "site.cert", "user.cert", "global.cert"):
        if key in settings:
            return settings[key].strip("'\"")
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")


@pytest.mark.pypi
class TestPyPI:
    """pypi.org, by exact routes."""

    def test_exact_routes_and_nothing_else(self, environments: Environments) -> None:
        """What is routed there comes from there, built with a backend from there; the rest is denied."""
        victim = environments.equipped()
        names = ["six", "iniconfig", "hatchling", "hatch-vcs", "packaging", "pathspec", "pluggy", "tomli"]
        names += [
            "trove-classifiers",
            "setuptools-scm",
            "setuptools",
            "typing-extensions",
            "vcs-versioning",
            "attrs",
        ]
        victim.route(
            {"pypi": "https://pypi.org/simple"},
            {**dict.fromkeys(names, "pypi"), "*": {"deny": "only what is listed"}},
        )
        bundle = certificates()
        proxies = {
            key: value for key, value in os.environ.items() if key.lower() in ("https_proxy", "no_proxy")
        }
        env: dict[str, str | None] = {
            **proxies,
            "PIP_CERT": bundle,
            "PIP_RETRIES": "5",
            "PIP_DEFAULT_TIMEOUT": "60",
        }
        with IndexServer("public") as public:
            options = ["--index-url", public.url]
            result = victim.pip("install", *options, "six", "attrs", env=env)
            assert result.returncode == 0, str(result)
            assert {"six", "attrs"} <= set(victim.installed())
            # A source distribution brings a build backend and its dependencies with it.
            result = victim.pip("install", *options, "--no-binary", "iniconfig", "iniconfig", env=env)
            assert result.returncode == 0, str(result)
            assert "iniconfig" in victim.installed()
            refused = victim.pip("install", *options, "idna", env=env)
            assert refused.returncode != 0
            assert "only what is listed" in refused.words
            assert not public.requests
