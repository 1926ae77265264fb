"""rim-router rim dismount, inspect and verify."""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import re
import ssl
import stat
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from rim_router.cli.ask import AskError
from rim_router.cli.rim import command as command
from rim_router.cli.rim import shape as rim_shapes
from rim_router.rim import dismount, read
from tests.support import rims
from tests.support.servers import Authority, Exchange, IndexServer, drop, redirect, status
from tests.support.tables import write_table
from tests.support.wheels import Artifact, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.conftest import Machine

ARTIFACT = wheel("big-model", "1.2", origin="tests", requires=["torch"])
URI = f"https://cdn.example/{ARTIFACT.filename}"
RIM = ARTIFACT.filename.replace(".whl", ".rim")
NEEDED = ("--uri", URI, "--owner", "acme")


def run(*args: object) -> int:
    """Run ``rim-router rim``."""
    parser = argparse.ArgumentParser(prog="rim-router rim", allow_abbrev=False)
    command.configure(parser)
    return command.run(parser.parse_args([str(arg) for arg in args]))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a wheel in it."""
    directory = tmp_path / "dist"
    ARTIFACT.write_to(directory)
    return directory


@pytest.fixture
def path(place: Path) -> Path:
    """That wheel."""
    return place / ARTIFACT.filename


def assert_conforms(report: dict[str, Any], shape: Any) -> None:
    hints = get_type_hints(shape)
    assert list(report) == list(hints)
    assert report["version"] == 1
    if report["rim"] is not None:
        assert list(report["rim"]) == list(get_type_hints(rim_shapes.Rim))


# Usage


@pytest.mark.parametrize(
    "args",
    [[], ["nonsense"], ["dismount"], ["dismount", "x.whl"], ["inspect"], ["verify"], ["verify", "x", "--js"]],
)
def test_bad_usage(args: list[str]) -> None:
    """2, as argparse has it; options are not abbreviated."""
    with pytest.raises(SystemExit) as exit_:
        run(*args)
    assert exit_.value.code == 2


@pytest.mark.parametrize("name", ["dismount", "inspect", "verify"])
def test_each_sub_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With its options."""
    with pytest.raises(SystemExit) as exit_:
        run(name, "--help")
    assert exit_.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: rim-router rim {name} [-h]")


# dismount


