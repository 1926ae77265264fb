"""Made-up requirement sets, with indexes that serve what they need and sometimes fail: each from a number."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support.faults import FAULTS, RETRIED, compressed, once, with_headers
from tests.support.servers import IndexServer
from tests.support.tables import write_table
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from tests.support.wheels import Artifact

NAMES = tuple(f"acme-p{number}" for number in range(9))
VERSIONS = ("1.0", "1.1", "2.0", "2.1rc1", "3.0")
SPECIFIERS = (*[""] * 14, ">=1.0", ">=1.0", ">=1.1", "<3", "<3", "!=3.0", "==1.0", "~=2.0", ">=2.0,<3", ">=9")
MARKERS = (
    "; sys_platform == 'nowhere'", "; python_version >= '3'", "; extra == 'x'", "; extra == 'x'",
    "; extra == 'y'",
)  # fmt: skip
COMMANDS = (*["dry-run"] * 2, *["install"] * 3, *["upgrade"] * 2, *["download"] * 2, "wheel", "lock")
TAGS = ("cp27-cp27m-win32", "py2.py3-none-any", "1-py3-none-any")
# How often which option is given.
OPTIONS = {
    "--pre": 0.15,
    "--no-deps": 0.08,
    "--only-binary=:all:": 0.08,
    f"--no-binary={NAMES[5]}": 0.04,
    "--prefer-binary": 0.05,
    "--ignore-requires-python": 0.05,
    "--no-index": 0.02,
    "--uploaded-prior-to=2024-01-01T00:00:00Z": 0.04,
    "--use-feature=inprocess-build-deps": 0.1,
    "--use-deprecated=legacy-resolver": 0.04,
}
OLD, NEW = "2020-01-01T00:00:00Z", "2025-06-01T00:00:00Z"
USER, PASSWORD = "somebody", "secret"
_FILES = {"metadata": "metadata", "whl": "wheel", "gz": "source distribution"}
_CREDENTIALS = ("url", "user", "netrc", "keyring", "wrong", "none")


class Scenario:
    """Some projects, who serves them, what of that fails, and what is asked for.

    :param number: of the scenario; the same number is the same scenario, but for the ports.
    :param lacking: what the pip that is to run does not have of commands, options and the rest.
    :ivar kinds: what is special about it.
    :ivar command: one of :data:`COMMANDS`.
    :ivar environ: what pip is told besides.
    :ivar cache: a directory for what pip keeps from one run to the next; None for nothing.
    :ivar here: the wheels that are there already.
    """

    def __init__(
        self,
        number: int,
        directory: Path,
        stack: contextlib.ExitStack,
        lacking: Container[str],
    ) -> None:
        known: tuple[bool | str, ...] = ("sha256", "sha256", True)
        self._beside: tuple[bool | str, ...] = (*(() if "metadata" in lacking else known), False)
        self._random = random = Random(number)
        self._lacking = lacking
        self.kinds: Counter[str] = Counter()
        self.directory = directory
        self.servers = [stack.enter_context(IndexServer(f"index-{each}")) for each in range(3)]
        self._elsewhere = stack.enter_context(IndexServer("elsewhere"))
        self._all = [*self.servers, self._elsewhere]
        self.command = random.choice(COMMANDS)
        if self.command == "lock" and "lock" in lacking:
            self.command = "dry-run"
        self.kinds[f"command: {self.command}"] += 1
        self.environ: dict[str, str | None] = {"PIP_RETRIES": "0"}
        self.cache = directory / "cache" if self._chance(0.15, "cache") else None
        if self.cache is not None:
            self.environ.update(PIP_NO_CACHE_DIR=None, PIP_CACHE_DIR=str(self.cache))
        self._circles = self._chance(0.4, "circles")
        self._artifacts: dict[str, list[Artifact]] = {}
        self._routes: dict[str, object] = {}
        for name in NAMES:
            self._serve(name)
        write_table(directory, dict(self._indexes()), self._routes, self._policy())
        if "pkg_resources" not in lacking and self._chance(0.3, "pkg_resources"):
            self.environ["_PIP_USE_IMPORTLIB_METADATA"] = "0"
        self.here = self._here()
        self.arguments = [*self._options(), *self._requirements()]
        self._faults: list[tuple[IndexServer, str, str, bool]] = []

    def _chance(self, share: float, kind: str) -> bool:
        found = self._random.random() < share
        self.kinds[kind] += found
        return found

    # What there is

    def _indexes(self) -> Iterator[tuple[str, object]]:
        for number, server in enumerate(self.servers):
            server.html_only = self._chance(0.1, "html")
            url = server.url
            if self.cache is not None:
                server.on("*", with_headers({"ETag": '"always"', "Cache-Control": "max-age=600"}))
            elif self._chance(0.05, "cookies"):
                server.on("*", with_headers({"Set-Cookie": "balancer=1"}))
            elif self._chance(0.1, "gzip"):
                server.on("*", compressed)
            if self._chance(0.12, "credentials"):
                url = self._protect(server)
            index: dict[str, object] = {"url": url}
            if number == 0 and self._chance(0.2, "mirror"):
                index = {"url": "http://localhost:9/simple/", "mirrors": [url]}
            elif self._chance(0.05, "flat"):
                index = {"url": url.replace("/simple/", "/flat/"), "format": "flat"}
            yield f"index-{number}", index

    def _protect(self, server: IndexServer) -> str:
        """Let a server want credentials; returns its URL, which may have them."""
        server.credentials = (USER, PASSWORD)
        if self._chance(0.1, "prompt"):
            self.environ["PIP_NO_INPUT"] = None
        where = self._random.choice((*_CREDENTIALS[:4], *_CREDENTIALS))
        self.kinds[f"credentials: {where}"] += 1
        said = {"url": f"{USER}:{PASSWORD}@", "wrong": f"{USER}:wrong@", "user": f"{USER}@"}.get(where, "")
        if where == "netrc":
            line = f"machine localhost login {USER} password {PASSWORD}\n"
            (self.directory / "netrc").write_text(line, encoding="utf-8")
            self.environ["NETRC"] = str(self.directory / "netrc")
        if where in ("user", "keyring"):
            place = self.directory / "modules"
            place.mkdir(exist_ok=True)
            (place / "keyring.py").write_text(_KEYRING, encoding="utf-8")
            self.environ["PYTHONPATH"] = str(place)
            self.environ["PIP_KEYRING_PROVIDER"] = "import"
        return server.url.replace("://", f"://{said}")

    def _policy(self) -> dict[str, object]:
        return {"min-age": "700d"} if self._chance(0.05, "age") else {}

    def _serve(self, name: str) -> None:
        random = self._random
        homes = [random.randrange(len(self.servers))]
        target: object = f"index-{homes[0]}"
        if self._chance(0.2, "list"):
            homes = random.sample(range(len(self.servers)), 2)
            strategy = random.choice(("first-index", "index-priority", "version-priority"))
            target = {"indexes": [f"index-{home}" for home in homes], "strategy": strategy}
            homes = random.sample(homes, random.choice((1, 2)))
        self._routes[name] = target
        if self._chance(0.015, "missing"):
            return
        if self._chance(0.03, "status"):
            for home in homes:
                self.servers[home].declare(name, random.choice(("archived", "quarantined")))
        for version in sorted(random.sample(VERSIONS, random.randint(3, len(VERSIONS)))):
            requires = list(self._requires(name))
            yanked = self._chance(0.1, "yanked") and random.choice((True, "broken"))
            at = self._elsewhere if self._chance(0.01, "elsewhere") else None
            for made, beside in self._files(name, version, requires):
                self._artifacts.setdefault(name, []).append(made)
                for home in homes:
                    uploaded = random.choice((OLD, OLD, NEW))
                    self.servers[home].add(
                        made, core_metadata=beside, yanked=yanked, at=at, uploaded=uploaded
                    )

    def _files(self, name: str, version: str, requires: list[str]) -> Iterator[tuple[Artifact, bool | str]]:
        python = ">=3.99" if self._chance(0.06, "python") else self._random.choice((None, ">=3.7"))
        facts: dict[str, Any] = {"origin": "here", "requires": requires, "requires_python": python}
        if self._chance(0.02, "sdist"):
            later = [other for other in NAMES if other > name]  # else building might never end
            if later and self._chance(0.5, "build requirements"):
                facts["build_requires"] = [self._random.choice(later)]
            yield sdist(name, version, **facts), False
            return
        if self._chance(0.3, "tags"):
            yield wheel(name, version, tag=self._random.choice(TAGS), **facts), self._beside[0]
        yield wheel(name, version, **facts), self._random.choice(self._beside)

    def _requires(self, name: str) -> Iterator[str]:
        for other in self._random.sample(NAMES, self._random.choice((0, 1, 2, 3, 4))):
            if other > name or (self._circles and self._random.random() < 0.5):
                extra = self._random.choice(("[x]", "[y]", "[x,y]")) if self._chance(0.15, "extra") else ""
                marker = self._random.choice(MARKERS) if self._chance(0.2, "marker") else ""
                yield f"{other}{extra}{self._random.choice(SPECIFIERS[:-1])}{marker}"

    def _here(self) -> list[Artifact]:
        if self.command not in ("upgrade", "download"):
            return []
        names = [name for name in self._artifacts if self._random.random() < 0.4]
        found = [self._random.choice(self._artifacts[name]) for name in names]
        return [each for each in found if each.filename.endswith("-py3-none-any.whl")]

    # What is asked for

    def _options(self) -> Iterator[str]:
        for option, share in OPTIONS.items():
            what = option.rpartition("=")[2] if option.startswith("--use-") else option.partition("=")[0]
            if what not in self._lacking and self._chance(share, what):
                yield option
        if self.command == "upgrade":
            yield self._random.choice(("--upgrade", "--upgrade-strategy=eager", "--force-reinstall"))
        if self.command == "download" and self._chance(0.2, "other platform"):
            yield from ("--platform=win32", "--python-version=2.7", "--implementation=cp")
            yield "--only-binary=:all:"
        if self._chance(0.2, "constraint"):
            yield from ("-c", self._write("constraints.txt", self._constraints()))

    def _constraints(self) -> Iterator[str]:
        for name in self._random.sample(NAMES, 2):
            if self._chance(0.2, "URL constraint") and name in self._artifacts:
                yield self._reference(name)
            else:
                yield f"{name}{self._random.choice(SPECIFIERS[14:-1])}"

    def _requirements(self) -> Iterator[str]:
        random = self._random
        if self._chance(0.1, "hashes"):
            if random.random() < 0.7:
                yield "--no-deps"
            yield from ("-r", self._write("requirements.txt", self._pinned()))
            return
        for name in random.sample(NAMES, random.randint(1, 4)):
            if self._chance(0.04, "URL") and name in self._artifacts:
                yield self._reference(name)
                continue
            extra = "[x]" if self._chance(0.2, "extra") else ""
            yield f"{name}{extra}{random.choice(SPECIFIERS)}"

    def _pinned(self) -> Iterator[str]:
        for name, artifacts in self._artifacts.items():
            fitting = [each for each in artifacts if each.requires_python != ">=3.99"] or artifacts
            version = self._random.choice(fitting).version
            hashes = [f"--hash=sha256:{each.digest()}" for each in artifacts if each.version == version]
            yield " ".join([f"{name}=={version}", *hashes])

    def _reference(self, name: str) -> str:
        artifact = self._random.choice(self._artifacts[name])
        server = self._random.choice(self.servers)
        return f"{name} @ {server.host(artifact)}#sha256={artifact.digest()}"

    def _write(self, name: str, lines: Iterable[str]) -> str:
        path = self.directory / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    # What fails

    def requested(self) -> list[tuple[str, int]]:
        """The path and the server's position of each request."""
        return [
            (request.path, position)
            for position, server in enumerate(self._all)
            for request in list(server.requests)
        ]

    def choose_faults(self) -> None:
        """Choose what is to fail of what has just been asked for; it may be nothing."""
        random = self._random
        asked: dict[str, list[tuple[str, int]]] = {}
        for path, position in sorted(set(self.requested())):
            asked.setdefault(_FILES.get(path.rpartition(".")[2], "page"), []).append((path, position))
        for _ in range(random.choice((0, 0, 0, 1, 1, 2)) if asked else 0):
            what = random.choice(sorted(asked))
            path, server = random.choice(asked[what])
            kind = random.choice(sorted(FAULTS))
            is_once = kind in RETRIED and random.random() < 0.5
            self.kinds[f"fault: {kind}{', once' if is_once else ''}"] += 1
            self.kinds[f"fault: of a {what}"] += 1
            self._faults.append((self._all[server], path.partition("?")[0], kind, is_once))
            if is_once:
                self.environ["PIP_RETRIES"] = "2"
            if kind == "stall":
                self.environ.update(PIP_DEFAULT_TIMEOUT="2", PIP_RETRIES="1")

    @property
    def is_retried(self) -> bool:
        """Whether pip may ask once more for something, and has it then."""
        return any(is_once for *_, is_once in self._faults)

    @property
    def fails(self) -> bool:
        """Whether anything is to fail."""
        return bool(self._faults)

    def arm(self) -> None:
        """Forget what was asked, and let fail what is to fail."""
        for server in self._all:
            server.forget()
        for server, path, kind, is_once in self._faults:
            server.on(path, once(FAULTS[kind]) if is_once else FAULTS[kind])


def install(artifact: Artifact, directory: Path) -> None:
    """Put what is in a wheel where pip would install it."""
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        archive.extractall(directory)


# Says who was asked for, as a dialogue would.
_KEYRING = f"""
import os, sys
class Credential:
    username, password = {USER!r}, {PASSWORD!r}
def get_credential(service, username):
    print("keyring:", service, username, file=sys.stderr)
    return Credential
def get_password(service, username):
    print("keyring:", service, username, file=sys.stderr)
    return {PASSWORD!r}
"""
