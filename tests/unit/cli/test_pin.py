"""rim-router pin, with a pip that says what the tests want."""

from __future__ import annotations

import argparse
import errno
import json
import os
import ssl
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, get_type_hints
from urllib.parse import quote

import pytest

from rim_router.cli.ask import AskError
from rim_router.cli.pin import command as command
from rim_router.cli.pin import resolve as pin_pip
from rim_router.cli.pin import shape as pin_shapes
from rim_router.cli.pin import store as pin_store
from rim_router.cli.pin.files import FileToPin
from rim_router.cli.pin.record import NEVER, Outcome, State, recorded
from rim_router.cli.pin.store import PinError, Store
from rim_router.cli.pin.toml_text import toml_text
from rim_router.config.document import read_toml
from rim_router.config.files import PINS_NAME
from rim_router.config.pinfile import read_pins
from rim_router.errors import LocationError, RimRouterError, TableError
from tests.support.servers import Authority, Exchange, IndexServer, redirect, status
from tests.support.tables import write_table
from tests.support.wheels import Artifact, sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.unit.conftest import Machine

TORCH = wheel("torch", "2.6.0+cu126", origin="cdn")
LEAF = wheel("leaf", "1.0", origin="cdn")
INDEX = "https://index.example/simple"


@dataclass
class FakePip:
    """What pip would say.

    :param install: the entries of its report.
    :param log: the lines of its log.
    :param code: its exit code.
    :param routed: whether the plugin is active in it.
    :param before: called when it runs.
    """

    install: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    code: int = 0
    routed: bool = True
    before: Callable[[], object] = lambda: None
    commands: list[list[str]] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, words: Sequence[str], environ: dict[str, str]) -> int:
        self.before()
        self.commands.append([*words])
        self.environ = dict(environ)
        report = Path(words[words.index("--report") + 1])
        if not self.code:
            report.write_text(json.dumps({"version": "1", "install": self.install}))
        lines = ['{"event": "table"}', *self.log] if self.routed else self.log
        Path(environ["RIM_ROUTER_LOG"]).write_text("".join(f"{line}\n" for line in lines))
        return self.code

    def would_install(
        self, artifact: Artifact, url: str, *hashes: str, info: dict[str, Any] | None = None
    ) -> None:
        """Let it report a file."""
        archive = {"hashes": {name: artifact.digest(name) for name in hashes}} if hashes else {}
        self.install.append(
            {
                "metadata": {"name": artifact.project, "version": artifact.version},
                "download_info": info or {"url": url, "archive_info": archive},
            }
        )

    def verified(self, artifact: Artifact, url: str, **values: Any) -> None:
        """Let it log that it has downloaded a file."""
        event = {
            "event": "verified",
            "file": artifact.filename,
            "url": url,
            "size": len(artifact.data),
            "digests": {"sha256": artifact.digest()},
        }
        self.log.append(json.dumps({**event, **values}))


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    """The pip of the environment."""
    fake = FakePip()
    monkeypatch.setattr(pin_pip, "run_pip", fake)
    return fake


@pytest.fixture
def cdn(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """A host that speaks TLS, and that is trusted."""
    monkeypatch.setenv("PIP_CERT", str(authority.bundle))
    monkeypatch.setenv("no_proxy", "*")
    with IndexServer("cdn", tls=authority.context("localhost")) as server:
        server.host(TORCH)
        server.host(LEAF)
        yield server


@pytest.fixture
def url(cdn: IndexServer, machine: Machine) -> str:
    """The URL of a file on another host than its index, with a table that allows it."""
    route(machine, cdn.netloc)
    return cdn.file_url(TORCH)


def route(machine: Machine, *hosts: str, **policy: str) -> Path:
    indexes = {"pytorch": {"url": INDEX, "external-hosts": hosts}}
    return write_table(machine.work, indexes, {"torch": "pytorch", "leaf": "pytorch"}, policy)


def run(*args: str) -> int:
    """Run ``rim-router pin``."""
    parser = argparse.ArgumentParser(prog="rim-router pin", allow_abbrev=False)
    command.configure(parser)
    return command.run(parser.parse_args(args))


def lock(machine: Machine) -> Path:
    return machine.work / PINS_NAME


def data(machine: Machine) -> dict[str, Any]:
    return read_toml(lock(machine).read_bytes(), "x")[1]


def left_over(directory: Path) -> list[str]:
    """What a writer has left."""
    return [path.name for path in directory.iterdir() if path.name not in (PINS_NAME, "index-routing.toml")]


def written(url: str, artifact: Artifact = TORCH) -> str:
    return f"""\
# Files, and the digests that they must have: written by `rim-router pin`, which keeps no other comments.
# It is a lock file (PEP 751) of these files alone.

lock-version = "1.0"
created-by = "rim-router"

[[packages]]
name = "{artifact.project}"
version = "{artifact.version}"

[[packages.wheels]]
name = "{artifact.filename}"
url = "{url}"
size = {len(artifact.data)}
hashes = {{sha256 = "{artifact.digest()}"}}
"""


# What is asked of pip


def test_pip_is_asked_what_it_would_install(pip: FakePip, machine: Machine, url: str) -> None:
    """By this interpreter, with the variables that make the hooks tolerant, and with a log."""
    (machine.work / "c.pem").touch()
    assert run("torch", "leaf>=1", "-r", "a.txt", "-r", "b.txt", "--cert", "c.pem") == 0
    (words,) = pip.commands
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    report = words[words.index("--report") + 1]
    assert words[4:] == [
        "--dry-run", "--ignore-installed", "--report", report, "--cert", "c.pem",
        "--requirement", "a.txt", "--requirement", "b.txt", "--", "torch", "leaf>=1",
    ]  # fmt: skip
    assert pip.environ["PIP_NO_CACHE_DIR"] == "1"
    assert pip.environ["_RIM_ROUTER_PINNING"] == "1"
    assert not Path(report).exists()
    assert not Path(pip.environ["RIM_ROUTER_LOG"]).exists()


def test_requirements_from_a_file_alone(pip: FakePip, machine: Machine, url: str) -> None:
    assert run("-r", "a.txt") == 0
    assert pip.commands[0][-2:] == ["--requirement", "a.txt"]


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        (["--pre", "-c", "c.txt"], ["--pre", "--constraint", "c.txt"]),
        (["--no-binary", "a", "--only-binary=:all:"], ["--no-binary", "a", "--only-binary", ":all:"]),
        (["--only-binary=:all:", "--no-binary", "a"], ["--only-binary", ":all:", "--no-binary", "a"]),
        (["-qq", "-i", "https://x.example"], ["--quiet", "--quiet", "--index-url", "https://x.example"]),
        (["--platform", "win_arm64"], ["--platform", "win_arm64", "--target", "TARGET"]),
    ],
)
def test_pips_own_options(
    given: list[str], handed_on: list[str], pip: FakePip, machine: Machine, url: str
) -> None:
    """In their order; older pips want a target for another platform, into which nothing is installed."""
    assert run(*given, "torch") == 0
    words = pip.commands[0]
    target = words[words.index("--target") + 1] if "--target" in words else ""
    assert [word.replace(target, "TARGET") if target else word for word in words[8:]] == [
        *handed_on, "--", "torch"
    ]  # fmt: skip
    assert not target or not Path(target).exists()


