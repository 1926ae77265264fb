"""Pinned once, and from then on exactly those bytes or nothing: with real pips, and with uv."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit

import pytest

from tests.support.environments import once
from tests.support.external import twins
from tests.support.servers import Exchange, IndexServer, latency, redirect
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Environments
    from tests.support.environments import Environment, Result, Workshop
    from tests.support.servers import Authority
    from tests.support.wheels import Artifact

FILE_NAME = "pylock.external.toml"
LOCKS = (26, 1)  # the first pip that installs from a lock file
METADATA = (25, 3)  # from here on pip downloads nothing for --dry-run whose metadata lie beside it


@dataclass
class Stage:
    """An index like PyTorch's: its pages lead to another host, and give no digest.

    :param index: has ``torch`` and ``leaf``, which ``torch`` requires.
    :param cdn: serves them.
    :param evil: a wheel with the name and size of ``torch``.
    """

    index: IndexServer
    cdn: IndexServer
    authority: Authority
    torch: Artifact
    evil: Artifact
    leaf: Artifact

    def route(self, environment: Environment, **policy: str) -> None:
        """Route both names, and allow the other host."""
        environment.extra_environ["PIP_CERT"] = str(self.authority.bundle)
        pytorch = {"url": self.index.url, "external-hosts": [self.cdn.netloc]}
        environment.route({"pytorch": pytorch}, {"torch": "pytorch", "leaf": "pytorch"}, policy)

    def tamper(self) -> Artifact:
        """Let the host serve another wheel under the same name, and of the same size."""
        self.cdn.host(self.evil)
        return self.evil


def pin(environment: Environment, *args: str, **env: str) -> Result:
    return environment.run(environment.python, "-m", "rim_router", "pin", *args, env=env)


def lock(environment: Environment) -> Path:
    return environment.project / FILE_NAME


def assert_pinned(environment: Environment, *artifacts: Artifact) -> None:
    """The lock file has these files, and no others."""
    text = lock(environment).read_text(encoding="utf-8")
    found = set(re.findall(r'^name = "(.+\.whl)"$', text, re.MULTILINE))
    assert found == {artifact.filename for artifact in artifacts}
    for artifact in artifacts:
        assert f"size = {len(artifact.data)}\n" in text
        assert f'hashes = {{sha256 = "{artifact.digest()}"}}' in text
    assert [path.name for path in environment.project.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def cdn(authority: Authority) -> Iterator[IndexServer]:
    """A host that speaks TLS."""
    with IndexServer("cdn", tls=authority.context("localhost")) as server:
        yield server


@pytest.fixture(params=[False, "sha256"], ids=["json", "html-metadata"])
def stage(
    request: pytest.FixtureRequest, private: IndexServer, cdn: IndexServer, authority: Authority
) -> Stage:
    """The index with its files; with PEP 658 metadata pip resolves without downloading a wheel."""
    private.html_only = bool(request.param)  # in JSON pip 23.0 cannot read a digest of metadata
    torch, evil = twins("torch", "2.6.0+cu126", requires=["leaf"])
    leaf = wheel("leaf", "1.0", origin="owner")
    for artifact in (torch, leaf):
        private.add(artifact, hashes=(), core_metadata=request.param, at=cdn)
    return Stage(private, cdn, authority, torch, evil, leaf)


@pytest.mark.spread
def test_pinned_and_then_installed(stage: Stage, environments: Environments) -> None:
    """Refused before, because nobody says what the bytes have to be."""
    victim = environments.equipped()
    stage.route(victim)
    refused = victim.pip("install", "torch")
    assert refused.returncode != 0, str(refused)
    assert victim.origin("torch") is None
    assert "rim-router pin" in refused.words, str(refused)
    pinned = pin(victim, "torch")
    assert pinned.returncode == 0, str(pinned)
    assert f"./{FILE_NAME}: 2 added" in pinned.stdout
    assert_pinned(victim, stage.torch, stage.leaf)
    installed = victim.pip("install", "torch")
    assert installed.returncode == 0, str(installed)
    assert victim.origin("torch") == "owner"
    assert victim.origin("leaf") == "owner"


def test_changed_bytes(stage: Stage, environments: Environments) -> None:
    """pip stops, pin says no, and only --update accepts them."""
    victim = environments.equipped()
    stage.route(victim, pins="required")
    assert pin(victim, "torch").returncode == 0
    before = lock(victim).read_bytes()
    evil = stage.tamper()
    stopped = victim.pip("install", "torch")
    assert stopped.returncode != 0, str(stopped)
    assert victim.origin("torch") is None
    assert stage.torch.digest() in stopped.words, str(stopped)
    assert evil.digest() in stopped.words, str(stopped)
    changed = pin(victim, "torch")
    assert changed.returncode == 1, str(changed)
    assert stage.torch.digest() in changed.stderr
    assert evil.digest() in changed.stderr
    assert lock(victim).read_bytes() == before
    updated = pin(victim, "--update", "torch")
    assert updated.returncode == 0, str(updated)
    assert_pinned(victim, evil, stage.leaf)
    assert victim.pip("install", "torch", check=True)
    assert victim.origin("torch") == "attacker"


def test_again_and_nothing_changes(stage: Stage, environments: Environments) -> None:
    """To the byte; --dry-run writes nothing, and says all."""
    victim = environments.equipped()
    stage.route(victim)
    dry = pin(victim, "--dry-run", "torch")
    assert dry.returncode == 0, str(dry)
    assert not lock(victim).exists()
    assert pin(victim, "torch").returncode == 0
    assert lock(victim).read_text(encoding="utf-8") == dry.stdout
    before = lock(victim).stat()
    again = pin(victim, "--json", "torch")
    assert again.returncode == 0, str(again)
    report = json.loads(again.stdout)
    assert report["written"] is False
    assert {each["state"] for each in report["pins"]} == {"unchanged"}
    assert lock(victim).stat() == before


def test_what_is_installed_already_is_pinned_too(stage: Stage, environments: Environments) -> None:
    """And what is pinned is what this environment would get."""
    victim = environments.equipped()
    stage.route(victim)
    assert pin(victim, "torch").returncode == 0
    victim.pip("install", "torch", check=True)
    lock(victim).unlink()
    requirements = victim.project / "requirements.txt"
    requirements.write_text("torch==2.6.0+cu126\n", encoding="utf-8")
    again = pin(victim, "-r", "requirements.txt")
    assert again.returncode == 0, str(again)
    assert_pinned(victim, stage.torch, stage.leaf)


def test_what_pip_refuses_is_not_pinned(stage: Stage, environments: Environments) -> None:
    """The list of hosts holds; pip's own error is shown."""
    victim = environments.equipped()
    stage.route(victim)
    victim.route({"pytorch": stage.index.url}, {"torch": "pytorch", "leaf": "pytorch"})
    result = pin(victim, "torch")
    assert result.returncode == 2, str(result)
    assert stage.cdn.netloc in result.stderr
    assert "external-hosts" in result.stderr
    assert not lock(victim).exists()
    assert not stage.cdn.requests
    unknown = pin(victim, "--", "leaf==2.0")
    assert unknown.returncode == 2, str(unknown)
    assert "No matching distribution" in unknown.stderr