def test_dismount_writes_beside_the_wheel(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written is what the library makes, with the permissions of any new file."""
    umask = os.umask(0o027)
    try:
        assert run("dismount", path, *NEEDED, "--support", "a@acme.example") == 0
    finally:
        os.umask(umask)
    target = path.with_name(RIM)
    assert capsys.readouterr() == (f"{target} stands for {ARTIFACT.filename}\n", "")
    with path.open("rb") as file:
        assert target.read_bytes() == dismount(
            file, ARTIFACT.filename, uri=URI, owner="acme", support="a@acme.example"
        )
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert sorted(each.name for each in path.parent.iterdir()) == sorted([RIM, ARTIFACT.filename])


def test_dismount_into_a_directory(path: Path, tmp_path: Path) -> None:
    """-o can be one."""
    assert run("dismount", path, *NEEDED, "-o", tmp_path) == 0
    assert read((tmp_path / RIM).read_bytes(), RIM).owner == "acme"


def test_dismount_under_another_name(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is written, with a warning that no index can use it like that."""
    assert run("dismount", path, *NEEDED, "-o", tmp_path / "x.rim") == 0
    assert capsys.readouterr().err == f"WARNING: on an index it must be named {RIM}\n"
    assert (tmp_path / "x.rim").is_file()


def test_dismount_never_overwrites(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless told to."""
    target = path.with_name(RIM)
    target.write_text("precious")
    assert run("dismount", path, *NEEDED) == 2
    assert capsys.readouterr() == ("", f"ERROR: {target} already exists: use --force to overwrite it\n")
    assert target.read_text() == "precious"
    assert run("dismount", path, *NEEDED, "--force") == 0
    assert read(target.read_bytes(), RIM).owner == "acme"


@pytest.mark.skipif(sys.platform == "win32", reason="links need privileges there")
def test_dismount_does_not_write_through_a_dangling_link(path: Path) -> None:
    """A link that leads nowhere is there too."""
    path.with_name(RIM).symlink_to(path.with_name("elsewhere"))
    assert run("dismount", path, *NEEDED) == 2
    assert not path.with_name("elsewhere").exists()


@pytest.mark.parametrize("links", [True, False])
def test_dismount_does_not_overwrite_what_appears_meanwhile(
    path: Path, links: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also on file systems without hard links."""
    target = path.with_name(RIM)
    made = command.dismount

    def meanwhile(*args: Any, **options: Any) -> bytes:
        target.write_text("precious")
        return made(*args, **options)

    monkeypatch.setattr(command, "dismount", meanwhile)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    assert run("dismount", path, *NEEDED) == 2
    assert capsys.readouterr().err == f"ERROR: {target} already exists: use --force to overwrite it\n"
    assert target.read_text() == "precious"
    assert len(list(path.parent.iterdir())) == 2


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_dismount_without_hard_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written all the same."""
    monkeypatch.setattr(os, "link", no_links)
    assert run("dismount", path, *NEEDED) == 0
    assert len(list(path.parent.iterdir())) == 2


def test_dismount_leaves_the_old_file_when_the_disk_is_full(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else."""
    target = path.with_name(RIM)
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run("dismount", path, *NEEDED, "--force") == 2
    assert capsys.readouterr().err == f"ERROR: {target} cannot be written: No space left on device\n"
    assert target.read_text() == "old"
    assert len(list(path.parent.iterdir())) == 2


def test_dismount_never_replaces_the_wheel(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even with --force."""
    assert run("dismount", path, *NEEDED, "-o", path, "--force") == 2
    assert capsys.readouterr().err == f"ERROR: {path} is the wheel itself\n"
    assert path.read_bytes() == ARTIFACT.data


def test_dismount_with_bad_arguments(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is named; nothing secret is printed."""
    bad = f"http://me:pass@cdn.example/{ARTIFACT.filename}"
    assert run("dismount", path, "--uri", bad, "--owner", "", "--support", "a\nb") == 2
    shown = f'"http://****@cdn.example/{ARTIFACT.filename}"'
    assert capsys.readouterr().err == (
        f"ERROR: uri must be https: {shown}\n"
        f"ERROR: uri must not carry credentials: {shown}\n"
        "ERROR: owner must not be empty\n"
        'ERROR: support "a\\nb" has characters that cannot be printed\n'
    )
    assert not path.with_name(RIM).exists()


def test_dismount_of_what_is_no_wheel(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A malformed wheel is a no; one that is not there cannot be read."""
    path.write_bytes(b"no wheel")
    assert run("dismount", path, *NEEDED) == 1
    assert capsys.readouterr().err.startswith(
        f"ERROR: {ARTIFACT.filename} cannot be dismounted\n  note: is not a wheel"
    )
    assert run("dismount", path.with_name("x.tar.gz"), *NEEDED) == 1
    assert capsys.readouterr().err == (
        "ERROR: x.tar.gz cannot be dismounted\n  note: has a name that does not end in .whl\n"
    )
    path.unlink()
    assert run("dismount", path, *NEEDED) == 2
    assert capsys.readouterr().err == f"ERROR: {path} cannot be read: {os.strerror(errno.ENOENT)}\n"


def test_dismount_where_nothing_can_be_written(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that is not there is not made."""
    target = path.parent / "missing" / RIM
    assert run("dismount", path, *NEEDED, "-o", target) == 2
    assert capsys.readouterr().err == f"ERROR: {target} cannot be written: {os.strerror(errno.ENOENT)}\n"


# inspect


INSPECTED = f"""\
{{path}} stands for {rims.WHEEL}
  project  big-model 1.2
  tags     py3-none-any
  owner    acme
  support  https://acme.example/help
  uri      {rims.URI}?****
  size     913 bytes
  hashes   sha256 {rims.SHA256}
  files    EXTERNAL-HOSTING.json
           METADATA
           RECORD
           WHEEL
"""


def test_inspect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All that it says, without the secret of a signed URL."""
    path = tmp_path / rims.RIM
    path.write_bytes(rims.rim(uri=f"{rims.URI}?signature=secret"))
    assert run("inspect", path) == 0
    assert capsys.readouterr() == (INSPECTED.format(path=path), "")


def test_inspect_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, for programs."""
    path = tmp_path / rims.RIM
    path.write_bytes(rims.rim(uri=f"{rims.URI}?signature=secret", support=None))
    assert run("inspect", path, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, rim_shapes.RimInspectReport)
    assert report == {
        "version": 1,
        "file": str(path),
        "faults": [],
        "rim": {
            "name": "big-model",
            "version": "1.2",
            "build": None,
            "tags": ["py3-none-any"],
            "wheel": rims.WHEEL,
            "owner": "acme",
            "support": None,
            "uri": f"{rims.URI}?****",
            "size": 913,
            "hashes": {"sha256": rims.SHA256},
            "files": ["EXTERNAL-HOSTING.json", "METADATA", "RECORD", "WHEEL"],
        },
    }


def test_inspect_a_malformed_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1, with each fault."""
    path = tmp_path / rims.RIM
    path.write_bytes(rims.rim(size=0, version="2.0"))
    assert run("inspect", path) == 1
    expected = [
        'EXTERNAL-HOSTING.json: version is "2.0"; only "1.0" and 1.0 are known',
        "EXTERNAL-HOSTING.json: size must be positive",
    ]
    assert capsys.readouterr() == (
        "", f"ERROR: {rims.RIM} is malformed\n" + "".join(f"  note: {fault}\n" for fault in expected)
    )  # fmt: skip
    assert run("inspect", path, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, rim_shapes.RimInspectReport)
    assert report == {"version": 1, "file": str(path), "faults": expected, "rim": None}


@pytest.mark.parametrize("args", [["inspect"], ["inspect", "--json"], ["verify"]])
def test_an_unreadable_file(args: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2, whatever it was for."""
    path = tmp_path / rims.RIM
    assert run(*args, path) == 2
    assert capsys.readouterr() == ("", f"ERROR: {path} cannot be read: {os.strerror(errno.ENOENT)}\n")


# verify


@pytest.fixture
def cdn(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """A host that speaks TLS, and that nobody trusts unless told to."""
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "*")
    with IndexServer("cdn", tls=authority.context("localhost")) as server:
        yield server


@pytest.fixture
def rim_path(cdn: IndexServer, tmp_path: Path) -> Path:
    """A .rim whose wheel that host has."""
    return a_rim(tmp_path, cdn.host(ARTIFACT))


def a_rim(directory: Path, uri: str, **values: Any) -> Path:
    values = {"size": len(ARTIFACT.data), "hashes": {"sha256": ARTIFACT.digest()}, **values}
    path = directory / RIM
    path.write_bytes(rims.rim({"METADATA": ARTIFACT.metadata}, uri=uri, **values))
    return path


def verify(path: Path, authority: Authority, *args: str) -> int:
    return run("verify", path, "--cert", authority.bundle, *args)


def failure(path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of a failed verification."""
    assert verify(path, authority) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


ADVICE = (
    f"  hint: {ARTIFACT.filename} is hosted by acme, who can be reached at https://acme.example/help; "
    "do not report this to the index"
)


WRONG = f"{ARTIFACT.filename} is not the wheel that the .rim stands for"


def assert_not_downloaded(lines: list[str], why: str, *hosts: IndexServer) -> None:
    assert lines == [
        f"ERROR: {ARTIFACT.filename} could not be downloaded: {why}",
        f"  note: asked: {', '.join(host.netloc for host in hosts)}",
        ADVICE,
    ]


def test_verify(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Size, digest and METADATA agree."""
    assert verify(rim_path, authority) == 0
    told = f"{len(ARTIFACT.data):,} bytes, sha256 and METADATA agree (asked: {cdn.netloc})"
    assert capsys.readouterr() == (f"{ARTIFACT.filename} is what {rim_path} stands for: {told}\n", "")
    (request,) = cdn.requests
    assert request.headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in request.headers


def test_verify_json(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer, for programs: yes, no, and malformed."""
    assert verify(rim_path, authority, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, rim_shapes.RimVerifyReport)
    assert (report["verified"], report["problem"], report["hosts"]) == (True, None, [cdn.netloc])
    cdn.on("*", status(404))
    assert verify(rim_path, authority, "--json") == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert captured.err == ""
    assert_conforms(report, rim_shapes.RimVerifyReport)
    assert report["verified"] is False
    assert report["problem"].startswith(f"{ARTIFACT.filename} could not be downloaded: HTTP error 404")
    rim_path.write_bytes(b"")
    assert verify(rim_path, authority, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert_conforms(report, rim_shapes.RimVerifyReport)
    assert (report["verified"], report["faults"]) == (False, ["is not a zip archive, or is cut off"])


def test_verify_asks_nobody_about_a_malformed_one(
    cdn: IndexServer, tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its URI is not followed."""
    path = a_rim(tmp_path, cdn.host(ARTIFACT), version="2.0")
    assert failure(path, authority, capsys)[0] == f"ERROR: {RIM} is malformed"
    assert cdn.requests == []


@pytest.mark.parametrize("code", [400, 401, 404, 429, 503])
def test_verify_a_wheel_that_is_not_there(
    cdn: IndexServer, rim_path: Path, authority: Authority, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Owner and support contact are named."""
    cdn.on("*", status(code))
    lines = failure(rim_path, authority, capsys)
    why = {401: "the server wants a user name and a password", 503: "too many 503 error responses"}
    assert lines[0].startswith(f"ERROR: {ARTIFACT.filename} could not be downloaded: ")
    assert why.get(code, f"HTTP error {code}") in lines[0]
    assert lines[1:] == [f"  note: asked: {cdn.netloc}", ADVICE]


def test_verify_against_a_host_that_is_down(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is the system's."""
    cdn.close()
    lines = failure(rim_path, authority, capsys)
    assert os.strerror(errno.ECONNREFUSED) in lines[0]
    assert lines[1:] == [f"  note: asked: {cdn.netloc}", ADVICE]


def test_verify_when_the_connection_breaks(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before an answer, or in the middle of one."""
    cdn.on("*", drop)
    assert failure(rim_path, authority, capsys)[-1] == ADVICE

    def truncated(exchange: Exchange) -> bool:
        exchange.send_response(200)
        exchange.send_header("Content-Length", str(len(ARTIFACT.data)))
        exchange.end_headers()
        exchange.wfile.write(ARTIFACT.data[:100])
        exchange.wfile.flush()
        exchange.close_connection = True
        return True

    cdn.on("*", truncated)
    lines = failure(rim_path, authority, capsys)
    assert lines[-1] == ADVICE
    assert "could not be downloaded" in lines[0]


def test_verify_a_wheel_of_another_size(
    cdn: IndexServer, tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not read to its end."""
    path = a_rim(tmp_path, cdn.host(ARTIFACT), size=99)
    why = "it has more than 99 bytes"
    assert_not_downloaded(failure(path, authority, capsys), why, cdn)


def test_verify_reads_no_more_than_it_should(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that never ends is left."""

    def endless(exchange: Exchange) -> bool:
        exchange.send_response(200)
        exchange.send_header("Connection", "close")
        exchange.end_headers()
        exchange.close_connection = True
        for _ in range(1000):
            exchange.wfile.write(bytes(100_000))
        return True

    cdn.on("*", endless)
    why = f"it has more than {len(ARTIFACT.data):,} bytes"
    assert_not_downloaded(failure(rim_path, authority, capsys), why, cdn)


def test_verify_a_short_answer_of_unknown_length(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The end of the connection is not the end of the wheel."""

    def short(exchange: Exchange) -> bool:
        exchange.send_response(200)
        exchange.send_header("Connection", "close")
        exchange.end_headers()
        exchange.close_connection = True
        exchange.wfile.write(ARTIFACT.data[:100])
        return True

    cdn.on("*", short)
    why = f"size should be {len(ARTIFACT.data):,} bytes and is 100"
    assert_not_downloaded(failure(rim_path, authority, capsys), why, cdn)


@pytest.mark.parametrize(
    ("code", "headers", "why"),
    [
        (206, {}, "the server's answer was not the whole file"),
    ],
)
def test_verify_an_answer_that_is_not_the_file(
    cdn: IndexServer,
    rim_path: Path,
    authority: Authority,
    code: int,
    headers: dict[str, str],
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Only the whole file as it is will do."""

    def odd(exchange: Exchange) -> bool:
        exchange.reply(code, ARTIFACT.data, "application/zip", **headers)
        return True

    cdn.on("*", odd)
    assert_not_downloaded(failure(rim_path, authority, capsys), why, cdn)


def test_verify_an_answer_that_is_not_http(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """No control character of it gets to a terminal."""

    def noise(exchange: Exchange) -> bool:
        exchange.wfile.write(b"SSH-2.0-\x1b[2J\r\n\r\n")
        exchange.close_connection = True
        return True

    cdn.on("*", noise)
    lines = failure(rim_path, authority, capsys)
    assert "BadStatusLine" in lines[0]
    assert "\x1b" not in lines[0]
    assert lines[-1] == ADVICE


def test_verify_a_tampered_wheel(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both digests are shown, and who is to be asked."""
    tampered = ARTIFACT.data[:-1] + b"\x01"
    digest = hashlib.sha256(tampered).hexdigest()

    def other(exchange: Exchange) -> bool:
        exchange.reply(200, tampered, "application/zip")
        return True

    cdn.on("*", other)
    assert failure(rim_path, authority, capsys) == [
        f"ERROR: {WRONG}: sha256 should be {ARTIFACT.digest()}, as the .rim says, and is {digest}",
        f"  note: asked: {cdn.netloc}",
        "  note: it is hosted by acme (https://acme.example/help)",
        "  hint: do not use it",
    ]


@pytest.mark.parametrize("wrong", ["sha256", "sha512", "md5"])
def test_verify_every_digest(
    cdn: IndexServer, tmp_path: Path, authority: Authority, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that matches never rescues another that does not."""
    hashes = {name: ARTIFACT.digest(name) for name in ("sha256", "sha512", "md5")}
    assert verify(a_rim(tmp_path, cdn.host(ARTIFACT), hashes=hashes), authority) == 0
    assert "bytes, md5, sha256, sha512 and METADATA agree" in capsys.readouterr().out
    hashes[wrong] = hashes[wrong][::-1]
    path = a_rim(tmp_path, cdn.host(ARTIFACT), hashes=hashes)
    line = failure(path, authority, capsys)[0]
    assert f": {wrong} should be {hashes[wrong]}, as the .rim says, and is {ARTIFACT.digest(wrong)}" in line


def test_verify_metadata(
    cdn: IndexServer, tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The resolver must not have been told something else than what is installed."""
    path = tmp_path / RIM
    values = {"size": len(ARTIFACT.data), "hashes": {"sha256": ARTIFACT.digest()}, "uri": cdn.host(ARTIFACT)}
    path.write_bytes(rims.rim(**values))
    assert failure(path, authority, capsys)[0] == (
        f'ERROR: {WRONG}: Requires-Dist is absent in the .rim and "torch" in the wheel'
    )


def test_verify_what_is_no_wheel(
    cdn: IndexServer, tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest is right, and still it cannot be installed."""
    junk = Artifact("big-model", "1.2", ARTIFACT.filename, b"junk", b"")
    path = a_rim(tmp_path, cdn.host(junk), size=4, hashes={"sha256": junk.digest()})
    assert failure(path, authority, capsys)[0].startswith(
        f"ERROR: {WRONG}: it is not a wheel that can be read: "
    )


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_verify_follows_redirects(
    cdn: IndexServer, rim_path: Path, authority: Authority, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """To another host too: the digest is known. Each host is named."""
    with IndexServer("other", tls=authority.context("localhost")) as other:
        cdn.on("*", redirect(other.host(ARTIFACT), code))
        assert verify(rim_path, authority) == 0
        assert f"(asked: {cdn.netloc}, {other.netloc})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("http://plain.example/x.whl?key=secret", "http://plain.example/x.whl?****, which is not https"),
        ("file:///etc/passwd", "file:///etc/passwd, which is not https"),
        ("data:,x", "data:,x, which is not https"),
    ],
)
def test_verify_does_not_follow_every_redirect(
    cdn: IndexServer,
    rim_path: Path,
    authority: Authority,
    target: str,
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Never from https to http, nor out of the web."""
    cdn.on("*", redirect(target))
    lines = failure(rim_path, authority, capsys)
    assert lines == [
        f"ERROR: {cdn.base} redirects {ARTIFACT.filename} to {why}",
        f"  note: asked: {cdn.netloc}",
        f"  hint: only whoever runs {cdn.base} can help: it has to redirect to a plain https URL",
    ]


def restrict(machine: Machine, *hosts: str, **policy: str) -> None:
    """A table with a policy, and an index for the project."""
    index = {"url": "https://index.example/simple", "external-hosts": hosts}
    write_table(machine.work, {"house": index}, {"big-model": "house"}, policy)


def test_verify_with_an_old_openssl(
    cdn: IndexServer,
    rim_path: Path,
    authority: Authority,
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It asks no other host if the table in force says so."""
    restrict(machine, **{"minimum-openssl": "99.0.1"})
    assert failure(rim_path, authority, capsys) == [
        f"ERROR: {cdn.netloc} may not be asked with {ssl.OPENSSL_VERSION}",
        '  note: policy.minimum-openssl is "99.0.1" in ./index-routing.toml:6',
        "  hint: use a Python with a newer OpenSSL",
    ]
    assert verify(rim_path, authority, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verified"] is False
    assert report["problem"].startswith(f"{cdn.netloc} may not be asked")
    assert cdn.requests == report["hosts"] == []
    restrict(machine, **{"minimum-openssl": "1.0"})
    assert verify(rim_path, authority) == 0


def test_verify_follows_redirects_as_the_table_says(
    cdn: IndexServer,
    rim_path: Path,
    authority: Authority,
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With ``redirects = "listed"`` only to the ``external-hosts`` of the project's index."""
    with IndexServer("other", tls=authority.context("localhost")) as other:
        cdn.on("*", redirect(other.host(ARTIFACT)))
        restrict(machine, redirects="listed")
        assert (
            f"redirects {ARTIFACT.filename} to {other.file_url(ARTIFACT)}, "
            'which is not among the external-hosts, and policy.redirects is "listed"'
        ) in failure(rim_path, authority, capsys)[0]
        assert not other.requests
        restrict(machine, other.netloc, redirects="listed")
        assert verify(rim_path, authority) == 0


def test_verify_writes_the_log(
    cdn: IndexServer,
    rim_path: Path,
    authority: Authority,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each host that is asked, and each redirect."""
    log = machine.home / "log.jsonl"
    monkeypatch.setenv("RIM_ROUTER_LOG", str(log))
    with IndexServer("other", tls=authority.context("localhost")) as other:
        cdn.on("*", redirect(other.host(ARTIFACT)))
        assert verify(rim_path, authority) == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(each["event"], each.get("host"), each.get("rule")) for each in events] == [
        ("table", None, None),
        ("contacted", cdn.netloc, "the .rim"),
        ("redirect", None, None),
        ("contacted", other.netloc, "a redirect of a file with a strong digest"),
        ("verified", cdn.netloc, "the .rim"),
    ]


def test_verify_redirects_in_a_circle(
    cdn: IndexServer, rim_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """It comes to an end."""
    cdn.on("*", redirect(cdn.file_url(ARTIFACT)))
    assert "Exceeded 30 redirects" in failure(rim_path, authority, capsys)[0]


def test_verify_trusts_only_mozillas_roots(
    cdn: IndexServer, rim_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless told otherwise, by an option or by pip's own variables."""
    assert run("verify", rim_path) == 1
    err = capsys.readouterr().err
    assert "could not be downloaded" in err
    assert "its certificate cannot be verified" in err
    assert cdn.requests == []


@pytest.mark.parametrize("name", ["PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_verify_trusts_what_pip_was_told_to(
    rim_path: Path, authority: Authority, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that one setting is enough."""
    monkeypatch.setenv(name, str(authority.bundle))
    assert run("verify", rim_path) == 0


def test_verify_with_unreadable_certificates(
    rim_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named, before anything is asked."""
    missing = tmp_path / "missing.pem"
    with pytest.raises(AskError, match=re.escape(f"the certificates in {missing} cannot be read: ")):
        run("verify", rim_path, "--cert", missing)
    missing.write_text("no certificate")
    assert run("verify", rim_path, "--cert", missing) == 1
    assert f"{ARTIFACT.filename} could not be downloaded" in capsys.readouterr().err


def test_verify_checks_the_name_of_the_host(
    authority: Authority, cdn: IndexServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate of another host is none."""
    with IndexServer("cdn", tls=authority.context("other.example")) as server:
        line = failure(a_rim(tmp_path, server.host(ARTIFACT)), authority, capsys)[0]
    assert "its certificate cannot be verified" in line


def test_nothing_secret_is_printed(
    cdn: IndexServer, tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """The query of a signed URL is used, and not shown."""
    path = a_rim(tmp_path, f"{cdn.host(ARTIFACT)}?signature=s3cr3t")
    for args in ((), ("--json",)):
        assert verify(path, authority, *args) == 0
        assert run("inspect", path, *args) == 0
    cdn.on("*", status(403))
    for args in ((), ("--json",)):
        assert verify(path, authority, *args) == 1
    captured = capsys.readouterr()
    assert "s3cr3t" not in captured.out + captured.err
    assert cdn.requests[0].path.endswith("?signature=s3cr3t")