def test_quiet(pip: FakePip, machine: Machine, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    pip.would_install(TORCH, url)
    pip.verified(TORCH, url)
    assert run("-q", "torch") == 0
    assert capsys.readouterr() == ("", "")
    assert lock(machine).exists()


def test_nothing_asked_for(pip: FakePip, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert capsys.readouterr().err.startswith("ERROR: nothing to pin: ")
    assert not pip.commands


@pytest.mark.parametrize("args", [["--upd", "torch"], ["--target", "x", "torch"]])
def test_bad_usage(args: list[str]) -> None:
    """Options of pip that choose no file are none of this command's."""
    with pytest.raises(SystemExit) as exit_:
        run(*args)
    assert exit_.value.code == 2


def test_pip_fails(pip: FakePip, machine: Machine, url: str) -> None:
    """It has said why."""
    pip.code = 1
    with pytest.raises(PinError, match=r"what it would install \(exit code 1\); see above"):
        run("torch")
    assert not lock(machine).exists()


def test_pip_writes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Standard output is for the answer."""
    assert pin_pip.run_pip([sys.executable, "-c", "print('hello'); raise SystemExit(3)"], os.environ) == 3
    assert capfd.readouterr() == ("", "hello\n")
    with pytest.raises(PinError, match="pip cannot be started"):
        pin_pip.run_pip(["/nowhere/python"], {})


def test_routing_is_turned_off(
    pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pip would use then is not what is to be pinned."""
    monkeypatch.setenv("RIM_ROUTER_DISABLE", "1")
    with pytest.raises(PinError, match="RIM_ROUTER_DISABLE=1 turns routing off"):
        run("torch")
    assert not pip.commands


def test_the_log_of_whoever_keeps_one(
    pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets what pip has logged, also if pip fails."""
    log = machine.home / "log.jsonl"
    log.write_text("before\n")
    monkeypatch.setenv("RIM_ROUTER_LOG", "~/log.jsonl")
    assert run("torch") == 0
    pip.code = 1
    with pytest.raises(PinError):
        run("torch")
    assert log.read_text() == 'before\n{"event": "table"}\n{"event": "table"}\n'
    monkeypatch.setenv("RIM_ROUTER_LOG", str(machine.home / "missing" / "log"))
    pip.code = 0
    with pytest.raises(RimRouterError, match=r"the log .*missing.log cannot be written"):
        run("torch")


def test_what_is_downloaded_is_logged_too(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each host with its rule, and each file with its digests; no secrets."""
    log = machine.home / "log.jsonl"
    monkeypatch.setenv("RIM_ROUTER_LOG", str(log))
    pip.would_install(TORCH, f"{url}?key=s3cr3t")
    assert run("torch") == 0
    assert "s3cr3t" not in log.read_text()
    events = map(json.loads, log.read_text().splitlines())
    contacted, verified = (event for event in events if event["event"] != "table")
    for event in (contacted, verified):
        assert event.pop("pid")
        assert event.pop("time").endswith("+00:00")
    assert contacted == {
        "event": "contacted",
        "host": cdn.netloc,
        "url": f"{url}?****",
        "rule": f"external-hosts of index pytorch has {cdn.netloc}",
    }
    assert verified == {
        "event": "verified",
        "file": TORCH.filename,
        "url": f"{url}?****",
        "host": cdn.netloc,
        "rule": "index pytorch",
        "size": len(TORCH.data),
        "digests": {"sha256": TORCH.digest()},
        "required": {},
    }


def test_a_pip_without_the_plugin(pip: FakePip, machine: Machine, url: str) -> None:
    """What it would install says nothing."""
    pip.would_install(TORCH, url)
    pip.routed = False
    with pytest.raises(PinError, match="pip ran without a routing table"):
        run("torch")
    assert not lock(machine).exists()


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"install": [{}]}', '{"install": [{"metadata": 1}]}'])
def test_a_report_that_cannot_be_read(report: str, pip: FakePip, machine: Machine, url: str) -> None:
    """A pip that is not understood is no pip without external files."""

    def odd(words: Sequence[str], environ: dict[str, str]) -> int:
        Path(words[words.index("--report") + 1]).write_text(report)
        Path(environ["RIM_ROUTER_LOG"]).write_text('{"event": "table"}')
        return 0

    pin_pip.run_pip = odd  # type: ignore[assignment]
    with pytest.raises(PinError, match="pip's report cannot be read"):
        run("torch")


def test_a_pip_that_writes_no_report(pip: FakePip, machine: Machine, url: str) -> None:
    pin_pip.run_pip = lambda *_: 0  # type: ignore[assignment]
    with pytest.raises(PinError, match=r"report.json cannot be used: No such file"):
        run("torch")


# Where pins go


def test_no_table(pip: FakePip) -> None:
    with pytest.raises(PinError, match="no routing table is in force here"):
        run("torch")
    assert not pip.commands


def test_a_bad_table(pip: FakePip, machine: Machine) -> None:
    machine.write("project", "x")
    with pytest.raises(TableError):
        run("torch")


def test_next_to_the_highest_layers_table(pip: FakePip, in_venv: Machine, cdn: IndexServer) -> None:
    """Wherever the working directory is."""
    for layer in ("user", "environment"):
        in_venv.write(layer)
    route(in_venv, cdn.netloc).rename(in_venv.path("environment"))
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert run("torch") == 0
    assert (in_venv.prefix / PINS_NAME).exists()
    assert not lock(in_venv).exists()


def test_next_to_a_pyproject(pip: FakePip, machine: Machine, cdn: IndexServer) -> None:
    text = route(machine, cdn.netloc).read_text()
    machine.path("project").unlink()
    text = text.replace("[indexes]", "[tool.rim-router.indexes]").replace(
        "[routes]", "[tool.rim-router.routes]"
    )
    (machine.work / "pyproject.toml").write_text(text)
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert run("torch") == 0
    assert lock(machine).exists()


def test_a_packaging_that_is_too_old(
    pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said before anything is downloaded."""
    monkeypatch.setitem(sys.modules, "packaging.pylock", None)
    with pytest.raises(PinError, match="python -m pip install -U packaging"):
        run("torch")
    assert not pip.commands


def test_not_next_to_the_machines_table(pip: FakePip, machine: Machine, cdn: IndexServer) -> None:
    """But in the project, which gets a table without routes so that pip reads it; never over another one."""
    table = machine.path("machine")
    table.parent.mkdir()
    route(machine, cdn.netloc).rename(table)
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert failure("torch<3", "--pre") == [
        f"the only routing table in force is the machine's ({table}), and pins are not written next to that",
        f"  hint: to keep them in this directory, run: rim-router pin --output {PINS_NAME} --pre 'torch<3'",
    ]
    assert not pip.commands
    assert run("--output", PINS_NAME, "--pre", "torch<3") == 0
    assert lock(machine).read_text() == written(cdn.file_url(TORCH))
    assert read_toml(machine.path("project").read_bytes(), "x")[1] == {}
    assert [path.name for path in table.parent.iterdir()] == ["index-routing.toml"]
    assert run("torch", "--update") == 0  # now there is a table of the project


@pytest.mark.parametrize("layer", ["user", "project"])
def test_next_to_another_table_than_the_machines(
    layer: str, pip: FakePip, machine: Machine, cdn: IndexServer
) -> None:
    table = machine.path("machine")
    table.parent.mkdir()
    route(machine, cdn.netloc).rename(table)
    machine.write(layer)
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert run("torch") == 0
    assert machine.path(layer).with_name(PINS_NAME).exists()
    assert [path.name for path in table.parent.iterdir()] == ["index-routing.toml"]


def test_tables_of_projects_are_turned_off(
    pip: FakePip, machine: Machine, cdn: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is written here would not count."""
    machine.path("machine").parent.mkdir()
    route(machine, cdn.netloc).rename(machine.path("machine"))
    monkeypatch.setenv("RIM_ROUTER_CONFIG", "")
    hint = failure("torch")[1]
    assert hint.startswith(
        "  hint: unset RIM_ROUTER_CONFIG, which turns off the tables of projects, and run: "
    )
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert run("--output", PINS_NAME, "torch") == 0
    assert not machine.path("project").exists()


def test_another_file(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It gets everything, also what is pinned next to the table; and it is said that pip does not read it."""
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    capsys.readouterr()
    other = machine.home / "other.toml"
    assert run("torch", "-o", str(other)) == 0
    assert other.read_text() == written(url)
    assert f"NOTE: pip does not read {other}: it reads {PINS_NAME}" in capsys.readouterr().err
    change(pip, cdn, url)
    assert run("torch", "-o", str(other)) == 1
    assert other.read_text() == written(url)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_where_nobody_may_write(
    number: int, pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What helps is the last word."""

    def forbidden(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    pip.would_install(TORCH, url)
    monkeypatch.setattr(pin_store, "_lock", forbidden)
    assert failure("torch") == [
        f"./{PINS_NAME} cannot be written: {os.strerror(number)}",
        "  hint: as somebody who may write there, run: rim-router pin torch",
    ]


# What is pinned


@pytest.fixture
def own(machine: Machine, cdn: IndexServer) -> str:
    """The URL of a file on its index's own host."""
    write_table(machine.work, {"pytorch": cdn.url}, {"torch": "pytorch"})
    return cdn.file_url(TORCH)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(("moved", "policy"), [(False, {}), (True, {}), (False, {"require-hashes": "all"})])
@pytest.mark.parametrize("hashes", [(), ("sha256",), ("md5",)])
def test_a_file_of_the_index_itself(
    hashes: tuple[str, ...],
    moved: bool,
    policy: dict[str, str],
    seen: bool,
    pip: FakePip,
    machine: Machine,
    cdn: IndexServer,
    own: str,
    authority: Authority,
) -> None:
    """It needs a pin if the index gives no digest, and if one is needed: by policy, or to be redirected."""
    write_table(machine.work, {"pytorch": cdn.url}, {"torch": "pytorch"}, policy)
    with IndexServer("store", tls=authority.context("localhost")) as store:
        if moved:
            cdn.on(f"/files/{TORCH.filename}", redirect(store.host(TORCH)))
            cdn.on(f"/files/{quote(TORCH.filename)}", redirect(store.host(TORCH)))
        pip.would_install(TORCH, own, *hashes)
        if seen:
            strong = {name: TORCH.digest(name) for name in hashes if name != "md5"}
            pip.verified(TORCH, own, required=strong)
            target = store.file_url(TORCH) if moved else own
            pip.log.append(json.dumps({"event": "redirect", "url": own, "target": target, "allowed": True}))
        assert run("torch") == 0
    needed = "sha256" not in hashes and (moved or bool(policy))
    assert lock(machine).exists() is needed
    if needed:
        assert lock(machine).read_text() == written(own)
    assert not (cdn.requests and (seen or "sha256" in hashes))


def test_a_file_of_the_index_itself_that_is_pinned(
    pip: FakePip, machine: Machine, cdn: IndexServer, own: str
) -> None:
    """It is compared, whatever made it need that."""
    lock(machine).write_text(written(own).replace(TORCH.digest(), "0" * 64))
    pip.would_install(TORCH, own, "sha256")
    assert run("torch") == 1
    assert run("torch", "--update") == 0
    assert lock(machine).read_text() == written(own)


def test_a_file_of_an_index_that_wants_a_password(
    pip: FakePip, machine: Machine, cdn: IndexServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is asked for with it, and recorded without it; over http too, if the index is on http."""
    for server in (cdn, IndexServer("plain")):
        with server:
            server.host(TORCH)
            server.credentials = ("me", "s3cr3t")
            index = server.url.replace("//", "//me:s3cr3t@")
            write_table(machine.work, {"pytorch": index}, {"torch": "pytorch"}, {"require-hashes": "all"})
            pip.install.clear()
            pip.would_install(TORCH, server.file_url(TORCH))
            assert run("torch") == 0
            assert lock(machine).read_text() == written(server.file_url(TORCH))
            assert "s3cr3t" not in "".join(capfd.readouterr())
            lock(machine).unlink()


def test_a_file_that_pip_has_downloaded(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is asked again."""
    pip.would_install(TORCH, url)
    pip.log = ["not JSON", "[]", '{"event": "host"}']
    pip.verified(LEAF, cdn.file_url(LEAF))
    pip.verified(TORCH, url)
    assert run("torch") == 0
    assert lock(machine).read_text() == written(url)
    assert not cdn.requests
    line = f"added  {TORCH.filename}  sha256 {TORCH.digest()}  {len(TORCH.data):,} bytes\n"
    assert capsys.readouterr() == (f"{line}./{PINS_NAME}: 1 added\n", "")
    assert not left_over(machine.work)


def test_a_file_that_nobody_knows(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is downloaded, once."""
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert lock(machine).read_text() == written(url)
    assert [(request.method, request.file) for request in cdn.requests] == [("GET", TORCH.filename)]
    assert capfd.readouterr().err.splitlines() == [
        f"Downloading {TORCH.filename} for its digest",
        f"Contacting {cdn.netloc} (external-hosts of index pytorch has {cdn.netloc})",
    ]


def test_a_file_whose_digest_the_index_gives(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str
) -> None:
    """Only its size is asked for."""
    pip.would_install(TORCH, url, "sha256")
    assert run("torch") == 0
    assert lock(machine).read_text() == written(url)
    assert [request.method for request in cdn.requests] == ["HEAD"]


def test_a_server_that_does_not_tell_the_size(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is recorded where it is known."""
    pip.would_install(TORCH, url, "sha256")
    cdn.on("*", status(405))
    assert run("torch") == 0
    assert "size" not in lock(machine).read_text()
    assert "size unknown" in capsys.readouterr().out


def test_a_redirected_head(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """It stays one, on every Python."""
    cdn.on(f"/files/{TORCH.filename}", redirect(f"{cdn.base}/files/x/{TORCH.filename}"))
    pip.would_install(TORCH, url.replace("%2B", "+"), "sha256")
    assert run("torch") == 0
    assert [request.method for request in cdn.requests] == ["HEAD", "HEAD"]
    assert f"size = {len(TORCH.data)}\n" in lock(machine).read_text()


def test_an_older_pips_report(pip: FakePip, machine: Machine, url: str) -> None:
    """It gives one hash, as text."""
    pip.would_install(TORCH, url, info={"url": url, "archive_info": {"hash": f"sha256={TORCH.digest()}"}})
    assert run("torch") == 0
    assert lock(machine).read_text() == written(url)


def test_a_weak_hash_is_none(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    pip.would_install(TORCH, url, "md5")
    assert run("torch") == 0
    assert [request.method for request in cdn.requests] == ["GET"]
    assert "md5" not in lock(machine).read_text()


def test_another_strong_hash_is_enough(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Nothing is downloaded for a sha256 besides."""
    pip.would_install(TORCH, url, "sha512")
    assert run("torch") == 0
    sha256, sha512 = (f'{name} = "{TORCH.digest(name)}"' for name in ("sha256", "sha512"))
    assert lock(machine).read_text() == written(url).replace(sha256, sha512)
    assert [request.method for request in cdn.requests] == ["HEAD"]


def test_what_a_pin_cannot_be_compared_with_is_verified(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str
) -> None:
    """The sha256 is that of the very bytes that have the digest of the index."""
    lock(machine).write_text(written(cdn.file_url(LEAF), LEAF))
    pip.would_install(LEAF, cdn.file_url(LEAF), info={
        "url": cdn.file_url(LEAF), "archive_info": {"hashes": {"sha512": "0" * 128}}
    })  # fmt: skip
    with pytest.raises(PinError) as error:
        run("leaf")
    assert str(error.value).splitlines() == [
        f"{LEAF.filename} is not what its index says",
        f"  note: sha512 should be {'0' * 128}, as index pytorch says, and is {LEAF.digest('sha512')}",
        "  hint: do not use it",
    ]


def test_a_log_that_is_about_another_file(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Another URL, or another digest than the index gives, says nothing."""
    pip.would_install(TORCH, url)
    pip.verified(TORCH, "https://other.example/x", digests={"sha256": "0" * 64})
    pip.would_install(LEAF, cdn.file_url(LEAF), "sha256")
    pip.verified(LEAF, cdn.file_url(LEAF), digests={"sha256": "0" * 64}, size=1)
    assert run("torch", "leaf") == 0
    assert sorted(request.method for request in cdn.requests) == ["GET", "HEAD"]
    text = lock(machine).read_text()
    assert TORCH.digest() in text
    assert LEAF.digest() in text


def test_a_mirror_has_served_it(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """The digest is the index's, the size pip's."""
    pip.would_install(TORCH, url, "sha256")
    pip.verified(TORCH, "https://mirror.example/x")
    assert run("torch") == 0
    assert not cdn.requests
    assert lock(machine).read_text() == written(url)


def test_a_source_distribution(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    source = sdist("torch", "2.6.0+cu126", origin="cdn")
    cdn.host(source)
    pip.would_install(source, cdn.file_url(source))
    assert run("torch") == 0
    (package,) = data(machine)["packages"]
    assert package["sdist"]["hashes"] == {"sha256": source.digest()}
    pip.install.clear()
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    (package,) = data(machine)["packages"]
    assert sorted(package) == ["name", "sdist", "version", "wheels"]


@pytest.mark.parametrize(
    "where",
    [
        f"https://index.example/files/{TORCH.filename}",
        f"file:///srv/{TORCH.filename}",
    ],
)
def test_what_is_not_external(
    where: str, pip: FakePip, machine: Machine, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files of the index itself, and of this machine."""
    pip.would_install(TORCH, where)
    pip.verified(TORCH, where)
    assert run("torch") == 0
    assert capsys.readouterr() == ("Nothing to pin: none of the files that pip would use needs a pin.\n", "")
    assert not lock(machine).exists()
    assert run("torch", "--json") == 0
    assert json.loads(capsys.readouterr().out)["pins"] == []


def test_what_is_left_to_pip(pip: FakePip, machine: Machine, url: str) -> None:
    """Unclaimed names, directories and repositories."""
    other = wheel("other", "1.0", origin="x")
    pip.would_install(other, "https://cdn.example/other-1.0-py3-none-any.whl")
    pip.would_install(TORCH, "", info={"url": "https://cdn.example/x", "vcs_info": {"vcs": "git"}})
    pip.would_install(LEAF, "", info={"url": "file:///srv/x", "dir_info": {}})
    assert run("other") == 0
    assert not lock(machine).exists()


def test_a_file_that_no_pin_can_be_for(
    pip: FakePip, machine: Machine, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name says nothing, or something else."""
    pip.would_install(TORCH, "https://cdn.example/archive/main.zip")
    pip.would_install(LEAF, f"https://cdn.example/{TORCH.filename}")
    assert run("torch") == 0
    why = "is not pinned: its file name is not that of a wheel or a source distribution of"
    assert capsys.readouterr().err.splitlines() == [
        f"WARNING: https://cdn.example/archive/main.zip {why} torch",
        f"WARNING: https://cdn.example/{TORCH.filename} {why} leaf",
    ]
    assert not lock(machine).exists()


def test_a_signed_url(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is used, and not recorded."""
    pip.would_install(TORCH, f"{url}?signature=s3cr3t")
    assert run("torch", "--json") == 0
    captured = capsys.readouterr()
    assert cdn.requests[0].path.endswith("?signature=s3cr3t")
    assert "s3cr3t" not in captured.out + captured.err + lock(machine).read_text()
    assert "is recorded without its query, which may be a secret" in captured.err


def test_an_unreadable_url(pip: FakePip, machine: Machine, url: str) -> None:
    pip.would_install(TORCH, f"https://a.example\\@b.example/{TORCH.filename}")
    with pytest.raises(PinError, match="the URL of a file of torch cannot be read: <ambiguous URL>"):
        run("torch")


# Downloads


def failure(*args: str) -> list[str]:
    with pytest.raises((PinError, AskError)) as error:
        run(*args)
    return str(error.value).splitlines()


def test_a_file_that_is_not_there(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """The reason is given, and nothing is written."""
    pip.would_install(TORCH, f"{url}?key=s3cr3t")
    cdn.on("*", status(404))
    assert failure("torch") == [
        f"{TORCH.filename} could not be downloaded from {url}?****: HTTP error 404",
        f"  note: asked: {cdn.netloc}",
    ]
    assert not lock(machine).exists()
    assert not left_over(machine.work)


def test_a_host_that_nobody_vouches_for(
    pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CERT")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    pip.would_install(TORCH, url)
    assert "its certificate cannot be verified" in failure("torch")[0]


def test_certificates_on_the_command_line(
    pip: FakePip, machine: Machine, url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CERT")
    pip.would_install(TORCH, url)
    assert run("torch", "--cert", str(authority.bundle)) == 0
    lock(machine).unlink()
    assert failure("torch", "--cert", "missing.pem") == [
        f"the certificates in missing.pem cannot be read: {os.strerror(errno.ENOENT)}"
    ]


def test_plain_http(pip: FakePip, machine: Machine, url: str) -> None:
    pip.would_install(TORCH, f"http://cdn.example/{TORCH.filename}")
    assert failure("torch") == [f"{TORCH.filename} cannot be pinned: its URL is not https"]


def test_a_truncated_file(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Its digest is that of nothing."""

    def short(exchange: Exchange) -> bool:
        exchange.send_response(200)
        exchange.send_header("Content-Length", str(len(TORCH.data)))
        exchange.end_headers()
        exchange.close_connection = True
        exchange.wfile.write(TORCH.data[:100])
        return True

    cdn.on("*", short)
    pip.would_install(TORCH, url)
    assert "could not be downloaded" in failure("torch")[0]
    assert not lock(machine).exists()


UNVOUCHED = "which is not among the external-hosts, and no digest is known that would vouch for the file"


def unsized(exchange: Exchange) -> bool:
    """Answer without saying how much will come."""
    exchange.send_response(200)
    exchange.send_header("Connection", "close")
    exchange.end_headers()
    exchange.close_connection = True
    if exchange.command != "HEAD":
        exchange.wfile.write(TORCH.data)
    return True


def test_a_file_of_unknown_size(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Its end is the end of the connection."""
    cdn.on("*", unsized)
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert lock(machine).read_text() == written(url)


def test_a_head_without_a_length(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    cdn.on("*", unsized)
    pip.would_install(TORCH, url, "sha256")
    assert run("torch") == 0
    assert "size" not in lock(machine).read_text()


@pytest.mark.parametrize(
    ("user", "listed", "reason"),
    [
        ("", True, None),
        ("", False, UNVOUCHED),
        ("me:s3cr3t@", False, UNVOUCHED),
    ],
)
def test_redirects_are_logged(
    pip: FakePip,
    machine: Machine,
    cdn: IndexServer,
    authority: Authority,
    user: str,
    listed: bool,
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As pip logs its own: from where to where, and why not."""
    log = machine.home / "log.jsonl"
    monkeypatch.setenv("RIM_ROUTER_LOG", str(log))
    with IndexServer("other", tls=authority.context("localhost")) as other:
        route(machine, cdn.netloc, *([other.netloc] if listed else []))
        target = other.host(TORCH).replace("//", f"//{user}")
        cdn.on("*", redirect(f"{target}?key=s3cr3t"))
        pip.would_install(TORCH, cdn.file_url(TORCH))
        if reason is None:
            assert run("torch") == 0
        else:
            failure("torch")
    assert "s3cr3t" not in log.read_text()
    (event,) = [each for each in map(json.loads, log.read_text().splitlines()) if each["event"] == "redirect"]
    del event["time"], event["pid"]
    shown = f"{other.base}/files/{quote(TORCH.filename)}?****".replace("//", f"//{'****@' if user else ''}")
    facts = {} if reason is None else {"reason": reason}
    assert event == {
        "event": "redirect",
        "url": cdn.file_url(TORCH),
        "target": shown,
        "allowed": reason is None,
        **facts,
    }


@pytest.mark.parametrize(
    ("listed", "known", "policy", "followed"),
    [
        (True, False, "hashed", True),
        (False, False, "hashed", False),
        (False, True, "hashed", True),
        (True, True, "listed", True),
        (False, True, "listed", False),
    ],
)
def test_redirects(
    pip: FakePip,
    machine: Machine,
    cdn: IndexServer,
    authority: Authority,
    listed: bool,
    known: bool,
    policy: str,
    followed: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Without a digest that is known before, only where a link may lead too."""
    with IndexServer("other", tls=authority.context("localhost")) as other:
        route(machine, cdn.netloc, *([other.netloc] if listed else []), redirects=policy)
        cdn.on("*", redirect(other.host(TORCH)))
        pip.would_install(TORCH, cdn.file_url(TORCH), *(["sha512"] if known else []))
        if followed:
            assert run("torch", "--json") == 0
            captured = capfd.readouterr()
            assert json.loads(captured.out)["hosts"] == [cdn.netloc, other.netloc]
            rule = f"external-hosts of index pytorch has {other.netloc}"
            rule = rule if listed else "a redirect of a file with a strong digest"
            assert captured.err.splitlines()[-1] == f"Contacting {other.netloc} ({rule})"
        else:
            line = failure("torch")[0]
            assert f"redirects {TORCH.filename} to {other.file_url(TORCH)}, which is not among" in line
            assert not other.requests


def test_an_old_openssl(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """It may not talk to other hosts, if the table says so."""
    route(machine, cdn.netloc, **{"minimum-openssl": "99.0.1"})
    pip.would_install(TORCH, url)
    assert failure("torch") == [
        f"{cdn.netloc} may not be asked with {ssl.OPENSSL_VERSION}",
        '  note: policy.minimum-openssl is "99.0.1" in ./index-routing.toml:7',
        "  hint: use a Python with a newer OpenSSL",
    ]
    assert not cdn.requests
    route(machine, cdn.netloc, **{"minimum-openssl": "1.0"})
    assert run("torch") == 0


def beside(machine: Machine, own: str, *hosts: str, **policy: str) -> None:
    """Route the project to an index with external hosts, and to another one besides."""
    indexes = {"pytorch": {"url": INDEX, "external-hosts": hosts}, "other": {"url": f"{own}/simple"}}
    target = {"indexes": list(indexes), "strategy": "version-priority"}
    write_table(machine.work, indexes, {"torch": target}, policy)


@pytest.mark.parametrize("policy", [{}, {"minimum-openssl": "99.0.1"}])
def test_a_file_on_another_index(
    policy: dict[str, str],
    pip: FakePip,
    machine: Machine,
    cdn: IndexServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It is external to the one that lists its host."""
    beside(machine, cdn.base, cdn.netloc, **policy)
    pip.would_install(TORCH, cdn.file_url(TORCH))
    if policy:
        assert "may not be asked with" in failure("torch")[0]
        assert not cdn.requests
    else:
        assert run("torch") == 0
        line = f"Contacting {cdn.netloc} (external-hosts of index pytorch has {cdn.netloc})"
        assert line in capfd.readouterr().err.splitlines()
        assert lock(machine).read_text() == written(cdn.file_url(TORCH))


def test_a_file_of_another_index(pip: FakePip, machine: Machine, cdn: IndexServer) -> None:
    """It is not external if no other index may have linked to it: that it serves it is seen, and no more."""
    beside(machine, cdn.base, "cdn.example")
    pip.would_install(TORCH, cdn.file_url(TORCH))
    assert run("torch") == 0
    assert [request.method for request in cdn.requests] == ["GET"]
    assert not lock(machine).exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_redirect_to_another_index(
    known: bool,
    pip: FakePip,
    machine: Machine,
    cdn: IndexServer,
    authority: Authority,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It is one to another host, for a file of the first."""
    with IndexServer("other", tls=authority.context("localhost")) as other:
        beside(machine, other.base, cdn.netloc)
        cdn.on("*", redirect(other.host(TORCH)))
        pip.would_install(TORCH, cdn.file_url(TORCH), *(["sha512"] if known else []))
        if known:
            assert run("torch") == 0
            line = f"Contacting {other.netloc} (a redirect of a file with a strong digest)"
            assert line in capfd.readouterr().err.splitlines()
        else:
            assert "which is not among the external-hosts" in failure("torch")[0]
            assert not other.requests


def test_a_wheel_that_the_table_pins_itself(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str
) -> None:
    """It needs no other pin."""
    with machine.path("project").open("a") as file:
        file.write(f'[[wheel]]\nurls = ["{url}"]\nsha256 = "{TORCH.digest()}"\n')
    pip.would_install(TORCH, url, "sha256")
    assert run("torch") == 0
    assert not lock(machine).exists()


# What was pinned before


@pytest.fixture
def pinned(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> Path:
    """A lock file with the pin of one file, and a pip that would install that file."""
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    cdn.forget()
    return lock(machine)


def test_nothing_changed(
    pinned: Path, pip: FakePip, cdn: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is not even written."""
    os.utime(pinned, (1, 1))
    before = pinned.read_bytes()
    capsys.readouterr()
    assert run("torch") == 0
    assert run("torch", "--update") == 0
    assert pinned.stat().st_mtime == 1
    assert pinned.read_bytes() == before
    line = f"unchanged  {TORCH.filename}  sha256 {TORCH.digest()}  {len(TORCH.data):,} bytes\n"
    assert capsys.readouterr().out == 2 * f"{line}./{PINS_NAME}: 1 unchanged, nothing to write\n"


def test_nothing_to_write_needs_no_permission(
    pinned: Path, pip: FakePip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a lock nor a directory that can be written to."""
    monkeypatch.setattr(Store, "locked", lambda _: pytest.fail("locked"))
    assert run("torch") == 0


def change(pip: FakePip, cdn: IndexServer, url: str) -> Artifact:
    """Let the host serve something else under the same name."""
    tampered = Artifact("torch", "2.6.0+cu126", TORCH.filename, TORCH.data + b"!", b"")
    cdn.host(tampered)
    return tampered


def test_changed_bytes(
    pinned: Path, pip: FakePip, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both digests are shown, with where each comes from; nothing is written, of the others neither."""
    before = pinned.read_bytes()
    tampered = change(pip, cdn, url)
    pip.would_install(LEAF, cdn.file_url(LEAF))
    capsys.readouterr()
    assert run("torch", "leaf") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line for line in captured.err.splitlines() if not line.startswith(("Downl", "Contact"))] == [
        f"ERROR: {TORCH.filename} has changed",
        f"  note: sha256 {TORCH.digest()} is pinned in ./{PINS_NAME}:11 (project)",
        f"  note: sha256 {tampered.digest()} as {url} serves it",
        "  hint: if that is right, run: rim-router pin --update torch==2.6.0+cu126",
    ]
    assert pinned.read_bytes() == before
    assert not left_over(pinned.parent)


def test_changed_digest_on_the_index_page(
    pinned: Path, pip: FakePip, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.install[0]["download_info"]["archive_info"] = {"hashes": {"sha256": "0" * 64}}
    assert run("torch") == 1
    assert f"  note: sha256 {'0' * 64} as index pytorch gives it\n" in capsys.readouterr().err


def test_changed_bytes_that_pip_has_got(
    pinned: Path, pip: FakePip, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.verified(TORCH, url, digests={"sha256": "0" * 64})
    assert run("torch") == 1
    assert f"  note: sha256 {'0' * 64} as pip has got it from {url}\n" in capsys.readouterr().err


def test_update_accepts_changed_bytes(
    pinned: Path, pip: FakePip, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tampered = change(pip, cdn, url)
    capsys.readouterr()
    assert run("torch", "--update") == 0
    assert capsys.readouterr().out.startswith(f"updated  {TORCH.filename}  sha256 {tampered.digest()}")
    assert pinned.read_text() == written(url, tampered)


def test_update_records_where_the_file_is_now(pinned: Path, pip: FakePip, cdn: IndexServer, url: str) -> None:
    """A pin with the same digest stays as it is otherwise."""
    elsewhere = f"{cdn.base}/files/x/{TORCH.filename}"
    pip.install[0]["download_info"]["url"] = elsewhere
    assert run("torch") == 0
    assert pinned.read_text() == written(url)
    assert run("torch", "--update") == 0
    assert pinned.read_text() == written(elsewhere)


def test_a_pin_with_another_algorithm(pinned: Path, pip: FakePip, cdn: IndexServer, url: str) -> None:
    """What cannot be compared is computed."""
    text = pinned.read_text()
    sha512 = f'{{sha512 = "{TORCH.digest("sha512")}"}}'
    pinned.write_text(text.replace(f'{{sha256 = "{TORCH.digest()}"}}', sha512))
    pip.install[0]["download_info"]["archive_info"] = {"hashes": {"sha256": TORCH.digest()}}
    assert run("torch") == 0
    assert [request.method for request in cdn.requests] == ["GET"]
    assert sha512 in pinned.read_text()
    pinned.write_text(pinned.read_text().replace(TORCH.digest("sha512"), "0" * 128))
    assert run("torch") == 1


def test_update_keeps_digests_that_hold(pinned: Path, pip: FakePip, cdn: IndexServer, url: str) -> None:
    text = pinned.read_text()
    both = f'{{sha256 = "{TORCH.digest()}", sha512 = "{TORCH.digest("sha512")}"}}'
    pinned.write_text(text.replace(f'{{sha256 = "{TORCH.digest()}"}}', both))
    pip.install[0]["download_info"]["url"] = f"{cdn.base}/files/x/{TORCH.filename}"
    assert run("torch", "--update") == 0
    assert both in pinned.read_text()
    assert f"size = {len(TORCH.data)}\n" in pinned.read_text()


def test_another_layers_pins(
    pip: FakePip, in_venv: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They hold too: what is pinned there is not written again, and cannot be changed from here."""
    in_venv.write("user")
    other = in_venv.path("user").with_name(PINS_NAME)
    other.write_text(written(url))
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert not lock(in_venv).exists()
    tampered = change(pip, cdn, url)
    for args in (["torch"], ["torch", "--update"]):
        capsys.readouterr()
        assert run(*args) == 1
        err = capsys.readouterr().err
        assert f"sha256 {TORCH.digest()} is pinned in {other}:11 (user)" in err
        assert f"sha256 {tampered.digest()} as {url} serves it" in err
        assert f"run: rim-router pin --update --output {other} torch==2.6.0+cu126" in err
    assert other.read_text() == written(url)
    assert run("--update", "--output", str(other), "torch==2.6.0+cu126") == 0
    assert tampered.digest() in other.read_text()
    assert run("torch") == 0


def test_a_lock_file_with_faults(pinned: Path, pip: FakePip) -> None:
    """All of them are shown, before pip runs."""
    pinned.write_text(pinned.read_text().replace("sha256 =", "md5 ="))
    pip.commands.clear()
    with pytest.raises(TableError, match="has no strong hash"):
        run("torch")
    assert not pip.commands


def test_layers_that_disagree(pip: FakePip, machine: Machine, url: str) -> None:
    machine.write("user")
    machine.path("user").with_name(PINS_NAME).write_text(written(url))
    lock(machine).write_text(written(url).replace(TORCH.digest(), "0" * 64))
    with pytest.raises(TableError, match=f"sha256 of {TORCH.filename.replace('+', '.')} is 0000"):
        run("torch")


def test_two_named_tables_in_one_directory(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share the lock file."""
    second = machine.work / "second.toml"
    second.write_text("")
    monkeypatch.setenv("RIM_ROUTER_CONFIG", os.pathsep.join([str(machine.path("project")), str(second)]))
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    change(pip, cdn, url)
    assert run("torch", "--update") == 0


# What else is in the file


OTHERS = """\
# a comment
created-by = "me"
lock-version = "1.0"
environments = ["sys_platform == 'linux'"]

[[packages]]
name = "zzz"
version = "1.0"
new-key = 1

[[packages.wheels]]
url = "https://cdn.example/zzz-1.0-py3-none-any.whl"
upload-time = 2026-01-02T03:04:05Z
hashes = { sha512 = "HASH" }
provenance = { a = [1, "b"] }

[[packages.attestation-identities]]
kind = "x"

[tool.other]
key = 1
deep = { x = { y = 2 } }
""".replace("HASH", "c" * 128)


def test_what_is_not_pinned_now_stays(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Whoever wrote it; comments do not."""
    lock(machine).write_text(OTHERS)
    before = data(machine)
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    after = data(machine)
    assert [package["name"] for package in after["packages"]] == ["torch", "zzz"]
    after["packages"].pop(0)
    assert after == before


def test_order(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """By name, version and file name; whatever the order in which they were pinned."""
    texts = []
    artifacts = [
        wheel("torch", "2.10", origin="x"),
        wheel("torch", "2.9", origin="x"),
        wheel("torch", "2.9", origin="x", tag="cp39-abi3-any"),
        wheel("leaf", "1.0", origin="x"),
    ]
    for each in artifacts:
        cdn.host(each)
    for order in ([0, 1, 2, 3, 0], [3, 2, 1, 0]):
        for position in order:
            pip.install.clear()
            pip.would_install(artifacts[position], cdn.file_url(artifacts[position]))
            assert run("x") == 0
        texts.append(lock(machine).read_text())
        lock(machine).unlink()
    assert texts[0] == texts[1]
    names = [each["name"] for each in read_toml(texts[0].encode(), "x")[1]["packages"][1]["wheels"]]
    assert names == ["torch-2.9-cp39-abi3-any.whl", "torch-2.9-py3-none-any.whl"]


def test_one_version_is_installed_from_the_lock_file(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that was pinned last; the others stay pinned."""
    newer = wheel("torch", "2.7", origin="x")
    cdn.host(newer)
    for artifact, told in ((TORCH, ""), (newer, "torch 2.6.0+cu126"), (newer, ""), (TORCH, "torch 2.7")):
        pip.install.clear()
        pip.would_install(artifact, cdn.file_url(artifact))
        assert run("torch") == 0
        out = capsys.readouterr().out
        assert ("stays pinned, but is no longer what the lock file installs" in out) is bool(told)
        assert f"{told} stays pinned" in out or not told
        marked = {each["version"]: each.get("marker") for each in data(machine)["packages"]}
        assert [version for version, marker in marked.items() if marker is None] == [artifact.version]
        assert set(marked.values()) <= {None, NEVER}
    assert len(marked) == 2
    pins, faults = read_pins("project", lock(machine), lock(machine).read_bytes())
    assert not faults
    assert len(pins) == 2


def test_markers_of_others_stay(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """Whoever wrote them knows why."""
    lock(machine).write_text(
        OTHERS.replace("zzz", "torch").replace("new-key = 1", "marker = \"sys_platform == 'darwin'\"")
    )
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert [each.get("marker") for each in data(machine)["packages"]] == ["sys_platform == 'darwin'", None]


def test_a_file_that_would_be_no_lock_file(pip: FakePip, machine: Machine, url: str) -> None:
    """What is wrong with it besides pins is found before it is written."""
    lock(machine).write_text(OTHERS.replace("sys_platform ==", "nonsense"))
    pip.would_install(TORCH, url)
    assert failure("torch")[0].startswith(f"./{PINS_NAME} would not be a lock file: ")
    assert "nonsense" in lock(machine).read_text()


# --dry-run and --json


def test_dry_run(
    pip: FakePip,
    machine: Machine,
    url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What would be written, and nothing else, on standard output."""
    monkeypatch.setattr(Store, "locked", lambda _: pytest.fail("locked"))
    pip.would_install(TORCH, url, "sha256")
    assert run("torch", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert out == written(url)
    assert err == (
        f"added  {TORCH.filename}  sha256 {TORCH.digest()}  {len(TORCH.data):,} bytes\n"
        f"./{PINS_NAME}: 1 added, not written (--dry-run)\n"
    )
    assert not lock(machine).exists()
    lock(machine).write_text(out)
    assert run("torch", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(f"./{PINS_NAME}: 1 unchanged, nothing to write\n")
    pip.install.clear()
    assert run("torch", "--dry-run") == 0
    assert capsys.readouterr().out == ""


def test_dry_run_of_a_change(pinned: Path, pip: FakePip, cdn: IndexServer, url: str) -> None:
    change(pip, cdn, url)
    assert run("torch", "--dry-run") == 1
    assert run("torch", "--dry-run", "--update") == 0
    assert pinned.read_text() == written(url)


def assert_conforms(report: dict[str, Any]) -> None:
    assert list(report) == list(get_type_hints(pin_shapes.PinReport))
    assert report["version"] == 1
    for each in report["pins"]:
        assert list(each) == list(get_type_hints(pin_shapes.PinnedFile))


def test_json(
    pip: FakePip, machine: Machine, cdn: IndexServer, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, for programs."""
    pip.would_install(TORCH, url)
    expected = {
        "name": "torch",
        "version": "2.6.0+cu126",
        "filename": TORCH.filename,
        "url": url,
        "size": len(TORCH.data),
        "digests": {"sha256": TORCH.digest()},
        "state": "added",
        "pinned": None,
        "place": None,
    }
    reports = []
    for args, code in ((["--dry-run"], 0), ([], 0), ([], 0)):
        assert run("torch", "--json", *args) == code
        reports.append(json.loads(capsys.readouterr().out))
        assert_conforms(reports[-1])
    head = {"version": 1, "file": f"./{PINS_NAME}", "hosts": [cdn.netloc]}
    assert reports[0] == {**head, "written": False, "pins": [expected]}
    assert reports[1] == {**head, "written": True, "pins": [expected]}
    before = {
        "pinned": {"sha256": TORCH.digest()},
        "place": {"layer": "project", "file": f"./{PINS_NAME}", "line": 11},
    }
    unchanged = {**expected, **before, "state": "unchanged"}
    assert reports[2] == {**head, "written": False, "pins": [unchanged]}
    tampered = change(pip, cdn, url)
    for args, code, state in ((["--json"], 1, "changed"), (["--json", "--update"], 0, "updated")):
        assert run("torch", *args) == code
        captured = capsys.readouterr()
        report = json.loads(captured.out)
        assert_conforms(report)
        assert ("has changed" in captured.err) is bool(code)
        changed = {"state": state, "digests": {"sha256": tampered.digest()}, "size": len(tampered.data)}
        assert report["pins"] == [{**expected, **before, **changed}]
        assert report["written"] is not bool(code)


def test_json_of_a_size_that_is_not_asked_for_again(
    pinned: Path, pip: FakePip, cdn: IndexServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pip.install[0]["download_info"]["archive_info"] = {"hashes": {"sha256": TORCH.digest()}}
    capsys.readouterr()
    assert run("torch", "--json") == 0
    assert json.loads(capsys.readouterr().out)["pins"][0]["size"] == len(TORCH.data)
    assert not cdn.requests


# All of it or nothing


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("function", ["os.fsync", "os.replace"])
@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk(
    function: str,
    existing: bool,
    pip: FakePip,
    machine: Machine,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old file stays, and nothing else."""
    if existing:
        lock(machine).write_text(OTHERS)
    pip.would_install(TORCH, url)
    with monkeypatch.context() as patch:
        patch.setattr(function, full)
        patch.setattr(Path, "replace", lambda one, other: os.replace(one, other))  # noqa: PTH105
        assert failure("torch") == [f"./{PINS_NAME} cannot be written: No space left on device"]
    assert lock(machine).exists() is existing
    assert not existing or lock(machine).read_text() == OTHERS
    assert not left_over(machine.work)
    assert run("torch") == 0


def test_interrupted(pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the very middle of it."""
    lock(machine).write_text(OTHERS)
    pip.would_install(TORCH, url)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run("torch")
    assert lock(machine).read_text() == OTHERS
    assert not left_over(machine.work)


def test_what_a_killed_writer_left(pip: FakePip, machine: Machine, url: str) -> None:
    """Is cleared away, and its lock holds nobody."""
    for name in ("tmp", "lock"):
        lock(machine).with_name(f".{PINS_NAME}.{name}").write_text("")
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert not left_over(machine.work)


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")
@pytest.mark.parametrize("existing", [True, False])
def test_a_link_is_followed(existing: bool, pip: FakePip, machine: Machine, url: str) -> None:
    """The file that it leads to is written, and it stays a link."""
    target = machine.home / "shared" / "lock.toml"
    target.parent.mkdir()
    if existing:
        target.write_text(OTHERS)
        target.chmod(0o600)
    lock(machine).symlink_to(target)
    pip.would_install(TORCH, url)
    assert run("torch") == 0
    assert lock(machine).is_symlink()
    assert TORCH.digest() in target.read_text()
    assert [path.name for path in target.parent.iterdir()] == ["lock.toml"]
    assert not left_over(machine.work)
    if existing:
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_directory_of_that_name(pip: FakePip, machine: Machine, url: str) -> None:
    lock(machine).mkdir()
    with pytest.raises(RimRouterError, match=f"{PINS_NAME} "):
        run("torch")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_directory_that_cannot_be_written_to(pip: FakePip, machine: Machine, url: str) -> None:
    pip.would_install(TORCH, url)
    machine.work.chmod(0o500)
    assert failure("torch")[0].startswith(f"./{PINS_NAME} cannot be written: ")


def test_a_lock_that_cannot_be_had(
    pip: FakePip, machine: Machine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some network file systems."""
    pip.would_install(TORCH, url)
    monkeypatch.setattr(pin_store, "_lock", full)
    assert failure("torch") == [f"./{PINS_NAME} cannot be written: No space left on device"]


def test_another_run_in_the_meantime(pip: FakePip, machine: Machine, cdn: IndexServer, url: str) -> None:
    """What it has pinned while pip was running is kept, and counts."""
    pip.would_install(LEAF, cdn.file_url(LEAF))
    pip.before = lambda: lock(machine).write_text(written(url))
    assert run("leaf") == 0
    assert [each["name"] for each in data(machine)["packages"]] == ["leaf", "torch"]
    pip.before = lambda: lock(machine).write_text(lock(machine).read_text().replace(LEAF.digest(), "0" * 64))
    assert run("leaf") == 1


PINNER = """
import sys
from pathlib import Path
from rim_router.cli.pin.command import _keep
from rim_router.cli.pin.files import FileToPin
from rim_router.cli.pin.place import Place
from rim_router.cli.pin.store import Store
from rim_router.rules.pins import NO_PINS

store, first, last = Store("project", Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
Path(sys.argv[4]).touch()
while not Path(sys.argv[5]).exists():
    pass
for number in range(first, last):
    name = f"p{number:03}"
    filename = f"{name}-1.0-py3-none-any.whl"
    url = f"https://cdn.example/{filename}"
    file = FileToPin(name, "1.0", filename, url, url, {"sha256": f"{number:064x}"}, 1, "")
    plan, done = _keep(Place(store, NO_PINS), [file], update=False, dry_run=False)
    assert done
"""


def test_two_at_once(machine: Machine) -> None:
    """No entry is lost, and no lock is left."""
    directory = machine.work / "shared"
    directory.mkdir()
    go, ready = machine.home / "go", [machine.home / f"ready-{number}" for number in range(3)]
    root = Path(command.__file__).parents[3]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PINNER, str(directory / PINS_NAME), *map(str, span), str(each), str(go)],
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        for span, each in zip(((0, 20), (20, 40), (40, 60)), ready)
    ]
    deadline = time.monotonic() + 60
    while not all(each.exists() for each in ready) and time.monotonic() < deadline:
        time.sleep(0.01)
    go.touch()
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    pins, faults = read_pins("project", directory / PINS_NAME, (directory / PINS_NAME).read_bytes())
    assert not faults
    assert [pin.name for pin in pins] == [f"p{number:03}" for number in range(60)]
    assert [path.name for path in directory.iterdir()] == [PINS_NAME]


# The text


def test_toml_text() -> None:
    """Every type, in one form each."""
    text = """\
a = "x\\"\\u007f\\né"
"b c" = [1, 2.5, true, "x", {k = {l = []}}]
d = 2026-01-02T03:04:05+00:00
e = []

[t]
u = 1979-05-27

[t.v]
w = {x = 07:32:00}

[[y]]

[[y.z]]
q = inf
"""
    read = read_toml(text.encode(), "x")[1]
    assert toml_text(read) == text
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        toml_text({"a": None})


def test_recorded_leaves_its_input_alone() -> None:
    """The file is compared with what it was."""
    file = FileToPin("leaf", "1.0", LEAF.filename, "https://x/y", "https://x/y", {"sha256": "0" * 64}, 1, "")
    before: dict[str, Any] = {"lock-version": "1.0", "created-by": "x", "packages": []}
    after = recorded(before, [Outcome(file, State.ADDED)])
    assert before["packages"] == []
    assert len(after["packages"]) == 1


def test_a_missing_named_table(pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIM_ROUTER_CONFIG", "missing.toml")
    with pytest.raises(LocationError):
        run("torch")
