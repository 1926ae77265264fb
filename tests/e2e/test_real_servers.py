"""Index servers that are not ours: devpi-server, pypiserver, and pypi.org itself."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import once, run
from tests.support.servers import IndexServer
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Workshop

# On loopback nothing goes through a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tool(workshop: Workshop, name: str) -> Path:
    """An environment with a server program, as the machine's own pip installs it; returns its programs."""

    def make(path: Path) -> None:
        run([sys.executable, "-m", "venv", path])
        run([path / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name])

    # In the run's own directory: an environment cannot be moved, and its scripts are started with its Python.
    return once(workshop.shared / "servers" / name, make) / "bin"


@contextlib.contextmanager
def serving(command: list[str | Path], url: str, log: Path) -> Iterator[None]:
    """Run a server until it is no longer needed; wait until it answers."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "RIM_ROUTER_"))}
    with log.open("wb") as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, env=environ)
    try:
        deadline = time.monotonic() + 120
        while not _answers(url):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def running_pypiserver(workshop: Workshop, directory: Path, *options: str) -> Iterator[str]:
    """pypiserver with the files of a directory; the URL of its index."""
    port = free_port()
    base = f"http://localhost:{port}/"
    command = [tool(workshop, "pypiserver") / "python", "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p"]
    with serving([*command, str(port), *options, directory], base, directory.with_suffix(".log")):
        yield f"{base}simple/"


@pytest.fixture
def pypiserver(stage: Stage, workshop: Workshop, tmp_path: Path) -> Iterator[str]:
    """pypiserver with the real project, which forwards nothing; the URL of its index."""
    stage.real.write_to(tmp_path / "packages")
    with running_pypiserver(workshop, tmp_path / "packages", "--disable-fallback") as url:
        yield url


def _devpi(method: str, url: str, body: bytes | dict[str, Any], **headers: str) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json"}
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    with _DIRECT.open(urllib.request.Request(url, data, sent, method=method), timeout=60) as answer:
        text = answer.read()
    return dict(json.loads(text)) if text.startswith(b"{") else {}


@pytest.fixture
def devpi(stage: Stage, workshop: Workshop, tmp_path: Path) -> Iterator[str]:
    """devpi-server, to which the real project was uploaded as twine does; the URL of its index."""
    programs, port = tool(workshop, "devpi-server"), free_port()
    base, directory = f"http://localhost:{port}", tmp_path / "devpi"
    run(
        [
            programs / "python",
            programs / "devpi-init",
            "--serverdir",
            directory,
            "--no-root-pypi",
            "--root-passwd",
            "word",
        ]
    )
    command = [programs / "python", programs / "devpi-server", "--serverdir", directory]
    with serving([*command, "--host", "127.0.0.1", "--port", str(port)], base, tmp_path / "log"):
        token = _devpi("POST", f"{base}/+login", {"user": "root", "password": "word"})["result"]["password"]
        auth = base64.b64encode(f"root:{token}".encode()).decode()
        _devpi("PUT", f"{base}/root/house", {"bases": [], "volatile": True}, X_Devpi_Auth=auth)
        boundary = uuid.uuid4().hex
        fields = {":action": "file_upload", "name": "acme-core", "version": "1.0", "filetype": "bdist_wheel"}
        fields["pyversion"] = "py3"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; '
            f'filename="{stage.real.filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = "".join(parts).encode() + stage.real.data + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        _devpi("POST", f"{base}/root/house/", body, X_Devpi_Auth=auth, Content_Type=kind)
        yield f"{base}/root/house/+simple/"


@pytest.mark.timeout(600)  # the first test of a run installs the server
class TestServers:
    """A house with a real server."""

    @pytest.mark.parametrize("server", ["pypiserver", "devpi"])
    def test_routed(
        self, server: str, stage: Stage, environments: Environments, request: pytest.FixtureRequest
    ) -> None:
        """The real project is installed, an unknown one is not found, the other index is not asked."""
        url = request.getfixturevalue(server)
        plain, victim = environments.plain(), environments.equipped()
        both = ["--index-url", url, "--extra-index-url", stage.public.url]
        stage.assert_impostor_won(plain, plain.pip("install", *both, "tool"))
        stage.public.forget()
        victim.route({"house": url}, {"acme-*": "house"})
        stage.public.add(wheel("acme-unknown", "1.0", origin="public"))
        result = victim.pip("install", *both, "acme-unknown")
        assert result.returncode != 0, str(result)
        assert "No matching distribution found for acme-unknown" in result.words, str(result)
        victim.pip("install", *both, "tool", check=True)
        assert victim.origin("acme_core") == "private"
        assert not stage.public.asked_for("acme-core")
        assert not stage.public.asked_for("acme-unknown")


@pytest.mark.timeout(600)  # the first test of a run installs the server
class TestForwarding:
    """pypiserver redirects whoever asks for a name that it lacks, unless it is told not to."""

    def test_pypiserver(
        self, stage: Stage, workshop: Workshop, environments: Environments, tmp_path: Path
    ) -> None:
        """Where it redirects to is said, and neither asked nor advised to be listed. By default: PyPI."""
        wheel("acme-other", "1.0", origin="private").write_to(tmp_path / "packages")
        plain, victim = environments.plain(), environments.equipped()
        with running_pypiserver(workshop, tmp_path / "packages", "--fallback-url", stage.public.url) as url:
            stage.assert_impostor_won(plain, plain.pip("install", "--index-url", url, "acme-core"))
            stage.public.forget()
            victim.route({"house": url, "public": stage.public.url}, {"acme-*": "house", "*": "public"})
            result = victim.pip("install", "acme-core")
            stage.assert_stopped(
                victim, result, "which is index public's: it forwards the names that it lacks"
            )
            assert "external-hosts" not in result.words
            victim.pip("install", "acme-other", check=True)
        with running_pypiserver(workshop, tmp_path / "packages") as url:
            victim.route({"house": url}, {"acme-*": "house"})
            result = victim.pip("install", "acme-core")
            stage.assert_stopped(victim, result, "to https://pypi.org/simple/acme-core/, which is PyPI's")
            assert "external-hosts" not in result.words


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
