"""Which files nginx serves from which index, by their names and paths alone."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from rim_router.rules.filenames import names_in
from rim_router.rules.names import normalise
from tests.support.exported import Exported, export_nginx, free_address
from tests.support.nginx import NGINX
from tests.support.servers import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Exchange

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="nginx has no workers there"),
]

ROUTES: dict[str, Any] = {
    "acme": "a",
    "acme-*": "a",
    "acme-core": {"deny": "no"},
    "acme-legacy-*": "b",
    "zope-interface": "b",
    "both": {"indexes": ["a", "b"], "strategy": "first-index"},
    "default": "b",
}
INDEXES = "ab"


def expected(name: str) -> str:
    """The indexes of a normalised name, as the routes say it."""
    if name in ("acme-core", "") or not name.startswith(("acme", "zope", "both", "default")):
        return ""
    exact = {"acme": "a", "zope-interface": "b", "both": "ab", "default": "b"}
    if name in exact:
        return exact[name]
    return "b" if name.startswith("acme-legacy-") else "a" if name.startswith("acme-") else ""


class Files:
    """An nginx before two indexes that have every file."""

    def __init__(self, place: Path, routes: dict[str, Any] = ROUTES) -> None:
        self.servers = {name: IndexServer(name) for name in INDEXES}
        for server in self.servers.values():
            server.on("*", self._answer)
        address = free_address()
        urls = {name: server.url for name, server in self.servers.items()}
        text, _ = export_nginx(place, urls, routes, "--listen", address)
        self.server = Exported(place, text, address)
        self.names = dict(re.findall(r"# Files of index (.)\n +location ~ \"\^/from/(i\d)/", text))

    @staticmethod
    def _answer(exchange: Exchange) -> bool:
        exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile")
        return True

    def ask(self, index: str, path: str) -> int:
        """The status of a file; nothing is asked for what is refused."""
        server = self.servers[index]
        server.forget()
        code = self.server.get(f"/from/{self.names[index]}/http/{server.netloc}{path}")[0]
        assert code == 200 or not server.requests
        return code

    def close(self) -> None:
        self.server.close()
        for server in self.servers.values():
            server.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    """For all examples."""
    made = Files(tmp_path_factory.mktemp("files"))
    yield made
    made.close()


def readings(filename: str) -> set[str]:
    """The projects of which a file can be, by PEP 427, PEP 440 and PEP 625."""
    found = set()
    for name in names_in(filename):
        project = normalise(name)
        version = filename[len(name) + 1 :].partition(".tar.gz")[0].partition(".zip")[0]
        try:
            if not filename.endswith(".whl"):
                Version(version)
        except InvalidVersion:
            continue
        found.add(project)
    return found


WORDS = ["acme", "core", "legacy", "x", "zope", "interface", "both", "Acme", "2", "default", "1"]
SEPARATORS = ["-", "_", ".", "__", "-_"]
VERSIONS = ["1.0", "1.0-1", "1", "v2", "1.0.post1", "1.0rc1", "1!2.0", "1.0+cu.1", "2024d", "1.0-rc-1"]
ENDS = [".tar.gz", ".zip", "-py3-none-any.whl", "-py3-none-any.whl.metadata", ".tar.gz.asc", ".exe"]


@st.composite
def filenames(draw: st.DrawFn) -> str:
    """The name of a file, in any spelling."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    name = words[0] + "".join(draw(st.sampled_from(SEPARATORS)) + word for word in words[1:])
    return f"{name}-{draw(st.sampled_from(VERSIONS))}{draw(st.sampled_from(ENDS))}"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(filename=filenames(), index=st.sampled_from(INDEXES))
@example(filename="acme.Core-1.0.tar.gz", index="a")
@example(filename="acme-core-1.0-1.tar.gz", index="a")
@example(filename="ACME_CORE-1.0-py3-none-any.whl", index="a")
@example(filename="acme_core-1.0-py3-none-any.whl.metadata", index="a")
def test_a_file_is_served_where_its_project_comes_from(filename: str, index: str, files: Files) -> None:
    """However a name is spelt, and however it can be read."""
    code = files.ask(index, f"/files/{quote(filename)}")
    beside = filename.removesuffix(".metadata").removesuffix(".asc")
    found = readings(beside)
    if code == 200:
        assert found
        assert all(index in expected(name) for name in found)
    else:
        assert code == 403
        usual = not found or "-rc-" in filename or filename.endswith(".exe")
        assert usual or not all(index in expected(name) for name in found)


def test_long_and_strange_names(files: Files) -> None:
    """What nginx cannot normalise it does not serve."""
    for name in ("-1.0.tar.gz", "acme-x", "acme-.tar.gz", "_acme-1.0.tar.gz", f"acme{'-x' * 30}-1.tar.gz"):
        assert files.ask("a", f"/files/{name}") == 403
    assert files.ask("a", f"/files/acme{'-x' * 14}-1.tar.gz") == 200


SIXTEEN = "-".join(["x"] * 16)


def test_a_reading_of_too_many_words(tmp_path: Path) -> None:
    """What "*" leads to does not count for a name that nginx cannot normalise."""
    files = Files(tmp_path, {"*": "a", f"{SIXTEEN}-*": "b"})
    try:
        assert files.ask("a", f"/files/{SIXTEEN}-1.tar.gz") == 200
        for index in INDEXES:
            assert files.ask(index, f"/files/{SIXTEEN}-1-1.tar.gz") == 403
    finally:
        files.close()


NAME = "acme_x-1.0-py3-none-any.whl"
BEFORE = [
    *("/files%2F", "/files%252f", "/files//", "/files/./", "/files/../", "/files/%2e%2e/", "/files/x%3B/"),
    *("/files/%25/", "/files/%5c", "/files/\\", "/files/%00/", "/files/%0a/", "/files/%09/", "/files/%7c/"),
    *(
        "/files/%c0%af/",
        "/files/%e0%80%af/",
        "/files/%f0%80%80%af/",
        "/files/%ff/",
        "/files/{/",
        "/files/%22/",
    ),
    *("/files/%zz/", "/files/%/"),
]
AMBIGUOUS = [
    *(f"{each}{NAME}" for each in BEFORE),
    *(f"/files/{NAME}{each}" for each in (";", "%3Fx", "%23")),
]


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_ambiguous_paths(path: str, files: Files) -> None:
    """What two programs could read in two ways is refused before anybody is asked."""
    assert files.ask("a", path) == 400


@pytest.mark.parametrize(
    "path",
    ["/files/acme_x-1.0+cu121.tar.gz", "/files/acme_x-1.0%2Bcu121.tar.gz", "/files/acme_x-1%213.tar.gz",
     "/a%20b/%C3%A9/acme_x-1.tar.gz", "/+f/a~b/@/acme_x-1.tar.gz", "/files/%61cme_x-1.tar.gz"],
)  # fmt: skip
def test_paths_as_real_indexes_have_them(path: str, files: Files) -> None:
    """They reach the index as they are written."""
    assert files.ask("a", path) == 200
    assert [each.path for each in files.servers["a"].requests] == [path]


def test_a_query(files: Files) -> None:
    """It could say another file than the path does."""
    assert files.ask("a", f"/files/{NAME}?signature=1") == 403
    assert files.ask("a", f"/files/{NAME}?") == 403