def test_nothing_external(stage: Stage, environments: Environments) -> None:
    """Said, and no file is written."""
    victim = environments.equipped()
    stage.route(victim)
    stage.index.add(wheel("leaf", "2.0", origin="owner"))
    result = pin(victim, "leaf")
    assert result.returncode == 0, str(result)
    assert "Nothing to pin" in result.stdout
    assert not lock(victim).exists()


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_interrupted(stage: Stage, environments: Environments) -> None:
    """While a file comes: the old lock file stays, and nothing else."""
    victim = environments.equipped()
    stage.route(victim)
    assert pin(victim, "leaf").returncode == 0
    before = lock(victim).read_bytes()
    stage.cdn.forget()

    def endless(exchange: Exchange) -> bool:
        exchange.send_response(200)
        exchange.send_header("Connection", "close")
        exchange.end_headers()
        with contextlib.suppress(OSError):
            while True:
                exchange.wfile.write(bytes(10_000))
                time.sleep(0.05)
        exchange.close_connection = True
        return True

    stage.cdn.on(urlsplit(stage.cdn.file_url(stage.torch)).path, endless)
    process = subprocess.Popen(
        [victim.python, "-m", "rim_router", "pin", "torch"],
        cwd=victim.project,
        env=victim.environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # What a shell starts in the background is deaf to it otherwise.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not any(request.file == stage.torch.filename for request in list(stage.cdn.requests)):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0, err
    assert b"Traceback" not in err
    assert lock(victim).read_bytes() == before
    assert [path.name for path in victim.project.iterdir() if path.name.startswith(".")] == []
    assert [path for path in victim.temporary.iterdir() if "rim-router" in path.name] == []


def test_two_at_once(stage: Stage, environments: Environments) -> None:
    """Both entries are there."""
    victim = environments.equipped()
    stage.route(victim)
    other = wheel("leaf", "0.9", origin="owner")
    stage.index.add(other, hashes=(), at=stage.cdn)
    stage.cdn.on("*", latency(0.2))
    processes = [
        subprocess.Popen(
            [victim.python, "-m", "rim_router", "pin", name],
            cwd=victim.project,
            env=victim.environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("torch", "leaf==0.9")
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert_pinned(victim, stage.torch, stage.leaf, other)


# Where it makes no difference whether there are metadata beside the files.
once_is_enough = pytest.mark.parametrize("stage", [False], indirect=True, ids=["json"])


# Whatever pip refuses for lack of a digest can be pinned


def refused_then_pinned(victim: Environment, *artifacts: Artifact, request: tuple[str, ...]) -> None:
    """A request that pip refuses is pinned as it stands, and then installed."""
    refused = victim.pip("install", "--upgrade", *request)
    assert refused.returncode != 0, str(refused)
    assert 'policy.redirects is "listed"' not in refused.words
    pinned = pin(victim, *request)
    assert pinned.returncode == 0, str(pinned)
    assert "Nothing to pin" not in pinned.stdout
    assert_pinned(victim, *artifacts)
    installed = victim.pip("install", "--upgrade", *request)
    assert installed.returncode == 0, str(installed)
    for artifact in artifacts:
        assert victim.installed()[artifact.project] == artifact.version


def test_files_of_the_index_that_redirect_to_a_store(stage: Stage, environments: Environments) -> None:
    """Without a digest: as those of Azure, Gemfury and of releases on GitHub do."""
    victim = environments.equipped()
    victim.extra_environ["PIP_CERT"] = str(stage.authority.bundle)
    tls = stage.authority.context("localhost")
    with IndexServer("index", tls=tls, html_only=stage.index.html_only) as index:
        for artifact in (stage.torch, stage.leaf):
            index.add(artifact, hashes=(), core_metadata=stage.index.html_only and "sha256")
            index.on(urlsplit(index.file_url(artifact)).path, redirect(stage.cdn.host(artifact)))
        victim.route({"azure": index.url}, {"torch": "azure", "leaf": "azure"})
        refused_then_pinned(victim, stage.torch, stage.leaf, request=("torch",))
        evil = stage.tamper()
        stopped = victim.pip("install", "--force-reinstall", "torch")
        assert stopped.returncode != 0, str(stopped)
        assert evil.digest() in stopped.words
        stage.cdn.forget()
        assert pin(victim, "torch").returncode == 1
        assert pin(victim, "--update", "torch").returncode == 0


@once_is_enough
def test_a_store_that_the_table_does_not_list(stage: Stage, environments: Environments) -> None:
    """Where it asks for that, the policy holds for the pin too, and nobody else is asked."""
    victim = environments.equipped()
    victim.extra_environ["PIP_CERT"] = str(stage.authority.bundle)
    with IndexServer("index", tls=stage.authority.context("localhost")) as index:
        index.add(stage.leaf, hashes=())
        index.on(urlsplit(index.file_url(stage.leaf)).path, redirect(stage.cdn.host(stage.leaf)))
        victim.route({"azure": index.url}, {"leaf": "azure"}, {"redirects": "listed"})
        result = pin(victim, "leaf")
    assert result.returncode == 2, str(result)
    assert 'policy.redirects is "listed"' in result.words
    assert not stage.cdn.requests
    assert not lock(victim).exists()


def test_every_file_must_have_a_digest(stage: Stage, environments: Environments) -> None:
    """And the pages give none: those of a directory listing, on plain http."""
    victim = environments.equipped()
    for name in ("torch", "leaf"):
        stage.index.on(name, redirect(f"{stage.index.base}/none"))
    with IndexServer("listing", html_only=True) as listing:
        for artifact in (stage.torch, stage.leaf):
            listing.add(artifact, hashes=(), core_metadata=stage.index.html_only and "sha256")
        routes = {"torch": "vllm", "leaf": "vllm"}
        victim.route({"vllm": listing.url}, routes, {"require-hashes": "all"})
        refused_then_pinned(victim, stage.torch, stage.leaf, request=("torch",))
        listing.host(stage.evil)
        stopped = victim.pip("install", "--force-reinstall", "torch")
        assert stopped.returncode != 0, str(stopped)
        assert stage.evil.digest() in stopped.words


@once_is_enough
def test_what_needs_no_pin(stage: Stage, environments: Environments) -> None:
    """A file of the index itself, with a digest or not; it is not even downloaded for that."""
    victim = environments.equipped()
    with IndexServer("index", html_only=True) as index:
        index.add(stage.leaf, hashes=(), core_metadata="sha256")
        victim.route({"own": index.url}, {"leaf": "own"})
        result = pin(victim, "leaf")
        assert result.returncode == 0, str(result)
        assert "Nothing to pin" in result.stdout
        assert not lock(victim).exists()


# pip's own options


@once_is_enough
def test_what_was_asked_for_is_pinned(stage: Stage, environments: Environments) -> None:
    """And not the newest: a version, a pre-release, another platform, a file of requirements."""
    victim = environments.equipped()
    stage.route(victim)
    older, preview, other = (
        wheel("leaf", "0.9", origin="older"),
        wheel("leaf", "2.0rc1", origin="preview"),
        wheel("leaf", "1.1", origin="other", tag="cp39-abi3-win_arm64"),
    )
    for artifact in (older, preview, other):
        stage.index.add(artifact, hashes=(), at=stage.cdn)
    refused_then_pinned(victim, older, request=("leaf<1",))
    lock(victim).unlink()
    victim.pip("uninstall", "--yes", "leaf", check=True)
    refused_then_pinned(victim, preview, request=("--pre", "leaf"))
    lock(victim).unlink()
    foreign = ["--platform", "win_arm64", "--python-version", "3.11", "--only-binary", ":all:"]
    result = pin(victim, *foreign, "--no-deps", "-q", "leaf")
    assert result.returncode == 0, str(result)
    assert result.stdout == ""
    assert_pinned(victim, other)
    evil = wheel("leaf", "1.1", origin="evil", tag="cp39-abi3-win_arm64")
    stage.cdn.host(evil)
    changed = pin(victim, *foreign, "leaf")
    assert changed.returncode == 1, str(changed)
    (hint,) = re.findall(r"rim-router pin (.+)", changed.stderr)
    assert pin(victim, *shlex.split(hint)).returncode == 0
    assert_pinned(victim, evil)
    lock(victim).unlink()
    (victim.project / "constraints.txt").write_text("leaf==0.9\n", encoding="utf-8")
    (victim.project / "requirements.txt").write_text("-c constraints.txt\nleaf\n", encoding="utf-8")
    assert pin(victim, "-r", "requirements.txt").returncode == 0
    assert_pinned(victim, older)
    assert pin(victim, "-c", "constraints.txt", "leaf").returncode == 0
    assert_pinned(victim, older)


# pip's cache


def cacheable(artifact: Artifact) -> Callable[[Exchange], bool]:
    """Serve a file that caches may keep, and say that it is the same whatever it is."""

    def act(exchange: Exchange) -> bool:
        if "If-None-Match" in exchange.headers:
            exchange.reply(304, ETag='"same"')
        else:
            kept = {"Cache_Control": "max-age=1000000", "ETag": '"same"'}
            exchange.reply(200, artifact.data, "application/octet-stream", **kept)
        return True

    return act


@once_is_enough
@pytest.mark.parametrize("poisoned", ["other", "truncated"])
def test_a_wrong_body_in_the_cache(poisoned: str, stage: Stage, environments: Environments) -> None:
    """It is thrown away and asked for once more; a pip without the plugin takes it."""
    victim, plain = environments.equipped(), environments.plain()
    cache = victim.home / "pip-cache"
    stage.route(victim)
    for each in (victim, plain):
        each.extra_environ.update(
            PIP_CERT=str(stage.authority.bundle), PIP_CACHE_DIR=str(cache), PIP_NO_CACHE_DIR=None
        )
    where = urlsplit(stage.cdn.file_url(stage.torch)).path
    assert pin(victim, "torch").returncode == 0
    stage.cdn.on(where, cacheable(stage.torch if poisoned == "truncated" else stage.evil))
    options = ("--no-deps", "--index-url", stage.index.url, "torch")
    plain.pip("download", "--dest", str(victim.place / "downloads"), *options, check=True)
    if poisoned == "truncated":
        bodies = [path for path in cache.rglob("*.body") if path.read_bytes() == stage.torch.data]
        if not bodies:
            pytest.skip("this pip keeps bodies in another form")
        for body in bodies:
            body.write_bytes(stage.torch.data[:100])
    stage.cdn.on(where, cacheable(stage.torch))
    if poisoned == "other":
        plain.pip("install", *options, check=True)
        assert plain.origin("torch") == "attacker"
    stage.cdn.forget()
    result = victim.pip("install", "torch")
    assert result.returncode == 0, str(result)
    assert victim.origin("torch") == "owner"
    assert "cache" in result.words
    asked = [each for each in stage.cdn.requests if each.file == stage.torch.filename]
    assert [(each.method, each.headers.get("If-None-Match")) for each in asked] == [("GET", None)]
    stage.cdn.forget()
    again = victim.pip("install", "--force-reinstall", "torch")
    assert again.returncode == 0, str(again)
    assert [each for each in stage.cdn.requests if each.file == stage.torch.filename] == []


def test_pins_are_what_the_server_has(stage: Stage, environments: Environments) -> None:
    """And not what pip's cache has."""
    victim = environments.equipped()
    victim.extra_environ.update(PIP_CACHE_DIR=str(victim.home / "pip-cache"), PIP_NO_CACHE_DIR=None)
    stage.route(victim)
    where = urlsplit(stage.cdn.file_url(stage.torch)).path
    options = ("--no-deps", "--index-url", stage.index.url, "torch")
    stage.cdn.on(where, cacheable(stage.evil))
    disabled = {"RIM_ROUTER_DISABLE": "1"}
    victim.pip("download", "--dest", str(victim.place / "downloads"), *options, env=disabled, check=True)
    stage.cdn.on(where, cacheable(stage.torch))
    for args in ([], ["--update"]):
        result = pin(victim, *args, "torch")
        assert result.returncode == 0, str(result)
        assert_pinned(victim, stage.torch, stage.leaf)


@once_is_enough
def test_what_the_index_hashes_is_not_downloaded(stage: Stage, environments: Environments) -> None:
    """With metadata beside the file pip can tell what it would install without it."""
    if environments.pip_version < METADATA:
        pytest.skip("this pip downloads whatever it considers")
    victim = environments.equipped()
    stage.route(victim)
    for algorithm in ("sha256", "sha512"):
        artifact = wheel("leaf", f"2.{algorithm[3:]}", origin="owner")
        stage.index.html_only = True
        stage.index.add(artifact, hashes=(algorithm,), core_metadata="sha256", at=stage.cdn)
        stage.cdn.forget()
        result = pin(victim, "leaf")
        assert result.returncode == 0, str(result)
        assert artifact.digest(algorithm) in lock(victim).read_text(encoding="utf-8")
        assert [
            each for each in stage.cdn.requests if each.method == "GET" and each.file.endswith(".whl")
        ] == []
        result = victim.pip("install", "leaf")
        assert result.returncode == 0, str(result)


# Where pins go


@once_is_enough
def test_a_table_of_the_machine(stage: Stage, environments: Environments) -> None:
    """Next to which nobody's pins are written: what is printed leads to pins of the project."""
    victim = environments.equipped()
    stage.route(victim)
    site = victim.site_config / "rim-router"
    site.mkdir(parents=True)
    (victim.project / "index-routing.toml").rename(site / "index-routing.toml")
    refused = pin(victim, "torch")
    assert refused.returncode == 2, str(refused)
    assert not stage.cdn.requests
    (hint,) = re.findall(r"run: rim-router pin (.+)", refused.stderr)
    pinned = pin(victim, *shlex.split(hint))
    assert pinned.returncode == 0, str(pinned)
    assert_pinned(victim, stage.torch, stage.leaf)
    assert [path.name for path in site.iterdir()] == ["index-routing.toml"]
    installed = victim.pip("install", "torch")
    assert installed.returncode == 0, str(installed)
    assert victim.origin("torch") == "owner"
    again = pin(victim, "torch")
    assert "2 unchanged" in again.stdout, str(again)
    other = victim.place / "other.toml"
    assert pin(victim, "--output", str(other), "torch").returncode == 0
    assert other.read_bytes() == lock(victim).read_bytes()


# The lock file in the hands of others


def test_pip_installs_from_the_lock_file(stage: Stage, environments: Environments) -> None:
    """With the plugin and without it; changed bytes are refused by both."""
    if environments.pip_version[:2] < LOCKS:
        pytest.skip("this pip knows no lock files")
    victim = environments.equipped()
    stage.route(victim)
    assert pin(victim, "torch").returncode == 0
    users = [environments.plain(), environments.plain(), environments.equipped()]
    for user in users:
        user.extra_environ["PIP_CERT"] = str(stage.authority.bundle)
        lock(user).write_bytes(lock(victim).read_bytes())
    for user in (users[0], victim):
        result = user.pip("install", "-r", FILE_NAME)
        assert result.returncode == 0, str(result)
        assert user.origin("torch") == "owner"
        assert user.origin("leaf") == "owner"
    stage.tamper()
    stage.route(users[2])
    for user in users[1:]:
        result = user.pip("install", "-r", FILE_NAME)
        assert result.returncode != 0, str(result)
        assert user.origin("torch") is None


def test_pip_installs_the_version_that_was_pinned_last(stage: Stage, environments: Environments) -> None:
    """Of several in the lock file."""
    if environments.pip_version[:2] < LOCKS:
        pytest.skip("this pip knows no lock files")
    victim = environments.equipped()
    stage.route(victim)
    stage.index.add(wheel("leaf", "0.9", origin="older"), hashes=(), at=stage.cdn)
    for requirement in ("leaf==1.0", "leaf==0.9"):
        assert pin(victim, requirement).returncode == 0
    result = victim.pip("install", "-r", FILE_NAME)
    assert result.returncode == 0, str(result)
    assert victim.origin("leaf") == "older"


@pytest.fixture
def uv(workshop: Workshop) -> Path:
    """uv, from the registry."""

    def fetch(path: Path) -> None:
        workshop.fetch(path, "uv", "--no-deps")

    def unpack(path: Path) -> None:
        (archive,) = once(workshop.cache / "uv", fetch).glob("uv-*.whl")
        with zipfile.ZipFile(archive) as opened:
            (name,) = (each for each in opened.namelist() if re.search(r"/scripts/uv(\.exe)?$", each))
            (path / Path(name).name).write_bytes(opened.read(name))
        next(path.glob("uv*")).chmod(0o755)

    return next(once(workshop.shared / "uv", unpack).glob("uv*"))


@pytest.mark.timeout(600)  # the first test of a run may have to download uv
def test_uv_installs_from_the_lock_file(stage: Stage, environments: Environments, uv: Path) -> None:
    """Exactly those bytes, or nothing."""
    victim, user, other = environments.equipped(), environments.plain(), environments.plain()
    stage.route(victim)
    assert pin(victim, "leaf").returncode == 0
    assert pin(victim, "torch").returncode == 0

    def sync(target: Environment) -> Result:
        lock(target).write_bytes(lock(victim).read_bytes())
        env: dict[str, Any] = {
            "SSL_CERT_FILE": str(stage.authority.bundle),
            "UV_NO_CACHE": "1",
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        return target.run(uv, "pip", "sync", "--python", target.python, FILE_NAME, env=env)

    result = sync(user)
    assert result.returncode == 0, str(result)
    assert user.origin("torch") == "owner"
    installed = user.installed()
    assert {name: installed[name] for name in installed if name != "pip"} == {
        "torch": "2.6.0+cu126",
        "leaf": "1.0",
    }
    stage.tamper()
    result = sync(other)
    assert result.returncode != 0, str(result)
    assert "hash mismatch" in result.words.lower(), str(result)
    assert other.origin("torch") is None


def test_without_pip(stage: Stage, environments: Environments) -> None:
    """Its own error is shown."""
    victim = environments.equipped()
    stage.route(victim)
    victim.pip("uninstall", "--yes", "pip", check=True)
    result = pin(victim, "torch")
    assert result.returncode == 2, str(result)
    assert "No module named pip" in result.stderr
    assert sys.executable not in result.stderr
