"""What ``explain --online`` and ``check --online`` ask, and how they judge what they find: as pip does."""

from __future__ import annotations

import hashlib
import json
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rim_router.cli import main
from tests.support.external import rim_of, twins
from tests.support.servers import Authority, IndexServer, redirect, status
from tests.support.tables import write_table
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Exchange
    from tests.support.wheels import Artifact
    from tests.unit.conftest import Machine

REAL, EVIL = twins("big-model", "1.2")
RIM = REAL.filename.replace(".whl", ".rim")
COMMANDS = [["explain", "--online", "big-model"], ["check", "--online"]]
commands = pytest.mark.parametrize("command", COMMANDS, ids=["explain", "check"])


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """An index that speaks plain HTTP."""
    monkeypatch.setenv("no_proxy", "*")
    with IndexServer("index") as server:
        yield server


@pytest.fixture
def cdn(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """Another host, which speaks TLS and is trusted."""
    monkeypatch.setenv("PIP_CERT", str(authority.bundle))
    with IndexServer("cdn", tls=authority.context("localhost")) as server:
        yield server


def route(
    machine: Machine, url: str, *hosts: IndexServer, mirrors: tuple[str, ...] = (), **policy: str
) -> None:
    """Route the project to an index."""
    entry = {"url": url, "mirrors": mirrors, "external-hosts": [host.netloc for host in hosts]}
    write_table(machine.work, {"house": entry}, {"big-model": "house"}, policy)


def far(index: IndexServer) -> str:
    """The URL of the index by another name than the other host has."""
    return index.url.replace("localhost", "127.0.0.1")


def with_password(url: str) -> str:
    """The URL of an index with a password."""
    return url.replace("//", "//ci:s3cr3t-w0rd@")


def told(server: IndexServer) -> list[bool]:
    """Of each request to a server whether it had credentials in it."""
    return ["Authorization" in request.headers for request in server.requests]


def files(capsys: pytest.CaptureFixture[str], expected_code: int) -> dict[str, tuple[bool, str]]:
    """By file name: whether it is allowed, and why."""
    assert main(["explain", "--online", "--json", "big-model"]) == expected_code
    [explained] = json.loads(capsys.readouterr().out)["names"]
    return {file["filename"]: (file["allowed"], file["reason"]) for file in explained["files"]}


class TestRedirects:
    """A page is elsewhere."""

    @commands
    def test_the_password_stays(
        self, command: list[str], index: IndexServer, cdn: IndexServer, machine: Machine
    ) -> None:
        """However often the other host redirects within itself."""
        cdn.add(REAL)
        index.on("big-model", redirect(f"{cdn.base}/hop"))
        cdn.on("/hop", redirect(f"{cdn.url}big-model/"))
        route(machine, with_password(far(index)), cdn)
        assert main(command) == 0
        assert told(index) == [True]
        assert told(cdn) == [False, False]

    def test_nor_does_it_come_back(self, cdn: IndexServer, authority: Authority, machine: Machine) -> None:
        """What another host sends back to the index is not asked with it."""
        with IndexServer("index", tls=authority.context("localhost")) as own:
            own.on("big-model", redirect(f"{cdn.base}/hop"))
            cdn.on("/hop", redirect(f"{own.base}/private"))
            route(machine, with_password(own.url), own, cdn)
            assert main(["explain", "--online", "big-model"]) == 1
            assert told(own) == [True, False]
            assert told(cdn) == [False]

    def test_the_password_within_the_index(
        self, index: IndexServer, cdn: IndexServer, machine: Machine
    ) -> None:
        """It is sent within the origin; another port of the host is somebody else."""
        index.on("big-model", redirect(f"{index.base}/hop"))
        index.on("/hop", redirect(f"{cdn.url}big-model/"))
        cdn.add(REAL)
        route(machine, with_password(index.url))
        assert main(["explain", "--online", "big-model"]) == 0
        assert told(index) == [True, True]
        assert told(cdn) == [False]

    @commands
    def test_to_https_on_the_same_host(
        self, command: list[str], index: IndexServer, cdn: IndexServer, machine: Machine
    ) -> None:
        """The files there are the index's own, then: they need no hash, and are not external."""
        cdn.add(REAL, hashes=())
        index.on("big-model", redirect(f"{cdn.url}big-model/"))
        route(machine, index.url, **{"minimum-openssl": "99.0.1"})
        assert main(command) == 0

    @commands
    def test_an_old_openssl(
        self,
        command: list[str],
        index: IndexServer,
        cdn: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It may not ask where the page is."""
        index.on("big-model", redirect(f"{cdn.url}big-model/"))
        route(machine, far(index), cdn, **{"minimum-openssl": "99.0.1"})
        assert main(command) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert f"{cdn.netloc} may not be asked with {ssl.OPENSSL_VERSION}" in out
        assert "use a Python with a newer OpenSSL" in out
        assert not cdn.requests

    @commands
    def test_who_is_asked_is_said_and_logged(
        self,
        command: list[str],
        index: IndexServer,
        cdn: IndexServer,
        machine: Machine,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """As by pip; on standard error, so that ``--json`` stays JSON."""
        log = machine.home / "log.jsonl"
        monkeypatch.setenv("RIM_ROUTER_LOG", str(log))
        cdn.add(REAL)
        index.on("big-model", redirect(f"{cdn.url}big-model/?key=s3cr3t-w0rd"))
        route(machine, far(index), cdn)
        assert main([*command, "--json"]) == 0
        captured = capfd.readouterr()
        rule = f"external-hosts of index house has {cdn.netloc}"
        assert captured.err == f"Contacting {cdn.netloc} ({rule})\n"
        assert json.loads(captured.out)["version"] == 1
        table, moved, contacted = map(json.loads, log.read_text().splitlines())
        assert table["event"] == "table"
        for event in (moved, contacted):
            del event["time"], event["pid"]
        target = f"{cdn.url}big-model/?****"
        assert moved == {
            "event": "redirect",
            "url": f"{far(index)}big-model/",
            "target": target,
            "allowed": True,
        }
        assert contacted == {"event": "contacted", "host": cdn.netloc, "url": target, "rule": rule}

    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    def test_every_kind(self, code: int, index: IndexServer, machine: Machine) -> None:
        """Whatever the redirect's number, on every Python."""
        index.add(REAL)
        index.on("/simple/big-model/", redirect("/simple/Big-Model/", code))
        route(machine, index.url)
        assert main(["explain", "--online", "big-model"]) == 0

    def test_round_and_round(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A redirect without end is an error."""
        index.on("big-model", redirect("."))
        route(machine, index.url)
        assert main(["explain", "--online", "big-model"]) == 1
        assert "Exceeded 30 redirects" in capsys.readouterr().out

    def test_credentials_in_a_redirect(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """They are neither used nor shown: nobody is sent anywhere with credentials."""
        index.add(REAL)
        index.on("/simple/big-model/", redirect(f"{index.base}/hop".replace("//", "//me:s3cr3t-w0rd@")))
        route(machine, index.url)
        assert main(["explain", "--online", "big-model"]) == 1
        captured = capsys.readouterr()
        assert "s3cr3t-w0rd" not in str(captured)
        assert "which carries credentials" in captured.out
        assert told(index) == [False]

    def test_letters_of_other_alphabets(self, index: IndexServer, machine: Machine) -> None:
        """pip cannot read them in a redirect unless they are quoted."""
        index.add(REAL)
        index.on("/simple/big-model/", redirect("/simple/Big-Model/?a b\u00e9"))
        route(machine, index.url)
        assert main(["explain", "--online", "big-model"]) == 1
        index.on("/simple/big-model/", redirect("/simple/Big-Model/?a b%E9"))
        assert main(["explain", "--online", "big-model"]) == 0
        assert index.requests[-1].path.endswith("?a%20b%E9")

    @pytest.mark.parametrize(
        "target",
        [
            "https://[",
            "https://a.example\\@b.example/",
            "ftp://a.example/",
            "////a.example/",
            "/\\a.example/",
        ],
    )
    def test_where_nobody_can_go(
        self, target: str, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is an error, and no reason to ask a mirror."""
        index.on("big-model", redirect(target))
        with IndexServer("mirror") as mirror:
            mirror.add(REAL)
            route(machine, index.url, mirrors=(mirror.url,))
            assert main(["explain", "--online", "big-model"]) == 1
            assert not mirror.requests
        assert "redirects its page to" in capsys.readouterr().out


def answers(content: str, content_type: str) -> Callable[[Exchange], bool]:
    """Answer with a page."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(200, content, content_type)
        return True

    return act


class TestUnreadablePages:
    """A page that pip's parser fails on."""

    @commands
    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (
                json.dumps(
                    {"meta": {"api-version": "1.0"}, "files": [{"url": f"https://[bad/{REAL.filename}"}]}
                ),
                "application/vnd.pypi.simple.v1+json",
            ),
            (f'<base href="https://["><a href="{REAL.filename}">x</a>', "text/html"),
            (f'<a href="https://[">x</a><a href="{REAL.filename}">x</a>', "text/html"),
            (f'<a href="{REAL.filename}">x</a>', "text/html; charset=klingon"),
        ],
        ids=["json", "base", "link", "charset"],
    )
    def test_is_an_error(
        self,
        content: str,
        content_type: str,
        command: list[str],
        index: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It is the index that fails, and no part of the page is believed."""
        index.on("big-model", answers(content, content_type))
        route(machine, index.url)
        assert main(command) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert f"Index house ({index.url}) answered with a page that cannot be read: " in out

    def test_in_a_directory(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        """A directory of links has pages, too."""
        (machine.work / "links").mkdir()
        (machine.work / "links" / "page.html").write_text('<a href="https://[">x</a>')
        entry = {"url": "links", "format": "flat"}
        write_table(machine.work, {"house": entry}, {"big-model": "house"})
        assert main(["explain", "--online", "big-model"]) == 1
        assert "answered with a page that cannot be read" in capsys.readouterr().out


class TestRims:
    """The wheel that a ``.rim`` stands for is judged, by the rules that pip has."""

    def test_by_the_host_of_its_wheel(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """That of the ``.rim`` says nothing."""
        url = f"https://cdn.example/{REAL.filename}"
        index.add(rim_of(REAL, f"{url}?key=s3cr3t-w0rd"))
        route(machine, index.url)
        why = f"stands for {url}?****: host cdn.example is not among the external-hosts of index house"
        assert files(capsys, 1) == {RIM: (False, why)}
        assert main(COMMANDS[1]) == 1
        out = capsys.readouterr().out
        assert "with 1 file, 1 of which may not be used" in out
        assert 'add external-hosts = ["cdn.example"] to index house' in out
        assert "s3cr3t-w0rd" not in out
        entry = {"url": index.url, "external-hosts": ["cdn.example"]}
        write_table(machine.work, {"house": entry}, {"big-model": "house"})
        why = f"stands for {url}?****: external-hosts of index house has cdn.example"
        assert files(capsys, 0) == {RIM: (True, why)}
        assert main(COMMANDS[1]) == 0

    def test_what_may_not_be_used_is_not_opened(
        self, index: IndexServer, cdn: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nobody asks a host that is not listed."""
        index.add(rim_of(REAL, cdn.host(REAL)), at=cdn)
        route(machine, index.url)
        found = files(capsys, 1)
        assert found == {RIM: (False, f"host {cdn.netloc} is not among the external-hosts of index house")}
        assert not cdn.requests

    def test_one_on_a_listed_host(
        self, index: IndexServer, cdn: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is asked for it, without the index's password, and not for the wheel."""
        index.add(rim_of(REAL, cdn.host(REAL)), at=cdn)
        route(machine, with_password(far(index)), cdn)
        assert files(capsys, 0)[RIM][0]
        assert [request.file for request in cdn.requests] == [RIM]
        assert told(cdn) == [False]

    def test_the_password_of_its_index(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The index's own files are asked for with it."""
        index.add(rim_of(REAL, f"https://cdn.example/{REAL.filename}"))
        index.credentials = ("ci", "s3cr3t-w0rd")
        route(machine, with_password(index.url))
        assert "cdn.example" in files(capsys, 1)[RIM][1]
        assert told(index) == [True, True]

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "is not a zip archive, or is cut off"),
            (b"x" * (4 * 1024 * 1024 + 2), "is larger than 4 MiB"),
        ],
        ids=["empty", "large"],
    )
    def test_a_malformed_one(
        self, data: bytes, why: str, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It may not be used."""
        index.add(replace(rim_of(REAL, ""), data=data))
        route(machine, index.url)
        assert files(capsys, 1) == {RIM: (False, why)}

    def test_one_of_another_project(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It stands for none of this one, and pip does not even look at it."""
        other = wheel("other", "1.0", origin="owner")
        index.add(replace(rim_of(other, f"https://cdn.example/{other.filename}"), project="big-model"))
        route(machine, index.url)
        assert files(capsys, 1) == {}

    def test_other_bytes(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """They have to be those of which the page has the digest."""
        rim = rim_of(REAL, f"https://cdn.example/{REAL.filename}")
        index.add(rim)
        index.host(replace(rim, data=b"PK"))
        route(machine, index.url)
        found = hashlib.sha256(b"PK").hexdigest()
        said = f"sha256 should be {rim.digest()}, as index house ({index.url}big-model/) says, and is {found}"
        allowed, why = files(capsys, 1)[RIM]
        assert not allowed
        assert said in why

    @pytest.mark.parametrize(
        ("behaviour", "why"),
        [
            (status(404), "HTTP error 404"),
            (status(503), "too many 503 error responses"),
            (
                redirect("https://cdn.example/x"),
                (
                    f"redirects {RIM} to https://cdn.example/x, "
                    "which is another host, and no strong digest is known for the file"
                ),
            ),
        ],
        ids=["404", "503", "redirect"],
    )
    def test_one_that_cannot_be_had(
        self,
        behaviour: Callable[[Exchange], bool],
        why: str,
        index: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It may not be used."""
        rim = index.add(rim_of(REAL, f"https://cdn.example/{REAL.filename}"), hashes=())
        index.on(f"/files/{RIM}", behaviour)
        route(machine, index.url)
        allowed, reason = files(capsys, 1)[RIM]
        assert not allowed
        assert reason.startswith(f"it cannot be opened: {RIM} could not be fetched; {index.file_url(rim)}: ")
        assert why in reason

    @pytest.mark.parametrize(("policy", "followed"), [("hashed", True), ("listed", False)])
    def test_redirects(
        self,
        policy: str,
        followed: bool,
        index: IndexServer,
        cdn: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """With a strong digest to any host, or as the policy says."""
        rim = index.add(rim_of(REAL, f"https://cdn.example/{REAL.filename}"))
        index.on(f"/files/{RIM}", redirect(cdn.host(rim)))
        route(machine, far(index), redirects=policy)
        assert ("stands for" in files(capsys, 1)[RIM][1]) is followed
        assert bool(cdn.requests) is followed

    @pytest.mark.parametrize("form", ["simple", "flat"])
    def test_in_a_directory(self, form: str, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        """Those of an index in the file system are opened, too; others' on a page of links are no fault."""
        rim = rim_of(REAL, f"https://cdn.example/{REAL.filename}")
        place = machine.work / "files" if form == "flat" else machine.work / "files" / "big-model"
        rim.write_to(place)
        if form == "flat":
            other = wheel("other", "1.0", origin="owner")
            rim_of(other, f"https://cdn.example/{other.filename}").write_to(place)
        else:
            (place / "index.html").write_text(f'<a href="{rim.filename}">x</a>')
        entry: dict[str, Any] = {"url": "files", "format": form, "external-hosts": ["cdn.example"]}
        write_table(machine.work, {"house": entry}, {"big-model": "house"})
        assert list(files(capsys, 0)) == [RIM]
        assert main(COMMANDS[1]) == 0
        assert "may not be used" not in capsys.readouterr().out

    def test_other_bytes_in_a_directory(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        """The page says what they have to be there, too."""
        rim = rim_of(REAL, f"https://cdn.example/{REAL.filename}")
        place = machine.work / "files" / "big-model"
        rim.write_to(place)
        wrong = "0" * 64
        (place / "index.html").write_text(f'<a href="{RIM}#sha256={wrong}">x</a>')
        entry = {"url": "files", "external-hosts": ["cdn.example"]}
        write_table(machine.work, {"house": entry}, {"big-model": "house"})
        allowed, why = files(capsys, 1)[RIM]
        assert not allowed
        assert f"sha256 should be {wrong}, as index house" in why
        assert f"and is {rim.digest()}" in why

    def test_a_url_with_a_lone_surrogate(
        self, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nobody can be asked for it."""
        page = {"meta": {"api-version": "1.0"}, "files": [{"filename": RIM, "url": f"\ud800/{RIM}"}]}
        index.on("big-model", answers(json.dumps(page), "application/vnd.pypi.simple.v1+json"))
        route(machine, index.url)
        assert not any(allowed for allowed, _ in files(capsys, 1).values())

    def test_a_path_with_a_nul(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        """No file can be there."""
        place = machine.work / "files" / "big-model"
        place.mkdir(parents=True)
        (place / "index.html").write_text(f'<a href="%00/{RIM}">x</a>')
        write_table(machine.work, {"house": {"url": "files"}}, {"big-model": "house"})
        assert files(capsys, 1) == {RIM: (False, "it cannot be opened: embedded null byte")}

    @pytest.mark.parametrize("hashes", [("sha256",), ()])
    @pytest.mark.parametrize("last", [REAL, EVIL])
    def test_a_wheel_beside_several(
        self,
        last: Artifact,
        hashes: tuple[str, ...],
        index: IndexServer,
        cdn: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It has to be the same as each of them says, and they as one another, in whichever order."""
        first = EVIL if last is REAL else REAL
        index.add(REAL, hashes=hashes)
        index.add(rim_of(first, f"https://cdn.example/{REAL.filename}"))
        index.add(rim_of(last, f"https://cdn.example/{REAL.filename}"), at=cdn)
        route(machine, far(index), cdn)
        if hashes:
            page = f"{far(index)}big-model/"
            why = f"index house ({page}) says sha256 {REAL.digest()}, and {RIM} says {EVIL.digest()}"
        else:
            why = f"{RIM} says sha256 {first.digest()}, and {RIM} says {last.digest()}"
        assert main(["explain", "--online", "--json", "big-model"]) == 1
        [explained] = json.loads(capsys.readouterr().out)["names"]
        [found] = [file for file in explained["files"] if file["filename"] == REAL.filename]
        assert (found["allowed"], found["reason"]) == (False, why)

    @pytest.mark.parametrize("same", [True, False])
    def test_a_wheel_beside_it(
        self, same: bool, index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """That is used, and has to be the same."""
        index.add(REAL if same else EVIL)
        index.add(rim_of(REAL, f"https://cdn.example/{REAL.filename}"))
        route(machine, index.url)
        allowed, why = files(capsys, 0 if same else 1)[REAL.filename]
        assert allowed is same
        if not same:
            said = f"index house ({index.url}big-model/) says sha256 {EVIL.digest()}"
            assert why == f"{said}, and {RIM} says {REAL.digest()}"


def test_files_that_an_old_openssl_may_not_ask_for(
    index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those on other hosts, ``[[wheel]]`` entries included; not the index's own."""
    index.add(wheel("big-model", "1.0", origin="owner"))
    index.add(REAL, at=f"https://cdn.example/{REAL.filename}")
    pinned = wheel("big-model", "2.0", origin="owner")
    entry = {"url": index.url, "external-hosts": ["cdn.example"]}
    path = write_table(machine.work, {"house": entry}, {"big-model": "house"}, {"minimum-openssl": "99.0.1"})
    with path.open("a") as file:
        url = f"https://cdn.example/{pinned.filename}"
        file.write(f'[[wheel]]\nurls = ["{url}"]\nsha256 = "{pinned.digest()}"\n')
    found = files(capsys, 0)
    assert [allowed for allowed, _ in found.values()] == [False, False, True]  # the newest first
    assert found[REAL.filename][1].startswith(
        f"its host may not be asked with {ssl.OPENSSL_VERSION}: policy.minimum-openssl is "
    )


@commands
def test_a_quarantined_project(
    command: list[str], index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is no project without files, and no answer of an index that is down: its reason is said (PEP 792)."""
    index.add(REAL)
    index.declare("big-model", "quarantined", "malware\x1b[2J in 1.2")
    route(machine, index.url)
    assert main(command) == 1
    assert "says that big-model is quarantined: malware[2J in 1.2" in "".join(capsys.readouterr())


@commands
def test_a_page_of_another_version(
    command: list[str], index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The hint is about the version and not about the URL."""

    def newer(exchange: Exchange) -> bool:
        exchange.reply(200, '<meta name="pypi:repository-version" content="2.0">')
        return True

    index.on("big-model", newer)
    route(machine, index.url)
    assert main(command) == 1
    said = "".join(capsys.readouterr())
    assert "it has API version 2.0, and only version 1 is supported" in said
    assert "upgrade rim-router" in said


class TestWhatWouldHelp:
    """The commands say what pip says of an index that fails."""

    def printed(self, command: list[str], capsys: pytest.CaptureFixture[str]) -> str:
        assert main(command) == 1
        said = capsys.readouterr()
        text = " ".join((said.out + said.err).split())
        assert not any(words in text for words in ("Max retries", "urllib3", "object at 0x"))
        return text

    @commands
    def test_no_answer(
        self, command: list[str], index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        route(machine, index.url)
        index.close()
        text = self.printed(command, capsys)
        assert "cannot be reached: Connection refused" in text
        assert 'add mirrors = ["URL"] to index house in ./index-routing.toml:2' in text

    @commands
    def test_certificate(
        self,
        command: list[str],
        cdn: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("PIP_CERT")
        route(machine, cdn.url)
        text = self.printed(command, capsys)
        assert "its certificate cannot be verified" in text
        assert "--cert FILE or PIP_CERT=FILE" in text

    @commands
    @pytest.mark.parametrize("where", ["https://sso.example/", "https://gate.example/?to=/simple/big-model/"])
    def test_log_in(
        self,
        where: str,
        command: list[str],
        index: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        index.on("big-model", redirect(where))
        route(machine, index.url)
        text = self.printed(command, capsys)
        assert "the index wants a log-in" in text
        assert "external-hosts" not in text

    @commands
    def test_forbidden(
        self, command: list[str], index: IndexServer, machine: Machine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        index.on("big-model", status(403))
        route(machine, index.url)
        text = self.printed(command, capsys)
        assert "check the credentials" not in text
        assert 'add probe = "NAME"' in text
        assert "absent-status = [403]" in text
